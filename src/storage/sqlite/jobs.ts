import type { Callee } from '#threads/calls.ts';
import type { Job, JobState, Jobs, TakenJob } from '../shelf.ts';
import type { Connection, Row } from './database/connection.ts';
import { literal, type Sql, sql } from './database/fragment.ts';
import { errorOf, orUnavailable } from './wire/failure.ts';
import type { WriterMethods } from './write/writer.ts';

const columns = literal('id, owner, title, begun, ended, expires');

/** The jobs of the file: read where they are asked for, and changed by the writer. */
export class SqliteJobs implements Jobs {
  readonly #connection: Connection;
  readonly #writer: Pick<Callee<WriterMethods>, 'call'>;

  constructor(connection: Connection, writer: Pick<Callee<WriterMethods>, 'call'>) {
    this.#connection = connection;
    this.#writer = writer;
  }

  add(job: Job, ms: number, most: number): Promise<boolean> {
    return orUnavailable(this.#writer.call('addJob', { job, ms, most }));
  }

  async get(id: string, owner: string): Promise<JobState | undefined> {
    const [row] = this.#rows(sql`SELECT ${columns}, answer FROM job
      WHERE id = ${id} AND owner = ${owner} AND ${told()}`);
    if (row === undefined) return undefined;
    const answer = row.at(-1);
    return { ...stateOf(row), ...(typeof answer === 'string' && { answer }) };
  }

  async list(owner: string): Promise<readonly JobState[]> {
    const query = sql`SELECT ${columns} FROM job WHERE owner = ${owner} AND ${told()} ORDER BY begun, id`;
    return this.#rows(query).map(stateOf);
  }

  take(ms: number): Promise<TakenJob | undefined> {
    return orUnavailable(this.#writer.call('takeJob', ms));
  }

  beat(id: string, attempt: number, ms: number): ReturnType<Jobs['beat']> {
    return orUnavailable(this.#writer.call('beatJob', { id, attempt, ms }));
  }

  end(id: string, attempt: number, answer: string, ms: number): Promise<boolean> {
    return orUnavailable(this.#writer.call('endJob', { id, attempt, answer, ms }));
  }

  cancel(id: string, owner: string): Promise<boolean> {
    return orUnavailable(this.#writer.call('cancelJob', { id, owner }));
  }

  #rows(query: Sql): readonly Row[] {
    try {
      return this.#connection.rows(query);
    } catch (error) {
      throw errorOf(error);
    }
  }
}

/** What was cancelled or has expired may still stand in the table. */
function told() {
  return sql`cancelled = 0 AND (expires IS NULL OR expires > ${Date.now()})`;
}

function stateOf([id, owner, title, begun, ended, expires]: Row): JobState {
  return {
    id: String(id),
    owner: String(owner),
    title: String(title),
    begun: Number(begun),
    ...(typeof ended === 'number' && { ended }),
    ...(typeof expires === 'number' && { expires }),
  };
}
