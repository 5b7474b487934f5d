import fc, { type Arbitrary } from 'fast-check';
import type { SearchParameter } from '#fhir/model/definitions.ts';
import type { Queries } from './oracle-queries.ts';

/** A search as it is sent. */
export interface Search {
  /** Several: asked of the server as a whole, with `_type`. */
  readonly types: readonly string[];
  /** The id of the Patient in whose compartment it looks. */
  readonly compartment?: string | undefined;
  readonly pairs: readonly Pair[];
  /** With `_contained=true`: what contains such resources is found. */
  readonly contained?: boolean;
  readonly sort?: string | undefined;
  readonly count: number;
  readonly post: boolean;
}

export type Pair = readonly [name: string, value: string];

/** One kind of criterion; undefined where the type has none of the kind. */
export interface Feature {
  readonly name: string;
  readonly weight: number;
  readonly of: (queries: Queries, type: string, links: number) => Arbitrary<Pair> | undefined;
}

export function oneOf<T>(items: readonly T[]): Arbitrary<T> | undefined {
  return items.length === 0 ? undefined : fc.constantFrom(...items);
}

export function valuesOf(texts: readonly string[]): Arbitrary<string> {
  return fc
    .array(fc.constantFrom(...texts), { minLength: 1, maxLength: 3, size: 'max' })
    .map((all) => [...new Set(all)].join(','));
}

/** `name` asked for one to three of the texts. */
export function asked(name: string, texts: readonly string[]): Arbitrary<Pair>[] {
  return texts.length === 0 ? [] : [valuesOf(texts).map((value): Pair => [name, value])];
}

export function any(arbitraries: readonly Arbitrary<Pair>[]): Arbitrary<Pair> | undefined {
  return arbitraries.length === 0 ? undefined : fc.oneof(...arbitraries);
}

/** For each parameter of a kind. */
export function each(
  kind: string,
  make: (queries: Queries, type: string, p: SearchParameter) => readonly Arbitrary<Pair>[],
): Feature['of'] {
  return (queries, type) => any(queries.parameters(type, kind).flatMap((p) => make(queries, type, p)));
}

export const plainKinds = ['token', 'string', 'date', 'number', 'quantity', 'uri', 'reference'] as const;

export const plain = plainKinds.map((kind): Feature => {
  const weight = { number: 1, uri: 1 }[kind as string] ?? 3;
  return { name: kind, weight, of: each(kind, (q, type, p) => asked(p.code, q.samples(type, p))) };
});

/** Links of chains and `_has` in one criterion. */
export const maxLinks = 3;
