import type { Test } from 'tap';
import { matches } from '#search/match/matches.ts';
import type { Entry } from '#search/model/entry.ts';
import { type Compare, type Filter, or, type SortKey } from '#search/model/filter.ts';
import type { FilterOf } from '#search/model/filter-visitor.ts';
import type { ConceptRow, Store } from '#storage/store.ts';
import { commit, type Open, pages, plan, put, transaction } from './build.ts';

/** One resource of a store that is large enough for the planner to have a choice. */
interface Made {
  readonly type: string;
  readonly id: string;
  readonly entries: readonly Entry[];
}

/** A small generator of numbers (mulberry32), so that a failure comes again with its seed. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const day = 86_400_000;
const lengths = [1000, day, 31 * day, 300 * day, 8.64e15];
const ucum = 'http://unitsofmeasure.org';

function observation(n: number, any: (below: number) => number): Made {
  const low = any(1000) * day;
  const length = any(10) < 9 ? (lengths[any(2)] ?? 0) : (lengths[any(5)] ?? 0);
  const code = any(20) === 0 ? `rare${any(50)}` : `c${any(3)}`;
  const entries: Entry[] = [
    { kind: 'token', param: 'code', system: any(8) === 0 ? 'other' : 'loinc', code },
    { kind: 'token', param: 'status', system: 's', code: any(9) === 0 ? 'amended' : 'final' },
    { kind: 'date', param: 'date', low, high: Math.min(low + length, 8.64e15) },
    { kind: 'reference', param: 'subject', type: 'Patient', id: `p${any(100)}` },
    {
      kind: 'quantity',
      param: 'value',
      low: any(300),
      high: 0,
      system: ucum,
      code: any(2) === 0 ? 'mg' : 'g',
      unit: '',
    },
    { kind: 'uri', param: 'profile', value: `http://x/${any(4)}/${any(3)}` },
  ];
  if (any(3) === 0) entries.push({ kind: 'number', param: 'score', low: any(50), high: 0 });
  if (any(30) === 0) entries.push({ kind: 'number', param: 'score', low: 20, high: 40 });
  for (let pos = 0; pos < any(3); pos++) {
    entries.push({ kind: 'token', param: 'part.0', system: 'loinc', code: `k${any(3)}`, pos });
    entries.push({
      kind: 'quantity',
      param: 'part.1',
      low: any(300),
      high: 0,
      system: ucum,
      code: 'mg',
      unit: 'mg',
      pos,
    });
  }
  return { type: 'Observation', id: `o${n}`, entries: entries.map(pointed) };
}

/** A single number ends at the next double. */
function pointed(entry: Entry): Entry {
  if ((entry.kind !== 'number' && entry.kind !== 'quantity') || entry.high !== 0) return entry;
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setFloat64(0, entry.low);
  bytes.setBigInt64(0, bytes.getBigInt64(0) + 1n);
  return { ...entry, high: entry.low === 0 ? Number.MIN_VALUE : bytes.getFloat64(0) };
}

function patient(n: number, any: (below: number) => number): Made {
  const name = ['wang', 'wang wei', 'zhang', 'li', `x${'y'.repeat(120)}${n % 2}`][any(5)] ?? '';
  const names: Entry[] = [{ kind: 'string', param: 'name', value: name, exact: name.toUpperCase() }];
  if (any(4) === 0) names.push({ kind: 'string', param: 'name', value: `second${n % 7}`, exact: `second${n % 7}` });
  const gender: Entry = { kind: 'token', param: 'gender', system: 'g', code: n % 2 === 0 ? 'male' : 'female' };
  return { type: 'Patient', id: `p${n}`, entries: any(10) === 0 ? [gender] : [...names, gender] };
}

function where(any: (below: number) => number, scale: number): readonly Compare[][] {
  const low = any(1000) * scale;
  const high = low + any(400) * scale;
  const forms: readonly Compare[][][] = [
    [[{ bound: 'low', op: '>=', value: low }], [{ bound: 'high', op: '>', value: high }]],
    [[{ bound: 'high', op: '<=', value: high }], [{ bound: 'low', op: '<', value: low }]],
    [
      [
        { bound: 'low', op: '>=', value: low },
        { bound: 'high', op: '<=', value: high },
      ],
    ],
    [[{ bound: 'high', op: '>', value: high }]],
    [[{ bound: 'low', op: '<', value: low }]],
    [[{ bound: 'low', op: '>=', value: high }]],
    [
      [
        { bound: 'low', op: '<', value: high },
        { bound: 'high', op: '>', value: low },
      ],
    ],
  ];
  return forms[any(forms.length)] ?? [];
}

