import { areConvertible, ucumSystem } from '#fhir/values/units.ts';
import { containedParam, type Entry, type Words } from '../model/entry.ts';
import type { Compare, Filter, Test } from '../model/filter.ts';
import { type FilterVisitor, visitFilter } from '../model/filter-visitor.ts';
import { convertBound } from '../model/numbers.ts';

/** What is known of a resource that no store holds yet. */
interface Candidate {
  readonly type: string;
  readonly id: string;
  /** Milliseconds since 1970; absent before the commit gives it. */
  readonly lastUpdated?: number;
  readonly entries: readonly Entry[];
  readonly words?: Words;
}

/** Undefined where the answer rests on something unknown. */
type Verdict = boolean | undefined;

/**
 * Whether a resource satisfies a filter, as a store would decide it: for criteria that may mean what the same transaction
 * creates (R4 http.html#trules). Undefined if that rests on other resources (chains, `_has`, where a reference by identifier
 * leads), on the concepts that a store keeps, or on a time not given yet.
 */
export function matches(filter: Filter, candidate: Candidate): Verdict {
  return visitFilter(filter, verdicts, candidate);
}

const verdicts: FilterVisitor<Verdict, Candidate> = {
  all: () => true,
  none: () => false,
  and: ({ of }, candidate) => every(of, (f) => matches(f, candidate)),
  or: ({ of }, candidate) => some(of, (f) => matches(f, candidate)),
  not: ({ of }, candidate) => not(matches(of, candidate)),
  type: ({ types }, { type }) => types.includes(type),
  id: ({ ids }, { id }) => ids.includes(id),
  lastUpdated: ({ where }, { lastUpdated }) =>
    lastUpdated === undefined ? undefined : within({ low: lastUpdated, high: lastUpdated }, where),
  match: ({ param, test }, { entries }) => some(entries, (e) => e.param === param && passes(e, test)),
  tuple: ({ param, tests }, { entries }) => tuple(entries, param, tests),
  present: ({ param }, { entries }) => entries.some((e) => e.param === param),
  chain: ({ param, types }, { entries }) =>
    entries.some((e) => e.param === param && leadsTo(e, types)) ? undefined : false,
  has: () => undefined,
  lookup: () => undefined,
  contained: ({ type, where }, { entries }) =>
    some(inside(entries, type).values(), (own) => matches(where, { type, id: '', entries: own })),
  words: (filter, { words }) => filter.words.every((word) => words?.[filter.of].includes(word) === true),
};

function not(verdict: Verdict): Verdict {
  return verdict === undefined ? undefined : !verdict;
}

function some<T>(items: Iterable<T>, verdictOf: (item: T) => Verdict): Verdict {
  let result: Verdict = false;
  for (const item of items) {
    const verdict = verdictOf(item);
    if (verdict === true) return true;
    if (verdict === undefined) result = undefined;
  }
  return result;
}

function every<T>(items: readonly T[], verdictOf: (item: T) => Verdict): Verdict {
  return not(some(items, (item) => not(verdictOf(item))));
}

/** The entries of the contained resources of a type, by their places, under the parameters that they have for themselves. */
export function inside(entries: readonly Entry[], type: string): ReadonlyMap<number, readonly Entry[]> {
  const start = containedParam(type, '');
  const found = new Map<number, Entry[]>();
  for (const { pos, ...entry } of entries) {
    if (pos === undefined || !entry.param.startsWith(start)) continue;
    const own = found.get(pos) ?? [];
    found.set(pos, own);
    own.push({ ...entry, param: entry.param.slice(start.length) });
  }
  return found;
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

/** Whether an entry passes a test, whichever parameter it is of: what each kind of test means stands here alone. */
export function passes(entry: Entry, test: Test): Verdict {
  switch (test.kind) {
    case 'token':
      return entry.kind === 'token' && isToken(entry, test);
    case 'concept':
      return entry.kind === 'token' ? undefined : false;
    case 'string':
      return entry.kind === 'string' && isText(entry, test);
    case 'date':
    case 'number':
      return entry.kind === test.kind && within(entry, test.where);
    case 'quantity':
      return entry.kind === 'quantity' && isQuantity(entry, test);
    case 'uri':
      return entry.kind === 'uri' && isUri(entry.value, test);
    case 'reference':
      return refers(entry, test);
    case 'near':
      return entry.kind === 'position' && distance(entry, test) <= test.kilometres;
  }
}

interface Position {
  readonly latitude: number;
  readonly longitude: number;
}

/** Mean radius of the earth, in kilometres. */
const earth = 6371.0088;

/** Kilometres of the great circle (haversine). */
function distance(a: Position, b: Position): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const half = (from: number, to: number) => Math.sin(radians(to - from) / 2) ** 2;
  const along = Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude));
  const chord = half(a.latitude, b.latitude) + along * half(a.longitude, b.longitude);
  // Rounding may bring opposite points a little beyond 1.
  return 2 * earth * Math.asin(Math.sqrt(Math.min(1, chord)));
}

