import { containedParam } from '#search/model/entry.ts';
import { type Filter, nothing } from '#search/model/filter.ts';
import { conjuncts, type FilterVisitor, mapFilter, visitFilter } from '#search/model/filter-visitor.ts';
import type { Names } from '../database/names.ts';

/** The filter without what asks for contained resources of a kind that no resource of the types has, or refers to so. */
export function pruneImpossible(filter: Filter, types: readonly number[], names: Names): Filter {
  return prune(filter, { types, names });
}

interface PruneScope {
  readonly types: readonly number[];
  readonly names: Names;
}

function prune(filter: Filter, scope: PruneScope): Filter {
  return visitFilter(filter, pruning, scope);
}

const pruning: FilterVisitor<Filter, PruneScope> = {
  chain: (filter, { names }) => mapFilter(filter, prune, { types: names.types(filter.types), names }),
  has: (filter, { names }) => mapFilter(filter, prune, { types: names.types([filter.type]), names }),
  contained: (filter, { types, names }) => {
    const matched = conjuncts(filter.where).flatMap((f) => (f.op === 'match' ? [f.param] : []));
    const isPossible = (param: string) => names.params(types, containedParam(filter.type, param)).length > 0;
    return matched.every(isPossible) ? filter : nothing;
  },
  default: (filter, scope) => mapFilter(filter, prune, scope),
};
