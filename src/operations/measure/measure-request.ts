import { Failure, fail, failIfAny, type Issue, issue, type Outcome } from '#errors';
import type { Clock } from '#fhir/values/dates.ts';
import { presentation } from '../request/parameters.ts';

/** What $evaluate-measure was asked (R4 measure-operation-evaluate-measure.html). */
export interface MeasureRequest {
  /** As given: a canonical, an id or `Measure/id`. */
  readonly measures: readonly string[];
  /** Milliseconds since 1970, half-open. */
  readonly period: { readonly start: number; readonly end: number };
  readonly reportType: 'subject' | 'subject-list' | 'population';
  /** The id of a Patient; there if and only if the reportType is `subject`. */
  readonly subject?: string;
  /** The id of an Organization. */
  readonly reporter?: string;
}

const names = ['measure', 'periodStart', 'periodEnd', 'subject', 'reportType', 'reporter'];
/** Parameters of R4 that this server cannot honour; ignoring them would answer another question. */
const unsupported: ReadonlySet<string> = new Set(['practitioner', 'lastReceivedOn']);
const reportTypes = ['subject', 'subject-list', 'population'] as const;

const maxParameters = 100;

/** Reads the parameters; every fault is named. On an instance the measure is the path's and no parameter. */
export function readMeasureRequest(
  clock: Clock,
  measureId: string | undefined,
  parameters: readonly (readonly [string, string])[],
): Outcome<MeasureRequest> {
  if (parameters.length > maxParameters) {
    const text = `The operation has ${parameters.length} parameters; at most ${maxParameters} are allowed.`;
    return fail('too-costly', { text });
  }
  const known = measureId === undefined ? names : names.slice(1);
  const issues: Issue[] = [];
  const given = new Map<string, string[]>();
  for (const [name, value] of parameters) {
    if (presentation.has(name)) continue;
    if (unsupported.has(name)) issues.push(issue('unsupported-operation-parameter', { found: name }));
    else if (!known.includes(name)) {
      issues.push(issue('unknown-operation-parameter', { found: name, expected: known.join(', ') }));
    } else if (given.get(name)?.push(value) === undefined) given.set(name, [value]);
  }
  const bad = (parameter: string, found: string, expected: string): void => {
    issues.push(issue('bad-parameter-value', { parameter, found, expected }));
  };
  const one = (name: string): string | undefined => {
    const values = given.get(name) ?? [];
    if (values.length > 1) bad(name, values.join(', '), 'one value');
    return values[0];
  };
  const idOf = (name: string, type: string): string | undefined => {
    const value = one(name);
    const id = value === undefined ? undefined : reference.exec(value);
    if (value !== undefined && (id === null || (id?.[1] !== undefined && id[1] !== `${type}/`))) {
      bad(name, value, `${type}/[id]`);
    }
    return id?.[2];
  };

  const measures = measureId === undefined ? [...new Set(given.get('measure') ?? [])] : [`Measure/${measureId}`];
  if (measures.length === 0) {
    issues.push(issue('missing-parameter', { parameter: 'measure', expected: 'a canonical, an id or Measure/[id]' }));
  }
  const period = readPeriod(clock, one, issues);
  const subject = idOf('subject', 'Patient');
  const reporter = idOf('reporter', 'Organization');
  const type = one('reportType') ?? (subject === undefined ? 'population' : 'subject');
  const reportType = reportTypes.find((t) => t === type);
  if (reportType === undefined) bad('reportType', type, reportTypes.join(', '));
  else if (reportType === 'subject' && !given.has('subject')) {
    issues.push(
      issue('missing-parameter', { parameter: 'subject', expected: 'Patient/[id], since reportType is subject' }),
    );
  } else if (reportType !== 'subject' && given.has('subject'))
    bad('reportType', type, 'subject, since a subject is given');
  if (reportType === 'subject' && reporter !== undefined) {
    bad('reporter', `Organization/${reporter}`, 'none, since the report is of one subject');
  }
  const failure = failIfAny(issues);
  if (failure instanceof Failure) return failure;
  return {
    measures,
    period,
    reportType: reportType ?? 'population',
    ...(subject !== undefined && { subject }),
    ...(reporter !== undefined && { reporter }),
  };
}

const reference = /^([A-Z][A-Za-z]+\/)?([A-Za-z0-9\-.]{1,64})$/;

/** Partial dates stand for whole years, months and days; the end is included, as in a Period. */
function readPeriod(
  clock: Clock,
  one: (name: string) => string | undefined,
  issues: Issue[],
): { readonly start: number; readonly end: number } {
  const expected = 'a date, e.g. 2025, 2025-12 or 2025-12-31';
  const read = (parameter: string) => {
    const text = one(parameter);
    const range = clock.range(text);
    if (text === undefined) issues.push(issue('missing-parameter', { parameter, expected }));
    else if (range === undefined) issues.push(issue('bad-parameter-value', { parameter, found: text, expected }));
    return { text: text ?? '', range };
  };
  const start = read('periodStart');
  const end = read('periodEnd');
  if (start.range !== undefined && end.range !== undefined && end.range.high <= start.range.low) {
    const after = `a date not before periodStart (${start.text})`;
    issues.push(issue('bad-parameter-value', { parameter: 'periodEnd', found: end.text, expected: after }));
  }
  return { start: start.range?.low ?? 0, end: end.range?.high ?? 0 };
}
