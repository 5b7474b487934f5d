import type { Bundle, MeasureReport } from '@medplum/fhirtypes';
import { Failure, fail, type Outcome } from '#errors';
import type { MeasureDefinition } from '#measure/definition.ts';
import { localDateTime } from '#measure/period.ts';
import { type MeasureMember, populationsOf } from '#measure/populations.ts';
import { measureReport } from '#measure/report.ts';
import { stratify } from '#measure/strata.ts';
import { type Caller, type Context, operation } from '../request/context.ts';
import { membersOf, subjectResult } from './evaluation.ts';
import { type MeasureRequest, measureParameters, measureRequest, measureRequestIssues } from './measure-request.ts';
import { loadOfficialPopulation } from './official-population.ts';
import { loadAttributions } from './organizations.ts';
import { type LoadedMeasure, loadMeasures } from './sources.ts';

/**
 * GET or POST Measure/[id]/$evaluate-measure and Measure/$evaluate-measure (R4). One measure gives a MeasureReport,
 * several a Bundle (collection) of one each, in the order asked for, from one pass over the residents.
 */
export const evaluateMeasure = operation({
  name: 'evaluate-measure',
  definition: 'http://hl7.org/fhir/OperationDefinition/Measure-evaluate-measure',
  levels: ['type', 'instance'],
  types: ['Measure'],
  affectsState: false,
  long: true,
  title: '评价指标 Evaluate a measure',
  documentation: 'Answers a MeasureReport, or a Bundle of them where several measures are asked for.',
  parameters: measureParameters,
  unsupported: ['practitioner', 'lastReceivedOn'],
  check: ({ clock }, input, given) => measureRequestIssues(clock, input, given),
  async handler(context, caller, { id, input, signal }) {
    const request = measureRequest(context.clock, id, input);
    const measures = await loadMeasures(context, caller, request.measures, id !== undefined);
    if (measures instanceof Failure) return measures;
    const reports =
      request.subject === undefined
        ? await populationReports(context, caller, request, measures, signal)
        : await subjectReports(context, caller, { ...request, subject: request.subject }, measures, signal);
    if (reports instanceof Failure) return reports;
    const [only, ...more] = reports;
    const resource = only !== undefined && more.length === 0 ? only : collectionOf(reports);
    return { kind: 'made', status: 200, resource };
  },
});

function collectionOf(reports: readonly MeasureReport[]): Bundle {
  return { resourceType: 'Bundle', type: 'collection', entry: reports.map((resource) => ({ resource })) };
}

/** What is the same in all reports of a request. The period's end is its last millisecond. */
function frame({ config }: Context, { period }: MeasureRequest) {
  const local = (ms: number): string => localDateTime(ms, config.timeZone);
  return { date: local(Date.now()), period: { start: local(period.start), end: local(period.end - 1) } };
}

async function subjectReports(
  context: Context,
  caller: Caller,
  request: MeasureRequest & { readonly subject: string },
  measures: readonly LoadedMeasure[],
  signal: AbortSignal | undefined,
): Promise<Outcome<MeasureReport[]>> {
  const result = await subjectResult(context, caller, measures, request.period, request.subject, signal);
  if (result instanceof Failure) return result;
  const reference = `Patient/${request.subject}`;
  if (result === undefined) {
    return fail('bad-parameter-value', {
      parameter: 'subject',
      found: reference,
      expected: 'a Patient of this server',
    });
  }
  return measures.map(({ definition }, i) => {
    const { bits = 0, evaluated = [] } = result.byMeasure[i] ?? {};
    return measureReport(definition, {
      ...frame(context, request),
      type: 'individual',
      counts: populationsOf(definition, bits).map(Number),
      denominatorUsed: 'patients',
      subject: { reference },
      evaluated,
    });
  });
}

async function populationReports(
  context: Context,
  caller: Caller,
  request: MeasureRequest,
  measures: readonly LoadedMeasure[],
  signal: AbortSignal | undefined,
): Promise<Outcome<MeasureReport[]>> {
  const definitions = measures.map((m) => m.definition);
  const attributions = await loadAttributions(context, caller, definitions, request.reporter);
  if (attributions instanceof Failure) return attributions;
  const members = await membersOf(context, caller, measures, request.period, signal);
  if (members instanceof Failure) return members;
  const shared = frame(context, request);
  const year = Number(shared.period.end.slice(0, 4));
  const reports: MeasureReport[] = [];
  for (const [i, { attributed, reporter }] of attributions.entries()) {
    const definition = definitions[i];
    if (definition === undefined) continue;
    const { officialPopulation } = definition;
    const official =
      officialPopulation && (await loadOfficialPopulation(context, caller, officialPopulation, year, attributed));
    const found = stratify({ definition, attributed, official }, members[i] ?? [], reporter?.within);
    reports.push(
      measureReport(definition, {
        ...shared,
        type: request.reportType === 'subject-list' ? 'subject-list' : 'summary',
        counts: found.counts,
        denominatorUsed: found.denominatorUsed,
        strata: found.strata,
        ...(reporter !== undefined && { reporter: reporter.reference }),
        ...(request.reportType === 'subject-list' && { subjects: subjects(definition, found.members) }),
      }),
    );
  }
  return reports;
}

/** For each population, the Patients in it. */
function subjects(definition: MeasureDefinition, members: readonly MeasureMember[]): string[][] {
  const lists = definition.populations.map((): string[] => []);
  for (const { patient, bits } of members) {
    for (const [i, within] of populationsOf(definition, bits).entries()) if (within) lists[i]?.push(patient);
  }
  return lists;
}
