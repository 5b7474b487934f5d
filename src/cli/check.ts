import { loadConfig } from '#config';
import { Failure } from '#errors';
import { type Command, refused } from './command.ts';

/** `hufhir check`: one line if the store that HUFHIR_STORE names is whole; else one for each problem, and exit code 1. */
export const check: Command = async ({ environment, checkStore, print }) => {
  const config = loadConfig(environment);
  if (config instanceof Failure) return refused(config, print);
  const { store } = config;
  const checked = await checkStore(config);
  if (checked instanceof Failure) return refused(checked, print);
  const { resources, versions, problems } = checked;
  for (const problem of problems) print(`${store} is damaged: ${problem}`);
  if (problems.length > 0) return 1;
  print(`${store} is whole: ${resources} resources, ${versions} versions.`);
  return 0;
};
