import { type Issue, issue } from '#errors';
import { limits } from '#limits';

/** As many errors, and as many other issues, are told of one request, so that no answer outgrows what was sent. */
export const maxIssues = limits['told-issues'].most;

/** Gathers issues up to that limit; what is beyond it is told by one `more-issues` of its severity. */
export class Issues {
  readonly list: Issue[] = [];
  #errors = 0;
  #others = 0;

  add(found: Issue): void {
    const { severity } = found;
    const count = severity === 'error' || severity === 'fatal' ? ++this.#errors : ++this.#others;
    if (count <= maxIssues) this.list.push(found);
    else if (count === maxIssues + 1) {
      this.list.push(issue('more-issues', { expected: maxIssues }, undefined, severity));
    }
  }

  addAll(found: Iterable<Issue>): void {
    for (const one of found) this.add(one);
  }

  /** No further error will be told, so there is no use in looking for one. */
  get full(): boolean {
    return this.#errors > maxIssues;
  }
}