/** An absent value accepts any. */
function accepts(asked: string | undefined, found: string): boolean {
  return asked === undefined || asked === found;
}

type Of<T, Kind extends string> = Extract<T, { readonly kind: Kind }>;

function isToken({ system, code }: Of<Entry, 'token'>, test: Of<Test, 'token'>): boolean {
  if (!accepts(test.system, system)) return false;
  return accepts(test.code, code) || (test.below === true && code.startsWith(`${test.code};`));
}

function isText({ value, exact }: Of<Entry, 'string'>, test: Of<Test, 'string'>): boolean {
  switch (test.how) {
    case 'exact':
      return exact === test.value;
    case 'equals':
      return value === test.value;
    case 'starts':
      return value.startsWith(test.value);
    case 'ends':
      return value.endsWith(test.value);
    case 'contains':
      return value.includes(test.value);
  }
}

function within(range: { readonly low: number; readonly high: number }, where: readonly Compare[]): boolean {
  for (const { bound, op, value } of where) if (!compares(finite(range[bound]), op, finite(value))) return false;
  return true;
}

function compares(found: number, op: Compare['op'], asked: number): boolean {
  switch (op) {
    case '=':
      return found === asked;
    case '<':
      return found < asked;
    case '<=':
      return found <= asked;
    case '>':
      return found > asked;
    case '>=':
      return found >= asked;
  }
}

/** An open end is the greatest number there is, and infinity is no further. */
function finite(value: number): number {
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));
}

function isQuantity(entry: Of<Entry, 'quantity'>, test: Of<Test, 'quantity'>): boolean {
  if (!accepts(test.system, entry.system)) return false;
  if (!accepts(test.unit, entry.code) && !accepts(test.unit, entry.unit)) return false;
  const where = accepts(test.code, entry.code) ? test.where : inUnitOf(entry, test);
  return where !== undefined && within(entry, where);
}

/** A test meets the same few units in many entries: by test, the comparisons in each unit met. */
const restated = new WeakMap<Test, Map<string, readonly Compare[] | undefined>>();

/** What is asked in one UCUM unit, in the unit of the entry; undefined if it does not convert. */
function inUnitOf({ code }: Of<Entry, 'quantity'>, test: Of<Test, 'quantity'>): readonly Compare[] | undefined {
  if (test.code === undefined || test.system !== ucumSystem) return undefined;
  const known = restated.get(test) ?? new Map<string, readonly Compare[] | undefined>();
  if (known.size === 0) restated.set(test, known);
  if (!known.has(code)) known.set(code, convertedRange(test.where, test.code, code));
  return known.get(code);
}

/**
 * The comparisons of a test in the UCUM unit `from`, restated for entries in the unit `to`; undefined if the two do not
 * convert. What was equal stays equal: see convertBound.
 */
export function convertedRange(where: readonly Compare[], from: string, to: string): readonly Compare[] | undefined {
  if (from === to) return where;
  if (!areConvertible(from, to)) return undefined;
  return where.map(({ bound, op, value }) => ({ bound, op, value: convertBound(value, from, to) }));
}

/** `above` and `below` go by whole segments of the path; slashes at the end of the value asked do not count. */
function isUri(value: string, test: Of<Test, 'uri'>): boolean {
  if (test.how === 'equals') return value === test.value;
  const path = test.value.replace(/(?<!\/)\/+$/, '');
  if (test.how === 'below') return value === path || value.startsWith(path + (path.includes('|') ? '.' : '/'));
  return `${path}/`.startsWith(value.endsWith('/') ? value : `${value}/`);
}

/** A reference by identifier may come to lead to any id of its types, and never to a version. */
function refers(entry: Entry, { type, id, version }: Of<Test, 'reference'>): Verdict {
  const possible = type === undefined || leadsTo(entry, [type]);
  if (entry.kind === 'logical') return possible && accepts(version, '') ? undefined : false;
  return possible && entry.kind === 'reference' && entry.id === id && accepts(version, entry.version ?? '');
}
