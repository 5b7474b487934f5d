import type { OperationOutcomeIssue } from '@medplum/fhirtypes';

export interface CatalogueEntry {
  readonly status: number;
  readonly type: OperationOutcomeIssue['code'];
  readonly text: string;
}

/** The failures of requests that may be right, and may be sent again in a while: the server is busy, full, or cannot work now. */
export const retryCatalogue = {
  'too-many-requests': {
    status: 429,
    type: 'throttled',
    text: 'This connection has {expected} requests under way, the most that it may have (HUFHIR_MAX_PIPELINED); read their answers before you send more.',
  },
  'waiting-full': {
    status: 503,
    type: 'throttled',
    text: '{found} bytes wait to be worked on or to be taken by their clients, of at most {expected} (HUFHIR_MAX_WAITING), of which a client leaves as many to others as it takes; send the request again in a while.',
  },
  'connections-full': {
    status: 503,
    type: 'throttled',
    text: '{found} connections are open, of at most {expected} (HUFHIR_MAX_CONNECTIONS), of which a client leaves as many to others as it takes; use those that are open, or try again in a while.',
  },
  'shutting-down': {
    status: 503,
    type: 'transient',
    text: 'The server is being stopped and takes no new work; send the request again in a while.',
  },
  'parameter-not-ready': {
    status: 503,
    type: 'transient',
    text: 'The search parameter "{found}" of {target} is being indexed: {progress} % are done; search by it later.',
  },
  'too-many-jobs': {
    status: 429,
    type: 'too-costly',
    text: 'At most {expected} asynchronous requests are kept (HUFHIR_MAX_JOBS), of which a client leaves as many to others as it takes; fetch or delete results first.',
  },
  'store-unavailable': {
    status: 503,
    type: 'transient',
    text: 'The store cannot be used now ({found}); nothing of the request was stored. Send it again in a while.',
  },
  'store-full': {
    status: 507,
    type: 'no-store',
    text: 'The disk of the store is full; nothing of the request was stored. What is stored can be read. Send it again when there is room.',
  },
  'store-busy': {
    status: 503,
    type: 'throttled',
    text: '{found} reads wait for the store, of at most {expected} (HUFHIR_READ_QUEUE), of which a client leaves as many to others as it takes; send the request again in a while.',
  },
  'commit-unknown': {
    status: 503,
    type: 'transient',
    text: 'The request was broken off while it committed, and what of it was stored is not known ({found}). Look before you send it again, or send it with a condition.',
  },
  'definitions-changed': {
    status: 503,
    type: 'transient',
    text: 'The definitions that the request rests on changed again and again; send it again in a while.',
  },
  'pool-full': {
    status: 503,
    type: 'throttled',
    text: '{found} tasks wait for a thread, of at most {expected} (HUFHIR_POOL_QUEUE), of which a client leaves as many to others as it takes; send the request again in a while.',
  },
  timeout: {
    status: 503,
    type: 'timeout',
    text: 'The evaluation took longer than {expected} ms (HUFHIR_MEASURE_TIMEOUT).',
  },
} as const satisfies Record<string, CatalogueEntry>;
