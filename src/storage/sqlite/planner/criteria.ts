import type { Compare, Filter } from '#search/model/filter.ts';
import type { FilterOf } from '#search/model/filter-visitor.ts';
import type { IndexedCriterion } from '../../planning/cost.ts';
import { type Probe, probesOf } from '../../planning/probes.ts';
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
  /** The resources of these types that pass, by the best source among the criteria; undefined if there is none. */
  readonly narrowed: (types: readonly number[], where: Filter, depth: number) => SqlAccessPath | undefined;
  /** The rids that resources refer to. */
  readonly targetsOf: (rids: readonly number[], params: readonly number[]) => readonly number[];
}

/** The criteria of a search that an index answers. */
export function criteriaOf(
  filters: readonly Filter[],
  types: readonly number[],
  finding: Finding,
  depth: number,
): readonly IndexedCriterion<SqlAccessPath>[] {
  const scope = { types, finding, depth };
  return probesOf(filters, finding.sources.known(types)).flatMap(({ filters, probe }) => {
    const source = sourceOf(probe, scope);
    return source === undefined ? [] : [{ filters, source }];
  });
}

interface CriterionScope {
  readonly types: readonly number[];
  readonly finding: Finding;
  readonly depth: number;
}

function sourceOf(probe: Probe, scope: CriterionScope): SqlAccessPath | undefined {
  const { types, finding, depth } = scope;
  const { names, sources } = finding;
  switch (probe.op) {
    case 'none':
      return noRows;
    case 'id':
      return live('resource_id', types, amongTexts('d.id', probe.ids));
    case 'lastUpdated':
      return lastUpdated(probe.where, scope);
    case 'words':
      return sources.words(types, probe.of, probe.words);
    case 'values': {
      const source = sources.matching(types, probe.param, probe.tests);
      return source === undefined || source === noRows || probe.exact ? source : { ...source, exact: false };
    }
    case 'ranges':
      return sources.ranges(names.params(types, probe.param), probe.kind, probe.conditions);
    case 'pairs':
      return sources.pairs(types, probe);
    case 'others':
      return sources.others(types, probe.param, probe.codes);
    case 'any':
      return joined(probe.of.map((part) => sourceOf(part, scope)));
    case 'and':
      return finding.narrowed(types, probe, depth + 1);
    case 'chain': {
      const found = finding.members(names.types(probe.types), probe.where, depth + 1);
      return found === undefined ? undefined : references(names.params(types, probe.param), found, true);
    }
    case 'has':
      return referred(probe, scope);
  }
}

/** No more resources have their last change within the times than versions were made. */
function lastUpdated(
  where: readonly Compare[],
  { types, finding: { lowering, lastSeq } }: CriterionScope,
): SqlAccessPath {
  const { from, to } = lowering.seqs(where);
  const rows = Math.max(0, Math.min(lastSeq() + 1, to) - from);
  return { ...live('resource_type_seq', types, lowering.window('d.seq', where)), rows };
}

/** What few resources refer to. */
function referred({ param, type, where }: FilterOf<'has'>, scope: CriterionScope): SqlAccessPath | undefined {
  const { names, members, targetsOf } = scope.finding;
  const referring = names.types([type]);
  const found = members(referring, where, scope.depth + 1);
  if (found === undefined) return undefined;
  const targets = targetsOf(found, names.params(referring, param));
  return targets.length === 0 ? noRows : live('', scope.types, amongNumbers('d.rid', targets));
}

/** The rows of all; undefined if one of them is. */
function joined(sources: readonly (SqlAccessPath | undefined)[]): SqlAccessPath | undefined {
  const found = sources.filter((source) => source !== undefined);
  if (found.length < sources.length) return undefined;
  const known = found.filter((source) => source !== noRows);
  const [only] = known;
  if (only === undefined) return noRows;
  if (known.length === 1) return only;
  const queries = known.map((s) => sql`SELECT d.rid FROM ${s.from} WHERE ${s.where}`);
  const from = sql`(${list(queries, ' UNION ALL ')}) d`;
  const seeks = known.reduce((sum, s) => sum + (s.seeks ?? 0), 0);
  return { from, where: yes, exact: known.every((s) => s.exact), ordered: false, seeks };
}

/** Rows of the resources themselves; without the name of an index, they are found by rid. */
function live(index: string, types: readonly number[], where: Sql): SqlAccessPath {
  const by = index === '' ? '' : ` INDEXED BY ${index}`;
  const type = index === '' ? '+d.type' : 'd.type';
  const all = [oneOf(type, types), literal(`d.state = ${current}`), where];
  return { from: literal(`resource d${by}`), where: every(all), exact: true, ordered: false };
}