/** Sets of concepts: of few, of many, and with systems of one code told apart. One more is not known. */
const sets: Readonly<Record<string, readonly ConceptRow[]>> = {
  few: [
    { system: 'loinc', code: 'c1' },
    { system: 'other', code: 'c2' },
    { system: 's', code: 'amended' },
    { system: 'loinc', code: 'k2' },
    ...Array.from({ length: 20 }, (_, n) => ({ system: 'loinc', code: `rare${n}` })),
  ],
  rare: Array.from({ length: 3 }, (_, n) => ({ system: 'loinc', code: `rare${n}` })),
  many: Array.from({ length: 20_000 }, (_, n) => ({ system: 'loinc', code: `rare${n}` })),
};
const keys = new Set(
  Object.entries(sets).flatMap(([set, rows]) => rows.map(({ system, code }) => `${set} ${system} ${code}`)),
);
const setNames = [...Object.keys(sets), 'unknown'];
const concept = (any: (below: number) => number) => ({ kind: 'concept', set: setNames[any(4)] ?? '' }) as const;

function leaf(any: (below: number) => number, depth: number): Filter {
  const match = (param: string, test: Extract<Filter, { op: 'match' }>['test']): Filter => ({
    op: 'match',
    param,
    test,
  });
  const any1 = (of: readonly Filter[]): Filter => (of.length === 1 ? (of[0] ?? { op: 'none' }) : { op: 'or', of });
  switch (any(depth > 0 ? 16 : 15)) {
    case 0:
      return match('code', { kind: 'token', system: 'loinc', code: `c${any(3)}` });
    case 1:
      return match('code', { kind: 'token', code: any(2) === 0 ? `rare${any(50)}` : `c${any(3)}` });
    case 2:
      return match('status', { kind: 'token', code: any(2) === 0 ? 'amended' : 'final' });
    case 3:
    case 4:
      return any1(where(any, day).map((w) => match('date', { kind: 'date', where: w })));
    case 5:
      return match('subject', { kind: 'reference', type: 'Patient', id: `p${any(100)}` });
    case 6:
      return any1(where(any, 0.3).map((w) => match('value', { kind: 'quantity', where: w, system: ucum, code: 'mg' })));
    case 7:
      return any1(where(any, 0.05).map((w) => match('score', { kind: 'number', where: w })));
    case 8:
      return match('profile', { kind: 'uri', how: any(2) === 0 ? 'below' : 'equals', value: `http://x/${any(4)}` });
    case 9:
      return { op: 'present', param: 'score' };
    case 10: {
      const [range = []] = where(any, 0.3);
      const tests = [
        { kind: 'token', code: `k${any(3)}` },
        { kind: 'quantity', where: range, system: ucum, code: 'mg' },
      ] as const;
      return { op: 'tuple', param: 'part', tests };
    }
    case 11: {
      const value = ['wang', 'zhang', 'second1', 'x', `x${'y'.repeat(120)}1`][any(5)] ?? '';
      const how = (['starts', 'equals', 'contains', 'ends'] as const)[any(4)] ?? 'starts';
      const named = match('name', { kind: 'string', how, value });
      return { op: 'chain', param: 'subject', types: ['Patient'], where: named };
    }
    case 12:
    case 13:
      return match(any(4) === 0 ? 'status' : 'code', concept(any));
    case 14: {
      const second = { kind: 'quantity', where: where(any, 0.3)[0] ?? [], system: ucum, code: 'mg' } as const;
      return { op: 'tuple', param: 'part', tests: [concept(any), second] };
    }
    default: {
      const inner: Filter = { op: 'has', type: 'Observation', param: 'subject', where: tree(any, depth - 1) };
      return { op: 'chain', param: 'subject', types: ['Patient'], where: inner };
    }
  }
}

function tree(any: (below: number) => number, depth: number): Filter {
  const op = any(6);
  if (depth === 0 || op < 2) return leaf(any, depth);
  if (op === 2) return { op: 'not', of: tree(any, depth - 1) };
  const of = Array.from({ length: 2 + any(2) }, () => tree(any, depth - 1));
  return { op: op === 3 ? 'or' : 'and', of };
}

