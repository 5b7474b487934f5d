import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { loadDefinitions } from '#fhir/model/definitions.ts';
import { startServer } from '#test/http/harness.ts';
import { sized } from '#test/process/sizes.ts';
import { Queries } from './oracle-queries.ts';
import { difference, find, load, show } from './oracle-run.ts';

/**
 * The server's search against plain evaluation of the published FHIRPath expressions over all resources, for generated
 * resources and generated searches. HUFHIR_TEST_SEED repeats a run.
 */
const seed = Number(process.env.HUFHIR_TEST_SEED ?? randomInt(2 ** 31));
const numRuns = Number(process.env.HUFHIR_TEST_QUERIES ?? sized(1_500, 6_000));

t.test(`${numRuns} searches find what R4 says, with HUFHIR_TEST_SEED=${seed}`, async (t) => {
  t.comment(`HUFHIR_TEST_SEED=${seed}`);
  const server = await startServer({ HUFHIR_VALIDATION: 'off' });
  t.teardown(() => server.stop());
  const world = await load(server, loadDefinitions(), seed);
  let [answered, withResults] = [0, 0];
  const property = fc.asyncProperty(new Queries(world).search(), async (search) => {
    const found = await find(server, search).catch((error: Error) => error);
    if (found instanceof Error) throw new Error(`${show(search)}\n${found.message}`);
    answered++;
    if (found.length > 0) withResults++;
    const differs = difference(world, search, found);
    if (differs !== undefined) throw new Error(differs);
  });
  const run = await fc.check(property, { seed, numRuns });
  const failure = run.errorInstance instanceof Error ? run.errorInstance.message : '';
  for (const line of failure.split('\n')) t.comment(line);
  t.notOk(run.failed, `the server and R4 agree (smallest difference after ${run.numShrinks} steps: see above)`);
  t.ok(withResults > answered / 4, `${withResults} of ${answered} searches found something`);
});
