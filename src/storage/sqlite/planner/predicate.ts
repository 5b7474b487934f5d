import { passes } from '#search/match/matches.ts';
import type { Entry } from '#search/model/entry.ts';
import type { Filter, Test } from '#search/model/filter.ts';
import { everyTerm, type FilterVisitor, visitFilter } from '#search/model/filter-visitor.ts';
import type { Names } from '../database/names.ts';
import { type StoredValue, visit } from '../index/entry-codec.ts';
import type { IsConcept } from './concepts.ts';

/** Whether the packed entries of a resource satisfy a filter. */
export type PackedPredicate = (packed: Uint8Array) => boolean;

/** What a judge needs to know of the store. */
export interface StoreKnowledge {
  readonly names: Names;
  /** The rids that a reference test means; they are few. */
  readonly targets: (test: Extract<Test, { kind: 'reference' }>) => ReadonlySet<number>;
  /** What tells whether a token is among the concepts of a set. */
  readonly concepts: (set: string) => IsConcept;
}

/** What the entries of one resource decide. */
const decidedByEntries: ReadonlySet<Filter['op']> = new Set(['all', 'none', 'match', 'tuple', 'present', 'contained']);

/** Whether the entries of one resource decide the filter. */
export function isDecidedByEntries(filter: Filter): boolean {
  return everyTerm(filter, (term) => decidedByEntries.has(term.op));
}

type ValuesByParameter = ReadonlyMap<number, readonly PositionedValue[]>;

interface PositionedValue {
  readonly value: StoredValue;
  readonly pos: number;
}

type EntryPredicate = (found: ValuesByParameter) => boolean;

/** Compiles a filter that is decided by the entries of one resource, read in the context of these types. */
export function compilePredicate(filter: Filter, types: readonly number[], known: StoreKnowledge): PackedPredicate {
  const wanted = new Set<number>();
  const verdict = compile(filter, { types, known, wanted, prefix: '' });
  return (packed) => {
    const found = new Map<number, PositionedValue[]>();
    visit(packed, wanted, (value, param, pos) => {
      const places = found.get(param);
      if (places === undefined) found.set(param, [{ value, pos }]);
      else places.push({ value, pos });
    });
    return verdict(found);
  };
}

interface Compiling {
  readonly types: readonly number[];
  readonly known: StoreKnowledge;
  /** Gathers the parameters that are asked for. */
  readonly wanted: Set<number>;
  /** What stands before the codes of parameters: those of contained resources have one. */
  readonly prefix: string;
}

function compile(filter: Filter, compiling: Compiling): EntryPredicate {
  return visitFilter(filter, compilation, compiling);
}

const compilation: FilterVisitor<EntryPredicate, Compiling> = {
  all: () => () => true,
  and: (filter, compiling) => {
    const parts = filter.of.map((f) => compile(f, compiling));
    return (found) => parts.every((part) => part(found));
  },
  or: (filter, compiling) => {
    const { lists, others } = tokenLists(filter.of);
    const listed = [...lists].map(([param, tests]) =>
      having(paramsOf(param, compiling), tokenList(tests, compiling.known.names)),
    );
    const parts = [...listed, ...others.map((f) => compile(f, compiling))];
    return (found) => parts.some((part) => part(found));
  },
  not: (filter, compiling) => {
    const part = compile(filter.of, compiling);
    return (found) => !part(found);
  },
  match: ({ param, test }, compiling) => having(paramsOf(param, compiling), tester(test, compiling.known)),
  tuple: ({ param, tests }, compiling) =>
    tuple(tests.map((test, i) => ({ ids: paramsOf(`${param}.${i}`, compiling), test: tester(test, compiling.known) }))),
  present: ({ param }, compiling) => {
    const ids = paramsOf(param, compiling);
    return (found) => ids.some((id) => found.has(id));
  },
  contained: ({ type, where }, compiling) => containing(type, where, compiling),
  default: () => () => false,
};

/** The numbers of a parameter, which is asked for from now on. */
function paramsOf(code: string, { types, known, wanted, prefix }: Compiling): readonly number[] {
  const ids = known.names.params(types, prefix + code);
  for (const id of ids) wanted.add(id);
  return ids;
}

function having(ids: readonly number[], test: (value: StoredValue) => boolean): EntryPredicate {
  return (found) => ids.some((id) => found.get(id)?.some(({ value }) => test(value)) === true);
}

