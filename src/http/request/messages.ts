import type { IncomingHttpHeaders } from 'node:http';
import type { Interaction } from '#operations/request/route.ts';

/** An HTTP request under `/fhir`, as plain values: it can be answered in any thread. */
export interface HttpRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** Those that are read, as text (`decodeHeaders`). */
  readonly headers: IncomingHttpHeaders;
  /** Empty if there is none, and once it has been read. */
  body: Uint8Array;
}

/** Its answer. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** What was asked, as far as it could be read: for the log and the metrics, which may not know the URL. */
  readonly asked?: Interaction;
  /** Something was written: whatever keeps the answer from its client, that is to be told. */
  readonly wrote?: boolean;
}
