import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { loadDefinitions } from '#fhir/model/definitions.ts';
import { sized } from '#test/process/sizes.ts';
import { type Answered, type ConditionalWrite, type Way, ways } from './conditional-ways.ts';
import { startServer, type TestServer } from './harness.ts';
import { Queries } from './search/oracle-queries.ts';
import { load } from './search/oracle-run.ts';
import { escaped } from './search/oracle-samples.ts';
import type { Stored } from './search/oracle-values.ts';

/**
 * Any criteria, sent in any way that R4 allows, again and again: there is never a second resource that they should have found, and what
 * was made is what they find. HUFHIR_TEST_SEED repeats a run.
 */
const seed = Number(process.env.HUFHIR_TEST_SEED ?? randomInt(2 ** 31));
const numRuns = sized(250, 5_000);

const own = 'urn:example:own';

/** What makes a resource the run's own, with what is easily lost on the way. */
const hostile = [
  '沪A-1',
  'Ωμέγα ς',
  'Müller',
  '𠮷野家',
  'A+B',
  '50%',
  '%41',
  'a&b=c',
  '#1',
  'a,b',
  'a|b',
  'a$b',
  'a\\b',
  '?',
  '"',
];

/** Nothing but hostile characters and a few plain ones, or one of those that are known to be lost. */
const mark = fc.oneof(fc.constantFrom(...hostile), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }));

/** Definitions change what is searched by; the others, what their own criteria ask. */
const definitions = new Set(['SearchParameter', 'ValueSet', 'CodeSystem', 'StructureDefinition']);

interface Attempted {
  readonly type: string;
  readonly pairs: readonly (readonly [string, string])[];
  /** What of the resources that pass them is copied, or of all if none does. */
  readonly choice: number;
  /** Absent: the criteria are as they are, and may find what is there. */
  readonly mark: string | undefined;
  readonly by: readonly Way[];
}

function attempts(queries: Queries): fc.Arbitrary<Attempted> {
  const types = queries.world.types.filter((type) => !definitions.has(type));
  return fc.constantFrom(...types).chain((type) =>
    fc.record({
      type: fc.constant(type),
      pairs: fc.array(queries.criterion(type, 2), { minLength: 1, maxLength: 2, size: 'max' }),
      choice: fc.nat(),
      mark: fc.option(mark, { nil: undefined, freq: 4 }),
      by: fc.array(fc.constantFrom(...ways), { minLength: 2, maxLength: 4, size: 'max' }),
    }),
  );
}

let runs = 0;

/** A copy of a resource that passes the criteria, where there is one, and the criteria, narrowed to it by its mark. */
async function prepare(
  server: TestServer,
  { world }: Queries,
  { type, pairs, choice, mark }: Attempted,
): Promise<ConditionalWrite> {
  const query = new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, value]));
  const page = await server.ask('GET', `/${type}?${query}`);
  const found: readonly Stored[] = page.body?.entry?.map((e: { resource: Stored }) => e.resource) ?? [];
  const all = found.length > 0 ? found : world.ofType(type);
  const { id: _, meta, ...resource } = structuredClone(all[choice % all.length]) as Record<string, unknown>;
  if (mark === undefined) return { type, resource: { ...resource, meta }, pairs };
  const value = `${++runs}${mark}`;
  const { tag = [] } = (meta ?? {}) as { tag?: readonly unknown[] };
  const marked = { ...resource, meta: { ...(meta as object), tag: [...tag, { system: own, code: value }] } };
  return { type, resource: marked, pairs: [...pairs, ['_tag', `${own}|${escaped(value)}`]] };
}

function show(
  { type, pairs, resource }: ConditionalWrite,
  tried: readonly (readonly [Way, readonly Answered[]])[],
): string {
  const lines = tried.flatMap(([way, answers]) =>
    answers.map(({ status, id, text }) => `${way.name}: ${status} ${id} ${text?.slice(0, 400)}`),
  );
  return [`${type}?${pairs.map((p) => p.join('=')).join('&')}`, ...lines, JSON.stringify(resource)].join('\n');
}

/** What is wrong with the answers to one conditional write. */
async function faultOf(server: TestServer, write: ConditionalWrite, answers: readonly Answered[]) {
  const made = answers.filter(({ status }) => status === 201);
  const named = new Set(answers.filter(({ status }) => status < 300).map(({ id }) => id));
  if (answers.some(({ status }) => status >= 500)) return 'a defect';
  if (made.length > 1) return `${made.length} resources were made`;
  if (named.size > 1) return `${named.size} resources were named`;
  if (made.length === 0) return undefined;
  const query = new URLSearchParams(write.pairs.map(([name, value]): [string, string] => [name, value]));
  const { body } = await server.ask('GET', `/${write.type}?${query}&_total=accurate`);
  const ids = (body.entry ?? []).map((e: { resource: Stored }) => e.resource.id);
  return ids.length === 1 && ids[0] === made[0]?.id ? undefined : `a search finds ${ids}`;
}

t.test(`${numRuns} conditional writes, repeated, with HUFHIR_TEST_SEED=${seed}`, async (t) => {
  t.comment(`HUFHIR_TEST_SEED=${seed}`);
  const server = await startServer({ HUFHIR_VALIDATION: 'off' });
  t.teardown(() => server.stop());
  const queries = new Queries(await load(server, loadDefinitions(), seed));
  const counts = { made: 0, found: 0, refused: 0 };
  const property = fc.asyncProperty(attempts(queries), async (attempted) => {
    const write = await prepare(server, queries, attempted);
    const tried: [Way, readonly Answered[]][] = [];
    for (const way of attempted.by) tried.push([way, await way.send(server, write)]);
    const answers = tried.flatMap(([, all]) => all);
    for (const { status } of answers) counts[status === 201 ? 'made' : status < 300 ? 'found' : 'refused']++;
    const fault = await faultOf(server, write, answers);
    if (fault !== undefined) throw new Error(`${fault}: ${show(write, tried)}`);
  });
  const run = await fc.check(property, { seed, numRuns });
  const failure = run.errorInstance instanceof Error ? run.errorInstance.message : '';
  for (const line of failure.split('\n')) t.comment(line);
  t.notOk(run.failed, `none was made twice (smallest case after ${run.numShrinks} steps: see above)`);
  const { made, found, refused } = counts;
  t.ok(made > numRuns / 6 && found > made, `${made} made, ${found} found again, ${refused} refused`);
});
