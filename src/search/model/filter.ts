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
  /**
   * An absent `system` or `code` accepts any; system `''` means that the entry has none (R4 search, token). `below` also accepts
   * the MIME type with parameters: `text/xml; charset=UTF-8` is below `text/xml`.
   */
  | { readonly kind: 'token'; readonly system?: string; readonly code?: string; readonly below?: true }
  /** A token among the concepts of a set, which the store keeps by this name; one that it does not know has none. */
  | { readonly kind: 'concept'; readonly set: string }
  /** Compared with the folded value (see fold); `exact` with the value as it was written. */
  | {
      readonly kind: 'string';
      readonly how: 'starts' | 'contains' | 'ends' | 'equals' | 'exact';
      readonly value: string;
    }
  | { readonly kind: 'date' | 'number'; readonly where: readonly Compare[] }
  /**
   * `unit` matches the entry's code or its printed unit, whatever the system (R4 search, quantity `value||unit`). With a
   * `system` of UCUM and a `code`, entries in every unit that converts to it are compared after conversion (see units.ts); a
   * code that UCUM does not have converts to none but itself. A `system` alone accepts all its codes.
   */
  | {
      readonly kind: 'quantity';
      readonly where: readonly Compare[];
      readonly system?: string;
      readonly code?: string;
      readonly unit?: string;
    }
  /** `above` and `below` go by segments of the path; below `url|1` are the versions that begin with it (`url|1.0`). */
  | { readonly kind: 'uri'; readonly how: 'equals' | 'below' | 'above'; readonly value: string }
  /** Within a distance, over the surface of the earth (R4 location.html#positional). */
  | { readonly kind: 'near'; readonly latitude: number; readonly longitude: number; readonly kilometres: number }
  /** An absent `type` accepts a target of any type with that id; `version` asks for a versioned reference. */
  | { readonly kind: 'reference'; readonly type?: string; readonly id: string; readonly version?: string };

/**
 * What terminology or other resources tell: the codes of a ValueSet, what lies above or below a code in its CodeSystem or a
 * resource in its hierarchy (itself included), the members of a List.
 */
export type LookupSet =
  | { readonly by: 'valueSet'; readonly param: string; readonly url: string }
  | {
      readonly by: 'code';
      readonly param: string;
      readonly how: 'above' | 'below';
      readonly system: string;
      readonly code: string;
    }
  | {
      readonly by: 'hierarchy';
      readonly param: string;
      readonly how: 'above' | 'below';
      readonly type: string;
      readonly id: string;
    }
  | { readonly by: 'list'; readonly id: string };

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
  /** Every one of these words stands in the narrative (`text`) or in the whole resource (`content`). */
  | { readonly op: 'words'; readonly of: 'text' | 'content'; readonly words: readonly string[] }
  /** To be looked up and replaced before a store sees the filter: a store refuses it. */
  | { readonly op: 'lookup'; readonly set: LookupSet }
  /**
   * A contained resource of the type passes `where`, which its entries decide (R4 search.html#contained). They stand among those
   * of its container, as parameters `contained:<type>:<code>`, at the position that is its place.
   */
  | { readonly op: 'contained'; readonly type: string; readonly where: Filter }
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
  /** Milliseconds, after which the store gives up and says so in the page; absent: it takes its time. */
  readonly timeout?: number;
  /** The page tells how it was found. */
  readonly explain?: boolean;
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

/** The negation: two of them cancel out. */
export function not(filter: Filter): Filter {
  if (filter.op === 'not') return filter.of;
  if (filter.op === 'all') return nothing;
  return filter.op === 'none' ? everything : { op: 'not', of: filter };
}
