import { containedParam } from '#search/model/entry.ts';
import type { Filter, Test } from '#search/model/filter.ts';
import { conjuncts, disjuncts, type FilterOf, type FilterVisitor, visitFilter } from '#search/model/filter-visitor.ts';
import type { IndexedCriterion } from '../../planning/cost.ts';
import { alternatives, type Conditions, formOf, pairKey, whereOf } from '../../planning/forms.ts';
import { amongNumbers, amongTexts, every, list, literal, oneOf, type Sql, sql, yes } from '../database/fragment.ts';
import type { Names } from '../database/names.ts';
import { current } from '../database/schema.ts';
import { type AccessPaths, noRows, references, type SqlAccessPath } from './access-paths.ts';
import type { Lowering } from './lowering.ts';

/** What finding a source needs to know of the store. */
export interface Finding {
  readonly names: Names;
  readonly sources: AccessPaths;
  readonly lowering: Lowering;
  readonly lastSeq: () => number;
  readonly members: (types: readonly number[], where: Filter, depth: number) => readonly number[] | undefined;
  /** A query of the rids of these types that pass, by the best source among the criteria; undefined if there is none. */
  readonly narrowed: (types: readonly number[], where: Filter, depth: number) => Sql | undefined;
  /** The rids that resources refer to. */
  readonly targetsOf: (rids: readonly number[], params: readonly number[]) => readonly number[];
}

/** Alternatives of one search value that are still tried as one source. */
const manyAlternatives = 50;

/** The criteria of a search that an index answers. */
export function criteriaOf(
  filters: readonly Filter[],
  types: readonly number[],
  finding: Finding,
  depth: number,
): readonly IndexedCriterion<SqlAccessPath>[] {
  const ranged = Map.groupBy(filters, (filter) => rangeKey(filter, types, finding.names));
  const merged = [...ranged].flatMap(([key, same]): IndexedCriterion<SqlAccessPath>[] => {
    if (key === undefined || same.length < 2) return [];
    const conditions = same.map(alternatives);
    const [[first] = []] = conditions;
    if (first === undefined) return [];
    const params = finding.names.params(types, first.param);
    const where = conditions.map((any) => any.map(({ test }) => whereOf(test)));
    return [
      { filters: same, source: finding.sources.ranges(params, first.test.kind === 'date' ? 'date' : 'number', where) },
    ];
  });
  const scope = { types, finding, depth };
  const covered = new Set(merged.flatMap((criterion) => criterion.filters));
  const single = filters.flatMap((filter): IndexedCriterion<SqlAccessPath>[] => {
    const source = covered.has(filter) ? undefined : sourceOf(filter, scope);
    return source === undefined ? [] : [{ filters: [filter], source }];
  });
  return [...merged, ...single];
}

/** Splits off the conditions on the ranges of one parameter, where they hold for one value together. */
export function rangesOf(
  filters: readonly Filter[],
  param: string,
  types: readonly number[],
  names: Names,
): { readonly conditions: Conditions; readonly rest: readonly Filter[] } {
  const isOfParam = (filter: Filter): boolean =>
    rangeKey(filter, types, names) !== undefined && alternatives(filter)[0]?.param === param;
  const conditions = filters.filter(isOfParam).map((f) => alternatives(f).map(({ test }) => whereOf(test)));
  return { conditions, rest: filters.filter((f) => !isOfParam(f)) };
}

/**
 * Several conditions on the ranges of one parameter hold for one value where no resource has more than one: they narrow
 * together (`date=ge2025&date=lt2026`). Undefined for all others.
 */
function rangeKey(filter: Filter, types: readonly number[], names: Names): string | undefined {
  const parts = disjuncts(filter);
  const [first] = parts;
  if (first?.op !== 'match' || (first.test.kind !== 'date' && first.test.kind !== 'number')) return undefined;
  const key = formOf(first);
  if (!parts.every((part) => part.op === 'match' && formOf(part) === key)) return undefined;
  return names.params(types, first.param).some((param) => names.shape(param).several) ? undefined : key;
}

interface CriterionScope {
  readonly types: readonly number[];
  readonly finding: Finding;
  readonly depth: number;
}

function sourceOf(filter: Filter, scope: CriterionScope): SqlAccessPath | undefined {
  return visitFilter(filter, accessPaths, scope);
}

