/**
 * What a search asks, as data: a tree over the index, the same for every store. The parser builds it from a URL,
 * security AND-s a client's rights into it, and a store lowers it to its own language.
 */

/** A comparison with one bound of an entry; entries of dates, numbers and quantities are ranges `[low, high)`. */
export interface Compare {
  readonly bound: 'low' | 'high';
  readonly op: '<' | '<=' | '>' | '>=' | '=';
  readonly value: number;
}

/** What one index entry must satisfy. All comparisons of `where` hold together. */
export type Test =
  /** An absent `system` or `code` accepts any; system `''` means that the entry has none (R4 search, token). */
  | { readonly kind: 'token'; readonly system?: string; readonly code?: string }
  /** `starts` and `contains` are compared with the folded value (see fold), `exact` with the value as it was written. */
  | { readonly kind: 'string'; readonly how: 'starts' | 'contains' | 'exact'; readonly value: string }
  | { readonly kind: 'date' | 'number'; readonly where: readonly Compare[] }
  /** `unit` matches the entry's code or its printed unit, whatever the system (R4 search, quantity `value||unit`). */
  | {
      readonly kind: 'quantity';
      readonly where: readonly Compare[];
      readonly system?: string;
      readonly code?: string;
      readonly unit?: string;
    }
  | { readonly kind: 'uri'; readonly how: 'equals' | 'below' | 'above'; readonly value: string }
  /** An absent `type` accepts a target of any type with that id; `version` asks for a versioned reference. */
  | { readonly kind: 'reference'; readonly type?: string; readonly id: string; readonly version?: string };

export type Filter =
  | { readonly op: 'all' }
  | { readonly op: 'none' }
  | { readonly op: 'and' | 'or'; readonly of: readonly Filter[] }
  | { readonly op: 'not'; readonly of: Filter }
  | { readonly op: 'type'; readonly types: readonly string[] }
  | { readonly op: 'id'; readonly ids: readonly string[] }
  /** Milliseconds since 1970 of meta.lastUpdated. */
  | { readonly op: 'lastUpdated'; readonly where: readonly Compare[] }
  /** At least one entry of the parameter passes the test. */
  | { readonly op: 'match'; readonly param: string; readonly test: Test }
  /** Composite: at one position of the parameter, component i passes test i (entries named `param.0`, `param.1`, …). */
  | { readonly op: 'tuple'; readonly param: string; readonly tests: readonly Test[] }
  /** The parameter has at least one entry (`:missing` is this or its negation). */
  | { readonly op: 'present'; readonly param: string }
  /** The reference parameter leads to a resource of one of the types that passes `where`. */
  | { readonly op: 'chain'; readonly param: string; readonly types: readonly string[]; readonly where: Filter }
  /** A resource of `type` that passes `where` refers here with its reference parameter `param` (`_has`, compartments). */
  | { readonly op: 'has'; readonly type: string; readonly param: string; readonly where: Filter };

export interface SortKey {
  /** A parameter code, or `_id` or `_lastUpdated`. */
  readonly param: string;
  readonly kind: 'string' | 'date' | 'number' | 'quantity' | 'token' | 'uri' | 'reference' | 'id' | 'lastUpdated';
  readonly descending: boolean;
}

/** What a store is asked to find. Without sort keys the order is that of creation, and is stable. */
export interface Plan {
  /** The types searched; a filter is read in the context of each. */
  readonly types: readonly string[];
  readonly where: Filter;
  readonly sort: readonly SortKey[];
  /** Resources of one page; 0 asks for the total alone. */
  readonly limit: number;
  /** The store's own word for the place where the page before ended, as it gave it in `Page.next`. */
  readonly after?: string;
  readonly total: 'none' | 'estimate' | 'accurate';
}

export const everything: Filter = { op: 'all' };
export const nothing: Filter = { op: 'none' };

/** The conjunction, flattened: `all` drops out, `none` decides. */
export function and(filters: readonly Filter[]): Filter {
  const parts = filters.flatMap((f) => (f.op === 'and' ? f.of : f.op === 'all' ? [] : [f]));
  if (parts.some((f) => f.op === 'none')) return nothing;
  const [only] = parts;
  return only === undefined ? everything : parts.length === 1 ? only : { op: 'and', of: parts };
}

/** The disjunction, flattened: `none` drops out, `all` decides. */
export function or(filters: readonly Filter[]): Filter {
  const parts = filters.flatMap((f) => (f.op === 'or' ? f.of : f.op === 'none' ? [] : [f]));
  if (parts.some((f) => f.op === 'all')) return everything;
  const [only] = parts;
  return only === undefined ? nothing : parts.length === 1 ? only : { op: 'or', of: parts };
}
