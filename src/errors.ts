/**
 * Expected failures. They are values (`Failure`), never exceptions; an exception that reaches http is a defect and answers
 * 500. What may fail, with which status and text, stands in error-catalogue.ts.
 */

import { catalogue } from '#error-catalogue';
import { mask } from '#resident-numbers';

export type ErrorCode = keyof typeof catalogue;

type Placeholders<T extends string> = T extends `${string}{${infer P}}${infer R}` ? P | Placeholders<R> : never;
/** The details that the text of an entry asks for, by name. */
export type Details<C extends ErrorCode> = Record<Placeholders<(typeof catalogue)[C]['text']>, string | number>;

export interface Issue {
  readonly severity: 'fatal' | 'error' | 'warning' | 'information';
  readonly code: ErrorCode;
  readonly text: string;
  /** FHIRPath of the element, e.g. `Patient.identifier[0].value`. */
  readonly expression?: string;
}

/** What a function returns instead of its result when the request cannot be met. Holds every problem found. */
export class Failure {
  readonly issues: readonly [Issue, ...Issue[]];
  constructor(issues: readonly [Issue, ...Issue[]]) {
    this.issues = issues;
  }
  /** The HTTP status of the first error. */
  get status(): number {
    const first = this.issues.find((i) => i.severity === 'error' || i.severity === 'fatal') ?? this.issues[0];
    return catalogue[first.code].status;
  }
}

/** Either a result or the failure in its place; tell them apart with `instanceof Failure`. */
export type Outcome<T> = T | Failure;

/** What a value of the client's JSON is, for a text: of objects and lists only that they are. */
export function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

/** One issue of the catalogue. Details are masked and cut to 200 characters each, the expression to 1,000: keys are the client's. */
export function issue<C extends ErrorCode>(
  code: C,
  details: Details<C>,
  expression?: string,
  severity: Issue['severity'] = 'error',
): Issue {
  const values: Record<string, string | number> = details;
  const text = catalogue[code].text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = mask(String(values[name]));
    return value.length > 200 && name !== 'text' && name !== 'expected' ? `${value.slice(0, 200)}…` : value;
  });
  if (expression === undefined) return { severity, code, text };
  const place = mask(expression);
  return { severity, code, text, expression: place.length > 1000 ? `${place.slice(0, 1000)}…` : place };
}

/** A failure with one issue. */
export function fail<C extends ErrorCode>(code: C, details: Details<C>, expression?: string): Failure {
  return new Failure([issue(code, details, expression)]);
}

/** A failure of these issues if any of them is an error; else undefined. */
export function failIfAny(issues: readonly Issue[]): Failure | undefined {
  const [first, ...rest] = issues;
  if (first === undefined || !issues.some((i) => i.severity === 'error' || i.severity === 'fatal')) return undefined;
  return new Failure([first, ...rest]);
}
