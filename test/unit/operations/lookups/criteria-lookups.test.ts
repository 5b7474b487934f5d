import t from 'tap';
import { Failure } from '#errors';
import type { Criterion } from '#operations/lookups/criteria.ts';
import { CriteriaLookups } from '#operations/lookups/criteria-lookups.ts';
import type { Caller, Context } from '#operations/request/context.ts';
import type { Filter, Plan } from '#search/model/filter.ts';
import { unrestricted } from '#security/rights.ts';
import type { Page, Version } from '#storage/store.ts';

const caller: Caller = { client: 'test', identity: 'test', rights: unrestricted };
const nothing: ReadonlySet<string> = new Set();
const criterion = (without: ReadonlySet<string> = nothing): Criterion => ({
  type: 'Patient',
  pairs: [],
  without,
  references: () => undefined,
});
const named = (code: string): Filter => ({ op: 'match', param: 'name', test: { kind: 'token', code } });
const version = (id: string): Version => ({
  type: 'Patient',
  id,
  version: 1,
  seq: 1,
  lastUpdated: 0,
  method: 'PUT',
  created: true,
  content: '{}',
});

/** Lookups in a store that answers these pages, then the last of them again and again. */
function looking(criteriaTimeout: number, ...pages: readonly Page[]) {
  const asked: Plan[] = [];
  const find = async (plan: Plan): Promise<Page> => {
    asked.push(plan);
    return pages[asked.length - 1] ?? pages.at(-1) ?? { found: [] };
  };
  const context = { config: { criteriaTimeout }, store: { find }, definitions: { revision: 0 } };
  return { asked, lookups: new CriteriaLookups(context as unknown as Context, caller) };
}

const empty: Page = { found: [], revision: 0, seq: 7, spent: 1 };

t.test('what is asked twice is looked up once, in one attempt', async (t) => {
  const { asked, lookups } = looking(1_000, empty);
  const [one, other] = await Promise.all([
    lookups.find(criterion(), named('x'), 2),
    lookups.find(criterion(), named('x'), 2),
  ]);
  t.equal(asked.length, 1);
  t.match(one, { found: [], guard: { expect: [], seq: 7 } });
  t.ok(one && !(one instanceof Failure) && other && !(other instanceof Failure) && one.guard === other.guard);
  const others: readonly (readonly [Criterion, Filter, number])[] = [
    [criterion(), named('y'), 2],
    [criterion(), named('x'), 3],
    [criterion(new Set(['Patient/a'])), named('x'), 2],
  ];
  for (const [i, asking] of others.entries()) {
    await lookups.find(...asking);
    t.equal(asked.length, 2 + i, 'something else is looked up');
  }
  lookups.forget();
  await lookups.find(criterion(), named('x'), 2);
  t.equal(asked.length, 5, 'and the same by another attempt');
});

t.test('the guard of several pages rests on the first of their states', async (t) => {
  const table: readonly (readonly [string, readonly (number | undefined)[], number | undefined])[] = [
    ['one', [5], 5],
    ['later ones', [5, 9], 5],
    ['one that does not say', [5, undefined], undefined],
  ];
  for (const [title, seqs, seq] of table) {
    const pages = seqs.map((of, i): Page => {
      const next = i + 1 < seqs.length ? { next: 'more' } : {};
      return { ...empty, found: [version(`p${seqs.length - i}`)], ...next, ...(of === undefined ? {} : { seq: of }) };
    });
    const told = pages.map((page, i) => (seqs[i] === undefined ? { found: page.found, revision: 0 } : page));
    const { lookups } = looking(1_000, ...told);
    const found = await lookups.find(criterion(new Set(['Patient/p2'])), named('x'), 2);
    const guard = found === undefined || found instanceof Failure ? undefined : found.guard;
    t.strictSame(guard?.seq, seq, title);
    t.same(guard?.expect, ['p1', 'p2'].slice(0, seqs.length), 'and holds what does not count, too');
  }
});

const timeouts = (asked: readonly Plan[]) => asked.map(({ timeout }) => timeout);

t.test('all of them have one time, which is the work of the store', async (t) => {
  const { asked, lookups } = looking(10_000, { ...empty, spent: 6_000 });
  t.match(await lookups.find(criterion(), named('a'), 2), { found: [] });
  t.match(await lookups.find(criterion(), named('b'), 2), { found: [] });
  const text = /longer than 10000 ms to look up \(HUFHIR_CRITERIA_TIMEOUT\)/;
  t.match(await lookups.find(criterion(), named('c'), 2), {
    status: 422,
    issues: [{ code: 'criteria-too-slow', text }],
  });
  t.equal(await lookups.find(criterion(), named('d'), 2), undefined, 'it is told once');
  t.same(timeouts(asked), [10_000, 4_000], 'what is left of it');
});

t.test('those that come together are quick, or looked up by themselves', async (t) => {
  const slow: Page = { found: [], exceeded: 'a chain', spent: 50 };
  const { asked, lookups } = looking(10_000, empty, slow, slow, { ...empty, spent: 2_000 });
  const together = ['a', 'b', 'c'].map((code) => lookups.find(criterion(), named(code), 2));
  t.match(await Promise.all(together), [{ found: [] }, { found: [] }, { found: [] }]);
  t.same(timeouts(asked), [50, 50, 50, 9_899, 7_899]);
});

t.test('what the store gave up is told, and what went into it', async (t) => {
  const { lookups } = looking(10, { found: [], exceeded: 'the chain over subject' });
  t.match(await lookups.find(criterion(), named('a'), 2), { issues: [{ text: /the chain over subject/ }] });
  t.equal(await lookups.find(criterion(), named('b'), 2), undefined);
});

t.test('to compare entries is work on criteria too', (t) => {
  const { lookups } = looking(0, empty);
  t.match(
    lookups.spend('comparing', () => 1),
    { issues: [{ code: 'criteria-too-slow' }] },
  );
  t.equal(
    looking(3_600_000, empty).lookups.spend('comparing', () => 1),
    1,
  );
  t.end();
});

t.test('a state with other definitions is no answer', async (t) => {
  const { lookups } = looking(1_000, { ...empty, revision: 1 });
  t.match(await lookups.find(criterion(), named('a'), 2), { issues: [{ code: 'definitions-changed' }] });
});
