import type { Resource } from '@medplum/fhirtypes';
import type { Issue, Outcome } from '#errors';
import type { Version } from '#storage/store.ts';

/** What an interaction answers; http gives it its form. */
export type Answer =
  /** One stored resource. */
  | {
      readonly kind: 'resource';
      readonly status: 200 | 201;
      readonly version: Version;
      /** Warnings about what was written. */
      readonly notes?: readonly Issue[];
    }
  /** A resource made for this answer. */
  | { readonly kind: 'made'; readonly status: 200; readonly resource: Resource }
  /** A deletion; the version is undefined if there was nothing to delete. */
  | { readonly kind: 'deleted'; readonly status: 204; readonly version: Version | undefined }
  | SearchSet
  | History
  /** One answer for each entry, in the order of the entries. */
  | {
      readonly kind: 'responses';
      readonly status: 200;
      readonly type: 'batch' | 'transaction';
      readonly answers: readonly Outcome<Answer>[];
    };

/** Where the pages of a result are: the part of the URL behind the base. */
export interface Links {
  readonly self: string;
  readonly next?: string;
}

export interface SearchSet {
  readonly kind: 'searchset';
  readonly status: 200;
  readonly matches: readonly Version[];
  readonly included: readonly Version[];
  readonly total?: number;
  readonly links: Links;
  /** What the client should know, e.g. of ignored parameters. */
  readonly notes: readonly Issue[];
}

export interface History {
  readonly kind: 'history';
  readonly status: 200;
  readonly versions: readonly Version[];
  readonly total?: number;
  readonly links: Links;
}
