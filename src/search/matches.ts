import type { Entry } from './entry.ts';
import type { Compare, Filter, Test } from './filter.ts';

/** What is known of a resource that no store holds yet. */
interface Candidate {
  readonly type: string;
  readonly id: string;
  /** Milliseconds since 1970; absent before the commit gives it. */
  readonly lastUpdated?: number;
  readonly entries: readonly Entry[];
}

/** Undefined where the answer rests on something unknown. */
type Verdict = boolean | undefined;

/**
 * Whether a resource satisfies a filter, as a store would decide it: for criteria that may mean what the same transaction
 * creates (R4 http.html#trules). Undefined if that rests on other resources (chains, `_has`, where a reference by identifier
 * leads) or on a time not given yet.
 */
export function matches(filter: Filter, candidate: Candidate): Verdict {
  const { type, id, lastUpdated, entries } = candidate;
  switch (filter.op) {
    case 'all':
      return true;
    case 'none':
      return false;
    case 'and':
      return every(filter.of, (f) => matches(f, candidate));
    case 'or':
      return some(filter.of, (f) => matches(f, candidate));
    case 'not':
      return not(matches(filter.of, candidate));
    case 'type':
      return filter.types.includes(type);
    case 'id':
      return filter.ids.includes(id);
    case 'lastUpdated':
      return lastUpdated === undefined ? undefined : within({ low: lastUpdated, high: lastUpdated }, filter.where);
    case 'match':
      return some(entries, (e) => e.param === filter.param && passes(e, filter.test));
    case 'tuple':
      return tuple(entries, filter.param, filter.tests);
    case 'present':
      return entries.some((e) => e.param === filter.param);
    case 'chain':
      return entries.some((e) => e.param === filter.param && leadsTo(e, filter.types)) ? undefined : false;
    case 'has':
      return undefined;
  }
}

function not(verdict: Verdict): Verdict {
  return verdict === undefined ? undefined : !verdict;
}

function some<T>(items: readonly T[], judge: (item: T) => Verdict): Verdict {
  let result: Verdict = false;
  for (const item of items) {
    const verdict = judge(item);
    if (verdict === true) return true;
    if (verdict === undefined) result = undefined;
  }
  return result;
}

function every<T>(items: readonly T[], judge: (item: T) => Verdict): Verdict {
  return not(some(items, (item) => not(judge(item))));
}

function tuple(entries: readonly Entry[], param: string, tests: readonly Test[]): Verdict {
  const components = tests.map((test, i) => {
    const found = entries.filter((e) => e.param === `${param}.${i}`);
    return { test, at: Map.groupBy(found, (e) => e.pos) };
  });
  const positions = [...(components[0]?.at.keys() ?? [])];
  return some(positions, (pos) => every(components, ({ test, at }) => some(at.get(pos) ?? [], (e) => passes(e, test))));
}

/** Whether the entry is a reference to one of the types, or one by identifier that may be. */
function leadsTo(entry: Entry, types: readonly string[]): boolean {
  if (entry.kind === 'reference') return types.includes(entry.type);
  return entry.kind === 'logical' && entry.types.some((type) => types.includes(type));
}

function passes(entry: Entry, test: Test): Verdict {
  switch (test.kind) {
    case 'token':
      return entry.kind === 'token' && accepts(test.system, entry.system) && accepts(test.code, entry.code);
    case 'string':
      return entry.kind === 'string' && isText(entry, test);
    case 'date':
    case 'number':
      return entry.kind === test.kind && within(entry, test.where);
    case 'quantity':
      return entry.kind === 'quantity' && within(entry, test.where) && isUnit(entry, test);
    case 'uri':
      return entry.kind === 'uri' && isUri(entry.value, test);
    case 'reference':
      return refers(entry, test);
  }
}

/** An absent value accepts any. */
function accepts(asked: string | undefined, found: string): boolean {
  return asked === undefined || asked === found;
}

type Of<T, Kind extends string> = Extract<T, { readonly kind: Kind }>;

function isText({ value, exact }: Of<Entry, 'string'>, test: Of<Test, 'string'>): boolean {
  if (test.how === 'exact') return exact === test.value;
  return test.how === 'starts' ? value.startsWith(test.value) : value.includes(test.value);
}

function within(range: { readonly low: number; readonly high: number }, where: readonly Compare[]): boolean {
  return where.every(({ bound, op, value }) => {
    const [found, asked] = [finite(range[bound]), finite(value)];
    if (op === '=') return found === asked;
    if (op === '<') return found < asked;
    if (op === '<=') return found <= asked;
    return op === '>' ? found > asked : found >= asked;
  });
}

/** An open end is the greatest number there is, and infinity is no further. */
function finite(value: number): number {
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));
}

function isUnit({ system, code, unit }: Of<Entry, 'quantity'>, test: Of<Test, 'quantity'>): boolean {
  const printed = accepts(test.unit, code) || accepts(test.unit, unit);
  return printed && accepts(test.system, system) && accepts(test.code, code);
}

/** `above` and `below` go by whole segments of the path; slashes at the end of the value asked do not count. */
function isUri(value: string, test: Of<Test, 'uri'>): boolean {
  if (test.how === 'equals') return value === test.value;
  const path = test.value.replace(/(?<!\/)\/+$/, '');
  if (test.how === 'below') return value === path || value.startsWith(`${path}/`);
  return `${path}/`.startsWith(value.endsWith('/') ? value : `${value}/`);
}

/** A reference by identifier may come to lead to any id of its types, and never to a version. */
function refers(entry: Entry, { type, id, version }: Of<Test, 'reference'>): Verdict {
  const possible = type === undefined || leadsTo(entry, [type]);
  if (entry.kind === 'logical') return possible && accepts(version, '') ? undefined : false;
  return possible && entry.kind === 'reference' && entry.id === id && accepts(version, entry.version ?? '');
}
