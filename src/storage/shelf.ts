/** The right to do something alone until it is taken by another, told apart by its fence: the next holder has a higher one. */
export interface Lease {
  readonly name: string;
  readonly owner: string;
  readonly fence: number;
}

/** Small things by name, which all processes share. Settings are changed by transactions. */
export interface Shelf {
  /** A small text. */
  setting(name: string): Promise<string | undefined>;
  /** 32 random bytes, made when first asked for, and never changed. */
  key(name: string): Promise<Uint8Array>;
  /** The lease of that name until `ms` from now, undefined while another has it; the holder extends it by asking again. */
  lease(name: string, owner: string, ms: number): Promise<Lease | undefined>;
  /** Lets others take it at once; of no effect if another has it. */
  release(lease: Lease): Promise<void>;
}

/** What is asked for and goes on after its request was answered. Times are milliseconds since 1970. */
export interface Job {
  readonly id: string;
  /** Who began it: nobody else is told of it. */
  readonly owner: string;
  /** What it does, for a list. */
  readonly title: string;
  readonly begun: number;
  /** All that another process needs to do it again. */
  readonly request: string;
}

/** What became of a job. */
export interface JobState extends Omit<Job, 'request'> {
  /** Absent while it is under way. */
  readonly ended?: number;
  /** When it is forgotten. */
  readonly expires?: number;
  /** Of an ended job; a list has none. */
  readonly answer?: string;
}

/** A job that a process is to do. */
export interface TakenJob extends Pick<Job, 'id' | 'request'> {
  /** From 1: a higher one shuts out those before it. */
  readonly attempt: number;
  /** How many of the attempts before ended without a word: their leases ran out. */
  readonly lost: number;
}

/**
 * Jobs, whichever process of the store does them. Who does one holds a lease of it and extends it by `beat`; a job whose lease ran out
 * is there to be taken by anybody. What expired is not there.
 */
export interface Jobs {
  /**
   * Keeps a job, whose first attempt is its caller's, for `ms`; with 0 it is there to be taken at once. False where `most` are kept:
   * those under way, cancelled ones too until their work is over, and those whose answers are kept; and where its owner has as many as are
   * left to others.
   */
  add(job: Job, ms: number, most: number): Promise<boolean>;
  /** A job of this owner, with its answer; none once it is cancelled. */
  get(id: string, owner: string): Promise<JobState | undefined>;
  /** All jobs of this owner that `get` would tell of, those begun first first. */
  list(owner: string): Promise<readonly JobState[]>;
  /** The job that was begun first of those that nobody does, for `ms`. */
  take(ms: number): Promise<TakenJob | undefined>;
  /** Extends the lease by `ms` from now, or gives the job back (0). `lost`: it is another's by now, or is not there any more. */
  beat(id: string, attempt: number, ms: number): Promise<'running' | 'cancelled' | 'lost'>;
  /** Keeps the answer for `ms` from now. False where none is kept: the job was cancelled, or is another's by now. */
  end(id: string, attempt: number, answer: string, ms: number): Promise<boolean>;
  /** Forgets a job of this owner; who does it learns of it by `beat`. False if `get` would find none. */
  cancel(id: string, owner: string): Promise<boolean>;
}
