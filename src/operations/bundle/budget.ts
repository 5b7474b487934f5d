import { Failure, fail, type Issue, type Outcome } from '#errors';
import type { Version } from '#storage/store.ts';
import type { Answer } from '../request/answer.ts';

/** The characters that the answers of one bundle may have together (HUFHIR_MAX_ANSWER): all of them are held until the last is there. */
export class AnswerBudget {
  readonly #limit: number;
  #taken = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get spent(): boolean {
    return this.#taken > this.#limit;
  }

  /** Whether so much more is within the budget; once something was not, nothing is. */
  take(size: number): boolean {
    this.#taken += size;
    return !this.spent;
  }

  /** What is told in the place of an answer beyond it. */
  refuse(expression?: string): Failure {
    const text = `The answers of the bundle exceed ${this.#limit} characters (HUFHIR_MAX_ANSWER) with this entry; send it in another bundle.`;
    return fail('too-costly', { text }, expression);
  }
}

/** About what stands around each resource, and each issue, of an answer. */
const frame = 300;

/** About the characters of an answer. */
export function sizeOf(answer: Outcome<Answer>): number {
  if (answer instanceof Failure) return sizeOfIssues(answer.issues);
  switch (answer.kind) {
    case 'resource':
      return sizeOfAll([answer.version]);
    case 'searchset':
      return frame + sizeOfAll(answer.matches) + sizeOfAll(answer.included);
    case 'history':
      return frame + sizeOfAll(answer.versions);
    case 'made':
      return frame + sizeOfMade(answer.resource);
    case 'judged':
      return sizeOfIssues(answer.found);
    case 'text':
      return frame + answer.text.length;
    case 'responses':
      return answer.answers.reduce((sum, a) => sum + sizeOf(a), frame);
    case 'bare':
    case 'accepted':
      return frame;
  }
}

function sizeOfIssues(issues: readonly Issue[]): number {
  return issues.reduce((sum, i) => sum + frame + i.text.length + (i.expression?.length ?? 0), 0);
}

function sizeOfAll(versions: readonly Version[]): number {
  return versions.reduce((sum, { content }) => sum + frame + (content?.length ?? 0), 0);
}

/** The CapabilityStatement is one object for all who ask. */
const sizes = new WeakMap<object, number>();

function sizeOfMade(resource: object): number {
  const known = sizes.get(resource) ?? JSON.stringify(resource).length;
  sizes.set(resource, known);
  return known;
}
