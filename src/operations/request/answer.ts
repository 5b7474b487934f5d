import type { Resource } from '@medplum/fhirtypes';
import type { Issue, Outcome } from '#errors';
import type { Subset } from '#fhir/model/subset.ts';
import type { Version } from '#storage/store.ts';

/** What an interaction answers; http gives it its form. */
export type Answer =
  /** One stored resource. */
  | {
      readonly kind: 'resource';
      readonly status: 200 | 201;
      readonly version: Version;
      readonly subset?: Subset;
      /** It is as this request made it, or a conditional create found it. */
      readonly written?: boolean;
      /** Warnings about what was written. */
      readonly notes?: readonly Issue[];
    }
  /** A resource made for this answer. */
  | { readonly kind: 'made'; readonly status: 200; readonly resource: Resource; readonly etag?: string }
  /** Such a resource as it was kept: its JSON text. */
  | { readonly kind: 'text'; readonly status: 200; readonly text: string; readonly etag?: string }
  /** What is to be said of a resource that was only looked at; without issues, that all is well. */
  | { readonly kind: 'judged'; readonly status: 200; readonly found: readonly Issue[] }
  /**
   * Nothing but a status: a deletion (204; without a version if there was nothing to delete), a resource that the client
   * has already (304), an answer to HEAD.
   */
  | { readonly kind: 'bare'; readonly status: 200 | 202 | 204 | 304; readonly version: Version | undefined }
  /** R4 async.html: the work goes on; its state is told at this path behind the base. */
  | { readonly kind: 'accepted'; readonly status: 202; readonly at: string; readonly progress: string }
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
  readonly first?: string;
  readonly previous?: string;
  readonly next?: string;
}

export interface SearchSet {
  readonly kind: 'searchset';
  readonly status: 200;
  readonly matches: readonly Version[];
  readonly included: readonly Version[];
  readonly total?: number;
  readonly links: Links;
  readonly subset?: Subset;
  /** How it was found, if that was asked for: goes before the matches. */
  readonly explanation?: readonly Issue[];
  /** What the client should know, e.g. of ignored parameters. */
  readonly notes: readonly Issue[];
}

export interface History {
  readonly kind: 'history';
  readonly status: 200;
  readonly versions: readonly Version[];
  readonly total?: number;
  readonly links: Links;
  readonly subset?: Subset;
}
