import type { Filter, SortKey } from './filter.ts';

/** One `_include` or `_revinclude` (R4 search.html#include); a wildcard is as many as it stands for. */
export interface Include {
  readonly direction: 'include' | 'revinclude';
  /** The type that carries the reference. */
  readonly type: string;
  /** The reference parameter's code. */
  readonly param: string;
  /** The types that it may lead to, narrowed by the third part if there is one. */
  readonly targets: readonly string[];
  /** To be applied to included resources too. */
  readonly iterate: boolean;
}

/** A search as read from its parameters, before rights are added. */
export interface Query {
  readonly types: readonly string[];
  readonly where: Filter;
  /** With `_contained`: what is shown of a resource that was found for what it contains (R4 search.html#containedType). */
  readonly contained?: 'container' | 'contained';
  readonly sort: readonly SortKey[];
  /** Resources of one page; 0 asks for the total alone. */
  readonly count: number;
  readonly total: 'none' | 'estimate' | 'accurate';
  readonly includes: readonly Include[];
  /** The most resources that includes may add to a page. */
  readonly maxIncludes: number;
  /** The parameters that shaped the result, for the self link. */
  readonly applied: readonly (readonly [name: string, value: string])[];
  /** The names of parameters that were passed over, with lenient handling. */
  readonly ignored: readonly string[];
  readonly summaryCount: boolean;
  /** `_explain`: the answer tells how it was found. */
  readonly explain: boolean;
}