const accessPaths: FilterVisitor<SqlAccessPath | undefined, CriterionScope> = {
  none: () => noRows,
  id: ({ ids }, { types }) => live('resource_id', types, amongTexts('d.id', ids)),
  lastUpdated: ({ where }, { types, finding: { lowering, lastSeq } }) => {
    // No more resources have their last change within the times than versions were made.
    const { from, to } = lowering.seqs(where);
    const rows = Math.max(0, Math.min(lastSeq() + 1, to) - from);
    return { ...live('resource_type_seq', types, lowering.window('d.seq', where)), rows };
  },
  match: ({ param, test }, { types, finding }) => finding.sources.matching(types, param, [test]),
  present: ({ param }, { types, finding }) => (finding.sources.presence(types, param) === false ? noRows : undefined),
  not: ({ of }, { types, finding }) => others(of, types, finding.sources),
  tuple: (filter, { types, finding }) => tuples([filter], types, finding.sources),
  words: ({ of, words }, { types, finding }) => finding.sources.words(types, of, words),
  contained: (filter, { types, finding }) => contained(filter, types, finding.sources),
  or: ({ of }, scope) => alternation(of, scope),
  and: (filter, { types, finding, depth }) => wrapped(finding.narrowed(types, filter, depth + 1)),
  chain: ({ param, types: targets, where }, { types, finding: { names, members }, depth }) => {
    const found = members(names.types(targets), where, depth + 1);
    return found === undefined ? undefined : references(names.params(types, param), found, true);
  },
  has: ({ param, type, where }, { types, finding: { names, members, targetsOf }, depth }) => {
    const referring = names.types([type]);
    const found = members(referring, where, depth + 1);
    if (found === undefined) return undefined;
    const targets = targetsOf(found, names.params(referring, param));
    if (targets.length === 0) return noRows;
    return live('', types, amongNumbers('d.rid', targets));
  },
  default: () => undefined,
};

/** Composites with the same key; of one that has no rows of its own, the first component leads to what may pass. */
function tuples(
  of: readonly FilterOf<'tuple'>[],
  types: readonly number[],
  sources: AccessPaths,
): SqlAccessPath | undefined {
  const [filter] = of;
  const [first] = filter?.tests ?? [];
  if (filter === undefined || first === undefined) return undefined;
  if (pairKey(filter) !== undefined) {
    return sources.pairs(
      types,
      filter.param,
      first,
      of.flatMap(({ tests }) => tests.slice(1)),
    );
  }
  const source = sources.matching(types, `${filter.param}.0`, [first]);
  return source === undefined ? undefined : { ...source, exact: false };
}

/** A negation of tokens of one parameter. */
function others(filter: Filter, types: readonly number[], sources: AccessPaths): SqlAccessPath | undefined {
  if (filter.op === 'present') return sources.presence(types, filter.param) === true ? noRows : undefined;
  const parts = alternatives(filter);
  const [first] = parts;
  const all = disjuncts(filter).length;
  if (first === undefined || parts.length < all || parts.some(({ param }) => param !== first.param)) return undefined;
  return sources.others(
    types,
    first.param,
    parts.map(({ test }) => test),
  );
}

/** One of the criteria leads to containers that may pass. */
function contained(
  { type, where }: FilterOf<'contained'>,
  types: readonly number[],
  sources: AccessPaths,
): SqlAccessPath | undefined {
  const [first] = conjuncts(where).filter((f) => f.op === 'match');
  const any: Test = { kind: 'token' };
  const [param, test] = first === undefined ? ['_id', any] : [first.param, first.test];
  const source = sources.matching(types, containedParam(type, param), [test]);
  return source === undefined || source === noRows ? source : { ...source, exact: false };
}

function alternation(filters: readonly Filter[], scope: CriterionScope): SqlAccessPath | undefined {
  const { types, finding } = scope;
  const groups = new Map<string, [Test, ...Test[]]>();
  const params = new Map<string, string>();
  const paired = Map.groupBy(filters, pairKey);
  const others = (paired.get(undefined) ?? []).filter(
    (filter) => filter.op !== 'match' || formOf(filter) === undefined,
  );
  for (const filter of filters) {
    const form = filter.op === 'match' ? formOf(filter) : undefined;
    if (filter.op !== 'match' || form === undefined) continue;
    params.set(form, filter.param);
    const group = groups.get(form);
    if (group === undefined) groups.set(form, [filter.test]);
    else group.push(filter.test);
  }
  paired.delete(undefined);
  if (groups.size + paired.size + others.length > manyAlternatives) return undefined;
  const sources = [
    ...[...groups].map(([form, tests]) => finding.sources.matching(types, params.get(form) ?? '', tests)),
    ...[...paired.values()].map((same) =>
      tuples(
        same.filter((f) => f.op === 'tuple'),
        types,
        finding.sources,
      ),
    ),
    ...others.map((filter) => sourceOf(filter, scope)),
  ];
  if (sources.includes(undefined)) return undefined;
  const known = sources.filter((source) => source !== undefined && source !== noRows) as readonly SqlAccessPath[];
  const [only] = known;
  if (only === undefined) return noRows;
  if (known.length === 1) return only;
  const queries = known.map((s) => sql`SELECT d.rid FROM ${s.from} WHERE ${s.where}`);
  return {
    from: sql`(${list(queries, ' UNION ALL ')}) d`,
    where: yes,
    exact: known.every((s) => s.exact),
    ordered: false,
  };
}

/** Rows of the resources themselves; without the name of an index, they are found by rid. */
function live(index: string, types: readonly number[], where: Sql): SqlAccessPath {
  const by = index === '' ? '' : ` INDEXED BY ${index}`;
  const type = index === '' ? '+d.type' : 'd.type';
  const all = [oneOf(type, types), literal(`d.state = ${current}`), where];
  return { from: literal(`resource d${by}`), where: every(all), exact: true, ordered: false };
}

function wrapped(query: Sql | undefined): SqlAccessPath | undefined {
  return query === undefined ? undefined : { from: sql`(${query}) d`, where: yes, exact: true, ordered: false };
}
