import { loadConfig } from '#config';
import { Failure } from '#errors';
import { type Command, refused } from './command.ts';

/** `hufhir backup --to <place>`: copies the store that HUFHIR_STORE names, consistently, also while a server uses it. */
export const backup: Command = async ({ environment, options, backUpStore, print }) => {
  const config = loadConfig(environment);
  if (config instanceof Failure) return refused(config, print);
  const { to } = options;
  if (to === undefined || to === '') {
    print('--to is missing: the file to be made.');
    return 1;
  }
  const made = await backUpStore(config, to);
  if (made instanceof Failure) return refused(made, print);
  print(`${config.store} is copied to ${to}.`);
  return 0;
};
