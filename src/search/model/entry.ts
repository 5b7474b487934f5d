/**
 * What the index holds of one resource: the values of its search parameters (R4 search.html), extracted once, at write
 * time. Stores keep and compare entries; they never look into the resource.
 */

interface At {
  /** The code of the search parameter; `code.0`, `code.1` … for the components of a composite; `code:identifier` for the
   * identifier of a logical reference, `code:text` for the text of a token, `code:of-type` for an Identifier with its type
   * (system `<system of the type>|<code of the type>`), `code:pinyin` for the readings of a Chinese name and for names as
   * wholes; all these of a
   * contained resource with `contained:<type>:` before them, and `contained:<type>::<code>` for each reference parameter of its
   * container that leads to it (a token, that code). */
  readonly param: string;
  /** The position of a composite's tuple; components of one tuple share it. Of a contained resource: its place in `contained`. */
  readonly pos?: number;
}

export type Entry =
  /** `system` is `''` where there is none. */
  | (At & { readonly kind: 'token'; readonly system: string; readonly code: string })
  /** `value` is folded (see fold), `exact` is as written. */
  | (At & { readonly kind: 'string'; readonly value: string; readonly exact: string })
  /** Milliseconds since 1970; `[low, high)`; an open end is ±8.64e15. */
  | (At & { readonly kind: 'date'; readonly low: number; readonly high: number })
  | (At & { readonly kind: 'number'; readonly low: number; readonly high: number })
  | (At & {
      readonly kind: 'quantity';
      readonly low: number;
      readonly high: number;
      readonly system: string;
      readonly code: string;
      readonly unit: string;
    })
  /** Degrees, WGS 84 (Location.position). */
  | (At & { readonly kind: 'position'; readonly latitude: number; readonly longitude: number })
  /** Also canonicals, and references to resources of other servers, under the reference parameter's code. */
  | (At & { readonly kind: 'uri'; readonly value: string })
  /** A literal reference to a resource of this server, whether or not it has arrived. */
  | (At & { readonly kind: 'reference'; readonly type: string; readonly id: string; readonly version?: string })
  /**
   * A reference by identifier alone. The store resolves it to the one resource of these types (one at least) that carries
   * the identifier, now or when that resource arrives; from then on it counts as a `reference` entry too, and with
   * `inCompartment: true` the resource joins the compartment of that Patient.
   */
  | (At & {
      readonly kind: 'logical';
      readonly system: string;
      readonly value: string;
      readonly types: readonly string[];
      readonly inCompartment: boolean;
    });

/** What full text search goes by (`_text`, `_content`): each word once (see words.ts). */
export interface Words {
  /** Of the narrative. */
  readonly text: readonly string[];
  /** Of the whole resource, its narrative too. */
  readonly content: readonly string[];
}

/** What a write brings for the index: its entries, its words, and the ids of the Patients whose compartment it belongs to. */
export interface IndexRecord {
  readonly entries: readonly Entry[];
  readonly patients: readonly string[];
  /** Absent if it has none. */
  readonly words?: Words;
}

/** As a parameter of a contained resource: that a reference parameter of its container leads to it. */
export function referredBy(code: string): string {
  return `:${code}`;
}

/** The parameter under which a container has the entries of contained resources of a type. */
export function containedParam(type: string, param: string): string {
  return `contained:${type}:${param}`;
}
