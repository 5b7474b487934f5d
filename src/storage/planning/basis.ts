import type { Filter, Plan, Test } from '#search/model/filter.ts';
import { type FilterOf, type FilterVisitor, visitFilter } from '#search/model/filter-visitor.ts';

/** What decides which resources a plan finds. */
export interface PlanBasis {
  /** The types whose resources it looks at: those searched, and those that chains and `_has` lead to. */
  readonly types: ReadonlySet<string>;
  /** It asks for the concepts of a set. */
  readonly concepts: boolean;
  /** Each resource is judged by itself. */
  readonly own: boolean;
}

interface Gathered {
  readonly types: Set<string>;
  concepts: boolean;
  own: boolean;
}

export function basisOf({ types, where }: Plan): PlanBasis {
  const gathered = { types: new Set(types), concepts: false, own: true };
  gather(where, gathered);
  return gathered;
}

function gather(filter: Filter, gathered: Gathered): void {
  visitFilter(filter, gathering, gathered);
}

const gathering: FilterVisitor<void, Gathered> = {
  and: ({ of }, gathered) => gatherAll(of, gathered),
  or: ({ of }, gathered) => gatherAll(of, gathered),
  not: ({ of }, gathered) => gather(of, gathered),
  contained: ({ where }, gathered) => gather(where, gathered),
  match: ({ test }, gathered) => gatherTests([test], gathered),
  tuple: ({ tests }, gathered) => gatherTests(tests, gathered),
  chain: (filter, gathered) => gatherLink(filter, filter.types, gathered),
  has: (filter, gathered) => gatherLink(filter, [filter.type], gathered),
  default: () => undefined,
};

function gatherAll(filters: readonly Filter[], gathered: Gathered): void {
  for (const filter of filters) gather(filter, gathered);
}

function gatherTests(tests: readonly Test[], gathered: Gathered): void {
  if (tests.some(({ kind }) => kind === 'concept')) gathered.concepts = true;
}

function gatherLink({ where }: FilterOf<'chain' | 'has'>, types: readonly string[], gathered: Gathered): void {
  for (const type of types) gathered.types.add(type);
  gathered.own = false;
  gather(where, gathered);
}
