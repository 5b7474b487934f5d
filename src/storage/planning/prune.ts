import { containedParam } from '#search/model/entry.ts';
import { type Filter, nothing } from '#search/model/filter.ts';
import { conjuncts, type FilterVisitor, mapFilter, visitFilter } from '#search/model/filter-visitor.ts';

/** Whether a resource of one of the types ever had the parameter. */
type HasParam = (types: readonly string[], param: string) => boolean;

/** The filter without what asks for contained resources of a kind that no resource of the types has, or refers to so. */
export function pruneImpossible(filter: Filter, types: readonly string[], hasParam: HasParam): Filter {
  return prune(filter, { types, hasParam });
}

interface PruneScope {
  readonly types: readonly string[];
  readonly hasParam: HasParam;
}

function prune(filter: Filter, scope: PruneScope): Filter {
  return visitFilter(filter, pruning, scope);
}

const pruning: FilterVisitor<Filter, PruneScope> = {
  chain: (filter, { hasParam }) => mapFilter(filter, prune, { types: filter.types, hasParam }),
  has: (filter, { hasParam }) => mapFilter(filter, prune, { types: [filter.type], hasParam }),
  contained: (filter, { types, hasParam }) => {
    const matched = conjuncts(filter.where).flatMap((f) => (f.op === 'match' ? [f.param] : []));
    return matched.every((param) => hasParam(types, containedParam(filter.type, param))) ? filter : nothing;
  },
  default: (filter, scope) => mapFilter(filter, prune, scope),
};
