import { Failure, type Issue, issue } from '#errors';
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

/** What is wrong with the form of a body, and the value that it has without that: for who wants to know what else is wrong. */
export class IllFormed extends Failure {
  readonly value: unknown;
  constructor(issues: Failure['issues'], value: unknown) {
    super(issues);
    this.value = value;
  }
}