/** The entries of each contained resource stand at one position, and are judged by themselves. */
function containing(type: string, where: Filter, compiling: Compiling): EntryPredicate {
  const prefix = `contained:${type}:`;
  const own = new Set<number>();
  const inner = compile(where, { ...compiling, wanted: own, prefix });
  for (const id of compiling.known.names.params(compiling.types, `${prefix}_id`)) own.add(id);
  for (const id of own) compiling.wanted.add(id);
  return (found) => {
    const resources = new Map<number, Map<number, PositionedValue[]>>();
    for (const id of own) {
      for (const place of found.get(id) ?? []) {
        const entries = resources.get(place.pos) ?? new Map<number, PositionedValue[]>();
        resources.set(place.pos, entries.set(id, [...(entries.get(id) ?? []), place]));
      }
    }
    return [...resources.values()].some(inner);
  };
}

type TokenTest = Extract<Test, { kind: 'token' }>;

/** The codes that alternatives ask of one parameter: a value set may bring thousands. */
function tokenLists(filters: readonly Filter[]) {
  const lists = new Map<string, TokenTest[]>();
  const others: Filter[] = [];
  for (const filter of filters) {
    if (filter.op !== 'match' || filter.test.kind !== 'token' || filter.test.code === undefined || filter.test.below)
      others.push(filter);
    else {
      const list = lists.get(filter.param);
      if (list === undefined) lists.set(filter.param, [filter.test]);
      else list.push(filter.test);
    }
  }
  return { lists, others };
}

function tokenList(tests: readonly TokenTest[], names: Names): (value: StoredValue) => boolean {
  const anySystem = 0;
  const keys = new Set(
    tests.map(({ system, code }) => `${system === undefined ? anySystem : (names.system(system) ?? -1)} ${code}`),
  );
  return (value) =>
    value.kind === 'token' && (keys.has(`${value.system} ${value.code}`) || keys.has(`${anySystem} ${value.code}`));
}

interface Component {
  readonly ids: readonly number[];
  readonly test: (value: StoredValue) => boolean;
}

/** At one position, each component has a value that passes. A position is one of its parameter, that is of one type. */
function tuple(components: readonly Component[]): EntryPredicate {
  const positions = (found: ValuesByParameter, { ids, test }: Component): ReadonlySet<number> =>
    new Set(ids.flatMap((id) => (found.get(id) ?? []).flatMap(({ value, pos }) => (test(value) ? [pos] : []))));
  return (found) => {
    let left: ReadonlySet<number> | undefined;
    for (const component of components) {
      const passing = positions(found, component);
      left = left === undefined ? passing : left.intersection(passing);
      if (left.size === 0) return false;
    }
    return left !== undefined;
  };
}

function tester(test: Test, known: StoreKnowledge): (value: StoredValue) => boolean {
  const { names } = known;
  if (test.kind === 'reference') {
    const targets = known.targets(test);
    const { version } = test;
    return (value) =>
      value.kind === 'reference' && targets.has(value.target) && (version === undefined || value.version === version);
  }
  if (test.kind === 'concept') {
    const isConcept = known.concepts(test.set);
    return (value) => value.kind === 'token' && isConcept(value.system, value.code);
  }
  if (test.kind === 'token') {
    // Compared by number: most checks are of tokens, and a system that the store does not know is none of its entries'.
    const system = test.system === undefined ? undefined : (names.system(test.system) ?? -1);
    const { code } = test;
    const start = test.below === true ? `${code};` : undefined;
    return (value) =>
      value.kind === 'token' &&
      (code === undefined || value.code === code || (start !== undefined && value.code.startsWith(start))) &&
      (system === undefined || value.system === system);
  }
  return (value) => {
    const entry = entryOf(value, names);
    return entry !== undefined && passes(entry, test) === true;
  };
}

/** The entry as the tests know it; undefined where only the store tells what it means. */
export function entryOf(value: StoredValue, names: Names): Entry | undefined {
  const param = '';
  switch (value.kind) {
    case 'token':
      return { param, kind: 'token', system: names.systemName(value.system), code: value.code };
    case 'string':
      return { param, kind: 'string', value: value.value, exact: value.exact === '' ? value.value : value.exact };
    case 'quantity':
      return { param, kind: 'quantity', low: value.low, high: value.high, ...names.unitOf(value.unit) };
    case 'uri':
      return { param, kind: 'uri', value: names.systemName(value.value) };
    case 'reference':
    case 'logical':
      return undefined;
    default:
      return { param, ...value };
  }
}
