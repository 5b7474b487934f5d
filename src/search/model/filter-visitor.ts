import { and, type Filter, not, or } from './filter.ts';

/** The members of the union that have one of these ops. */
export type FilterOf<Op extends Filter['op']> = Filter & { readonly op: Op };

type Cases<Result, Context> = {
  readonly [Op in Filter['op']]: (filter: FilterOf<Op>, context: Context) => Result;
};

/** What to do with each op: with every one, or with some and by `default` with the others. A constant, where it can be one. */
export type FilterVisitor<Result, Context = void> =
  | (Cases<Result, Context> & { readonly default?: never })
  | (Partial<Cases<Result, Context>> & { readonly default: (filter: Filter, context: Context) => Result });

/** The visitor's answer for the filter itself; what is below it is the visitor's to visit. */
export function visitFilter<Result, Context>(
  filter: Filter,
  visitor: FilterVisitor<Result, Context>,
  context: Context,
): Result {
  // The case of an op takes the filters that have it, which a lookup by `op` cannot tell the compiler.
  const visit = (visitor[filter.op] ?? visitor.default) as (filter: Filter, context: Context) => Result;
  return visit(filter, context);
}

/** The filter with what is directly below it rewritten; a filter with nothing below it is given back as it is. */
export function mapFilter<Context>(
  filter: Filter,
  rewrite: (child: Filter, context: Context) => Filter,
  context: Context,
): Filter {
  switch (filter.op) {
    case 'and':
      return and(filter.of.map((child) => rewrite(child, context)));
    case 'or':
      return or(filter.of.map((child) => rewrite(child, context)));
    case 'not':
      return not(rewrite(filter.of, context));
    case 'contained':
    case 'chain':
    case 'has':
      return { ...filter, where: rewrite(filter.where, context) };
    default:
      return filter;
  }
}

/** Whether every term passes: what `and`, `or` and `not` join, all of it asked of the same resource. */
export function everyTerm(filter: Filter, passes: (term: Filter) => boolean): boolean {
  if (filter.op === 'and' || filter.op === 'or') return filter.of.every((child) => everyTerm(child, passes));
  return filter.op === 'not' ? everyTerm(filter.of, passes) : passes(filter);
}

/** What has to hold together. */
export function conjuncts(filter: Filter): readonly Filter[] {
  return filter.op === 'and' ? filter.of : [filter];
}

/** What is enough by itself. */
export function disjuncts(filter: Filter): readonly Filter[] {
  return filter.op === 'or' ? filter.of : [filter];
}
