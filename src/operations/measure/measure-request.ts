import { Failure, failIfAny, type Issue, issue, type Outcome } from '#errors';
import type { Clock } from '#fhir/values/dates.ts';
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

/** What the parameters say together; every fault is named. On an instance the measure is the path's. */
export function readMeasureRequest(
  clock: Clock,
  measureId: string | undefined,
  input: OperationInput<typeof measureParameters>,
): Outcome<MeasureRequest> {
  const issues: Issue[] = [];
  const bad = (parameter: string, found: string, expected: string): void => {
    issues.push(issue('bad-parameter-value', { parameter, found, expected }));
  };
  const idOf = (name: 'subject' | 'reporter', type: string): string | undefined => {
    const value = input[name];
    const id = value === undefined ? undefined : reference.exec(value);
    if (value !== undefined && (id === null || (id?.[1] !== undefined && id[1] !== `${type}/`))) {
      bad(name, value, `${type}/[id]`);
    }
    return id?.[2];
  };

  const measures = measureId === undefined ? [...new Set(input.measure)] : [`Measure/${measureId}`];
  const period = readPeriod(clock, input, issues);
  const subject = idOf('subject', 'Patient');
  const reporter = idOf('reporter', 'Organization');
  const type = input.reportType ?? (subject === undefined ? 'population' : 'subject');
  const reportType = reportTypes.find((t) => t === type);
  if (reportType === undefined) bad('reportType', type, reportTypes.join(', '));
  else if (reportType === 'subject' && input.subject === undefined) {
    issues.push(
      issue('missing-parameter', { parameter: 'subject', expected: 'Patient/[id], since reportType is subject' }),
    );
  } else if (reportType !== 'subject' && input.subject !== undefined)
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
  { periodStart, periodEnd }: Pick<OperationInput<typeof measureParameters>, 'periodStart' | 'periodEnd'>,
  issues: Issue[],
): { readonly start: number; readonly end: number } {
  const start = clock.range(periodStart)?.low ?? 0;
  const end = clock.range(periodEnd)?.high ?? 0;
  if (end <= start) {
    const expected = `a date not before periodStart (${periodStart})`;
    issues.push(issue('bad-parameter-value', { parameter: 'periodEnd', found: periodEnd, expected }));
  }
  return { start, end };
}
