import { Failure } from '#errors';
import type { Preconditions } from './preconditions.ts';
import type { Interaction } from './route.ts';

/** R4 http.html#patch: an RFC 6902 document, or the Parameters of a FHIRPath Patch. */
export interface Patch {
  readonly format: 'json' | 'fhirpath';
  readonly document: unknown;
}

/** What one interaction asks: an HTTP request, or an entry of a batch or transaction. */
export interface Request {
  readonly interaction: Interaction;
  /** The decoded parameters of the URL, and of a form body. */
  readonly query: readonly (readonly [string, string])[];
  /** The parsed body, or the entry's resource; not of a patch. */
  readonly body?: unknown;
  /** What is wrong with the form of an operation's body; `body` is then what there is without that. */
  readonly unread?: Failure;
  readonly patch?: Patch;
  /** If-None-Exist: a search, without `?`. */
  readonly ifNoneExist?: string;
  readonly preconditions: Preconditions;
  /** Prefer: handling=lenient. */
  readonly lenient: boolean;
  /** Prefer: respond-async; heeded where the work may be long. */
  readonly async?: boolean;
  /** HEAD: the answer goes without its body. */
  readonly head?: boolean;
  /** For an entry: where it stands (`Bundle.entry[3]`), and its fullUrl. */
  readonly path?: string;
  readonly fullUrl?: string;
  /** For an entry of a batch: the fullUrls of entries that no reference may name, since a batch resolves none. */
  readonly batch?: ReadonlySet<string>;
}

/** The FHIRPath of the request's resource, which begins the expression of every issue about it. */
export function resourcePath(request: Request, type: string): string {
  return request.path === undefined ? type : `${request.path}.resource`;
}

/** The FHIRPath of a part of an entry's request; undefined for an HTTP request, whose header the text names. */
export function requestPath(request: Request, part: string): string | undefined {
  return request.path === undefined ? undefined : `${request.path}.request.${part}`;
}

/** The same problems, told of this place, if there is one. */
export function located(failed: Failure, path: string | undefined): Failure {
  if (path === undefined) return failed;
  const [first, ...rest] = failed.issues;
  const at = (i: typeof first) => ({ ...i, expression: path });
  return new Failure([at(first), ...rest.map(at)]);
}
