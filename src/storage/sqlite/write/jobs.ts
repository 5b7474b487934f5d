import type { Job, Jobs, TakenJob } from '../../shelf.ts';
import type { Connection } from '../database/connection.ts';
import { sql } from '../database/fragment.ts';

/** What the writer does for `Jobs`, each within one transaction. */
export function jobMethods(connection: Connection) {
  /** What nobody is told of any more; a cancelled job keeps its place while somebody still works on it. */
  const sweep = (now: number): void => {
    connection.run('DELETE FROM job WHERE expires <= ? OR (cancelled = 1 AND lease <= ?)', now, now);
  };
  return {
    addJob({ job, ms, most }: { job: Job; ms: number; most: number }): boolean {
      const now = Date.now();
      sweep(now);
      const free = most - connection.number(sql`SELECT count(*) FROM job`);
      const own = connection.number(sql`SELECT count(*) FROM job WHERE owner = ${job.owner}`);
      if (free <= 0 || (own > 0 && own >= free)) return false;
      const text = 'INSERT INTO job (id, owner, title, begun, attempt, lease, request) VALUES (?, ?, ?, ?, ?, ?, ?)';
      const { id, owner, title, begun, request } = job;
      connection.run(text, id, owner, title, begun, ms === 0 ? 0 : 1, leaseEnd(now, ms), request);
      return true;
    },
    takeJob(ms: number): TakenJob | undefined {
      const now = Date.now();
      sweep(now);
      const row = connection.row(sql`UPDATE job
        SET attempt = attempt + 1, lost = lost + (lease > 0), lease = ${leaseEnd(now, ms)}
        WHERE id = (SELECT id FROM job WHERE ended IS NULL AND lease <= ${now} ORDER BY begun, id LIMIT 1)
        RETURNING id, request, attempt, lost`);
      if (row === undefined) return undefined;
      const [id, request, attempt, lost] = row;
      return { id: String(id), request: String(request), attempt: Number(attempt), lost: Number(lost) };
    },
    beatJob({ id, attempt, ms }: { id: string; attempt: number; ms: number }): Awaited<ReturnType<Jobs['beat']>> {
      const row = connection.row(sql`UPDATE job SET lease = ${leaseEnd(Date.now(), ms)}
        WHERE id = ${id} AND attempt = ${attempt} AND ended IS NULL RETURNING cancelled`);
      return row === undefined ? 'lost' : row[0] === 1 ? 'cancelled' : 'running';
    },
    endJob({ id, attempt, answer, ms }: { id: string; attempt: number; answer: string; ms: number }): boolean {
      const now = Date.now();
      // What it was asked is not needed again.
      const text = `UPDATE job SET ended = ?, expires = ?, answer = ?, lease = 0, request = ''
        WHERE id = ? AND attempt = ? AND ended IS NULL AND cancelled = 0`;
      if (connection.run(text, now, now + ms, answer, id, attempt) === 1) return true;
      connection.run('DELETE FROM job WHERE id = ? AND attempt = ? AND cancelled = 1', id, attempt);
      return false;
    },
    cancelJob({ id, owner }: { id: string; owner: string }): boolean {
      const now = Date.now();
      sweep(now);
      const own = 'WHERE id = ? AND owner = ? AND cancelled = 0';
      const working = `UPDATE job SET cancelled = 1 ${own} AND ended IS NULL AND lease > ?`;
      return connection.run(working, id, owner, now) + connection.run(`DELETE FROM job ${own}`, id, owner) === 1;
    },
  };
}

/** 0 is nobody's lease. */
function leaseEnd(now: number, ms: number): number {
  return ms === 0 ? 0 : now + ms;
}
