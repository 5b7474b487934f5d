import { type Issue, issue } from '#errors';
import type { Clock } from '#fhir/values/dates.ts';
import type { GivenArguments } from '../request/context.ts';
import type { OperationParameter } from '../request/operation.ts';
import type { OperationInput } from '../request/operation-input.ts';

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

const reportTypes = ['subject', 'subject-list', 'population'] as const;

/**
 * The parameters of R4's definition, and `reporter`. `practitioner` and `lastReceivedOn` are not served. Where R4 has a date, a time is
 * understood too.
 */
export const measureParameters = [
  {
    name: 'measure',
    use: 'in',
    min: 1,
    max: '*',
    type: 'string',
    levels: ['type'],
    documentation: 'a canonical, an id or Measure/[id]',
  },
  {
    name: 'periodStart',
    use: 'in',
    min: 1,
    max: 1,
    type: 'dateTime',
    documentation: 'a date, e.g. 2025, 2025-01 or 2025-01-01',
  },
  {
    name: 'periodEnd',
    use: 'in',
    min: 1,
    max: 1,
    type: 'dateTime',
    documentation: 'a date, included, e.g. 2025, 2025-12 or 2025-12-31',
  },
  {
    name: 'subject',
    use: 'in',
    min: 0,
    max: 1,
    type: 'string',
    documentation: 'Patient/[id]; only with the reportType subject',
  },
  {
    name: 'reportType',
    use: 'in',
    min: 0,
    max: 1,
    type: 'code',
    documentation: 'subject, subject-list or population',
  },
  {
    name: 'reporter',
    use: 'in',
    min: 0,
    max: 1,
    type: 'string',
    documentation: 'Organization/[id]: the residents of that centre alone',
  },
  {
    name: 'return',
    use: 'out',
    min: 1,
    max: 1,
    type: 'Resource',
    documentation: 'a MeasureReport, or a Bundle of them where several measures are asked for',
  },
] as const satisfies readonly OperationParameter[];

type MeasureInput = OperationInput<typeof measureParameters>;

/** What is wrong with the parameters together, as far as they could be read. */
export function measureRequestIssues(
  clock: Clock,
  input: Partial<MeasureInput>,
  given: GivenArguments,
): readonly Issue[] {
  const issues: Issue[] = [];
  const bad = (parameter: string, found: string, expected: string): void => {
    issues.push(issue('bad-parameter-value', { parameter, found, expected }, given.get(parameter)));
  };
  const { periodStart, periodEnd, subject, reporter } = input;
  if (periodStart !== undefined && periodEnd !== undefined) {
    const { start, end } = periodOf(clock, periodStart, periodEnd);
    if (end <= start) bad('periodEnd', periodEnd, `a date not before periodStart (${periodStart})`);
  }
  if (subject !== undefined && idOf(subject, 'Patient') === undefined) bad('subject', subject, 'Patient/[id]');
  const reporterId = idOf(reporter, 'Organization');
  if (reporter !== undefined && reporterId === undefined) bad('reporter', reporter, 'Organization/[id]');
  const hasSubject = given.has('subject');
  const type = input.reportType ?? (hasSubject ? 'subject' : 'population');
  if (!isReportType(type)) bad('reportType', type, reportTypes.join(', '));
  else if (type === 'subject' && !hasSubject) {
    const expected = 'Patient/[id], since reportType is subject';
    issues.push(issue('missing-parameter', { parameter: 'subject', expected }));
  } else if (type !== 'subject' && hasSubject) bad('reportType', type, 'subject, since a subject is given');
  if (type === 'subject' && reporterId !== undefined) {
    bad('reporter', `Organization/${reporterId}`, 'none, since the report is of one subject');
  }
  return issues;
}

/** What the parameters say together, if nothing is wrong with them. On an instance the measure is the path's. */
export function measureRequest(clock: Clock, measureId: string | undefined, input: MeasureInput): MeasureRequest {
  const type = input.reportType ?? (input.subject === undefined ? 'population' : 'subject');
  const subject = idOf(input.subject, 'Patient');
  const reporter = idOf(input.reporter, 'Organization');
  return {
    measures: measureId === undefined ? [...new Set(input.measure)] : [`Measure/${measureId}`],
    period: periodOf(clock, input.periodStart, input.periodEnd),
    reportType: isReportType(type) ? type : 'population',
    ...(subject !== undefined && { subject }),
    ...(reporter !== undefined && { reporter }),
  };
}

function isReportType(text: string): text is MeasureRequest['reportType'] {
  return (reportTypes as readonly string[]).includes(text);
}

const reference = /^([A-Z][A-Za-z]+\/)?([A-Za-z0-9\-.]{1,64})$/;

/** The id in `[type]/[id]` or `[id]`; undefined if it is neither. */
function idOf(text: string | undefined, type: string): string | undefined {
  const [, prefix, id] = reference.exec(text ?? '') ?? [];
  return prefix === undefined || prefix === `${type}/` ? id : undefined;
}

/** Partial dates stand for whole years, months and days; the end is included, as in a Period. */
function periodOf(clock: Clock, periodStart: string, periodEnd: string): MeasureRequest['period'] {
  return { start: clock.range(periodStart)?.low ?? 0, end: clock.range(periodEnd)?.high ?? 0 };
}