/** What matches cannot tell: the filter with the codes that stand in a set, as far as the resource has them. */
function withCodes(filter: FilterOf<'match' | 'tuple'>, { entries }: Made): Filter {
  const [test, ...more] = filter.op === 'match' ? [filter.test] : filter.tests;
  if (test?.kind !== 'concept') return filter;
  const own = entries.flatMap((e) => (e.kind === 'token' && keys.has(`${test.set} ${e.system} ${e.code}`) ? [e] : []));
  const tokens = own.map(({ kind, system, code }) => ({ kind, system, code }));
  return or(
    tokens.map((token) =>
      filter.op === 'match' ? { ...filter, test: token } : { ...filter, tests: [token, ...more] },
    ),
  );
}

/** Decides a filter by looking at everything. */
function decide(filter: Filter, made: Made, all: ReadonlyMap<string, Made>): boolean {
  switch (filter.op) {
    case 'and':
      return filter.of.every((f) => decide(f, made, all));
    case 'or':
      return filter.of.some((f) => decide(f, made, all));
    case 'not':
      return !decide(filter.of, made, all);
    case 'chain':
      return made.entries.some((e) => {
        const target = e.kind === 'reference' && e.param === filter.param ? all.get(`${e.type}/${e.id}`) : undefined;
        return target !== undefined && filter.types.includes(target.type) && decide(filter.where, target, all);
      });
    case 'has':
      return [...all.values()].some(
        (other) =>
          other.type === filter.type &&
          other.entries.some((e) => e.kind === 'reference' && e.param === filter.param && e.id === made.id) &&
          decide(filter.where, other, all),
      );
    case 'match':
    case 'tuple':
      return matches(withCodes(filter, made), made) === true;
    default:
      return matches(filter, made) === true;
  }
}

const sorts: readonly (readonly SortKey[])[] = [
  [],
  [{ param: 'date', kind: 'date', descending: true }],
  [{ param: 'score', kind: 'number', descending: false }],
  [{ param: 'code', kind: 'token', descending: false }],
  [{ param: '_lastUpdated', kind: 'lastUpdated', descending: true }],
];

async function filled(store: Store, any: (below: number) => number): Promise<ReadonlyMap<string, Made>> {
  const made = [
    ...Array.from({ length: 100 }, (_, n) => patient(n, any)),
    ...Array.from({ length: 3000 }, (_, n) => observation(n, any)),
  ];
  for (let i = 0; i < made.length; i += 500) {
    await commit(store, ...made.slice(i, i + 500).map((m) => put(`${m.type}/${m.id}`, { entries: m.entries })));
  }
  await store.transact(transaction([], { concepts: sets }));
  return new Map(made.map((m) => [`${m.type}/${m.id}`, m]));
}

/** The planner may go any way: what is found by so many filters is what each resource says for itself. */
export function planning(t: Test, open: Open, filters: number): void {
  t.test('generated filters find what looking at everything finds', async (t) => {
    const seed = Number(process.env.HUFHIR_TEST_SEED ?? Date.now() % 1_000_000);
    t.comment(`seed ${seed} (HUFHIR_TEST_SEED)`);
    const any = random(seed);
    const { store, close } = await open();
    t.teardown(close);
    const all = await filled(store, any);
    const observations = [...all.values()].filter((m) => m.type === 'Observation');
    for (let i = 0; i < filters; i++) {
      const filter = tree(any, 2);
      const expected = observations.filter((m) => decide(filter, m, all)).map((m) => m.id);
      const sort = sorts[any(sorts.length)] ?? [];
      const limit = [7, 50, 4000][any(3)] ?? 50;
      const found: string[] = [];
      const asked = plan('Observation', filter, { sort, limit, total: 'accurate' });
      const { total } = await store.find(asked);
      if (limit < 50 && expected.length > 100) {
        found.push(...(await pages(store, { ...asked, limit: 97, total: 'none' })).flat());
      } else found.push(...(await pages(store, { ...asked, total: 'none' })).flat());
      const same = total === expected.length && [...found].sort().join() === [...expected].sort().join();
      if (!same) {
        const missing = expected.filter((id) => !found.includes(id)).slice(0, 5);
        const wrong = found.filter((id) => !expected.includes(id)).slice(0, 5);
        t.fail('a filter finds something else', { seed, i, filter, sort, total, of: expected.length, missing, wrong });
        return;
      }
    }
    t.pass(`${filters} filters`);
  });
}
