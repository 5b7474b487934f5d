import type { Resource } from '@medplum/fhirtypes';
import type { Logger } from 'pino';
import type { Config } from '#config';
import type { Issue, Outcome } from '#errors';
import type { Definitions } from '#fhir/model/definitions.ts';
import type { Clock } from '#fhir/values/dates.ts';
import type { IndexRecord } from '#search/model/entry.ts';
import type { Rights } from '#security/rights.ts';
import type { Store } from '#storage/store.ts';
import type { ThreadPool } from '#threads/pool.ts';
import type { CustomParameters } from '../search-parameters/custom-parameters.ts';
import type { Answer } from './answer.ts';
import type { OperationLevel, OperationParameter, OperationSignature } from './operation.ts';
import type { OperationInput } from './operation-input.ts';
import type { Preconditions } from './preconditions.ts';
import type { WorkBound } from './work-bound.ts';

/** What every conductor works with: made once, and narrowed to each request (`requestContext`). */
export interface Context {
  readonly config: Config;
  readonly store: Store;
  readonly definitions: Definitions;
  /** The search parameters that resources of the store define. */
  readonly parameters: CustomParameters;
  /** By type: the canonical URLs of the guide's profiles. */
  readonly profiles: ReadonlyMap<string, readonly string[]>;
  /** The `$operations` that are served. */
  readonly operations: readonly Operation[];
  /** What local times mean. */
  readonly clock: Clock;
  /** Index entries and residents of a resource. */
  readonly index: (resource: Resource) => IndexRecord;
  /** Every problem of a resource; only issues of severity error or fatal refuse it. */
  readonly validate: (resource: Resource, profile?: string) => readonly Issue[];
  /** Whether a resource can be checked against a profile. */
  readonly canCheck: (profile: string) => boolean;
  /** What goes on without a request, in the main thread alone. */
  readonly background: readonly BackgroundWork[];
  /** Where work of unknown size runs. */
  readonly pool: ThreadPool;
  /** Where measures are translated and evaluated: what their authors wrote may never end. */
  readonly measurePool: ThreadPool;
  /** Whether this is the thread that has others work: one of the pool has none. */
  readonly startsTasks: boolean;
  /** What the request that is done may bring to this thread; absent where it holds up nobody. */
  readonly bound?: WorkBound;
  readonly log: Logger;
}

/** Work that nobody waits for, until it is stopped. */
export interface BackgroundWork {
  start(): void;
  stop(): Promise<void>;
}

/** Who asks. */
export interface Caller {
  readonly rights: Rights;
  /** Whose jobs these are: the address, until there are tokens. */
  readonly identity: string;
  /** Whose work waits behind each other: in the pool, before the store. */
  readonly client: string;
  /** Ends when the client leaves: nobody waits for the answer any more. */
  readonly signal?: AbortSignal;
}

/** One request for an operation. */
export interface OperationCall<P extends readonly OperationParameter[] = readonly OperationParameter[]> {
  /** Of the levels type and instance. */
  readonly type?: string;
  readonly id?: string;
  readonly input: OperationInput<P>;
  /** Of a paged operation: the token of the page, which says all that was asked; the input is empty then. */
  readonly page?: string;
  readonly preconditions: Preconditions;
  /** Nobody waits for the answer any more: what is long ends, and rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** The names of the arguments that were sent, readable or not, each with its FHIRPath; that is undefined in the URL. */
export type GivenArguments = ReadonlyMap<string, string | undefined>;

/** A `$operation` (R4 operations.html): what is declared of it, and what it does. */
export interface Operation<P extends readonly OperationParameter[] = readonly OperationParameter[]>
  extends OperationSignature {
  readonly parameters: P;
  // Methods, so that operations of all parameters stand in one table.
  /** What is wrong beyond what the parameters declare. What is missing or not as declared is told already, and undefined in `input`. */
  check?(
    context: Context,
    input: Partial<OperationInput<P>>,
    given: GivenArguments,
    level: OperationLevel,
  ): readonly Issue[];
  handler(context: Context, caller: Caller, call: OperationCall<P>): Promise<Outcome<Answer>>;
}

/** An operation whose handler is typed by the parameters declared beside it. */
export function operation<const P extends readonly OperationParameter[]>(declared: Operation<P>): Operation<P> {
  return declared;
}
