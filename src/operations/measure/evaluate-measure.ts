import type { Bundle, MeasureReport, Organization, Resource } from '@medplum/fhirtypes';
import { Failure, fail, type Outcome } from '#errors';
import type { MeasureDefinition } from '#measure/definition.ts';
import { localDateTime } from '#measure/period.ts';
import { type Counts, count, type MeasureMember, populationsOf, withOfficial } from '#measure/populations.ts';
import { type CentreCounts, measureReport, type ReportContent } from '#measure/report.ts';
import type { Caller, Context } from '../request/context.ts';
import { type Centre, loadCentres, type Official, officialPopulation } from './centres.ts';
import { membersOf, subjectResult } from './evaluation.ts';
import { type MeasureRequest, readMeasureRequest } from './measure-request.ts';
import { findResources, type LoadedMeasure, loadMeasures } from './sources.ts';

/**
 * GET or POST Measure/[id]/$evaluate-measure and Measure/$evaluate-measure (R4). One measure gives a MeasureReport,
 * several a Bundle (collection) of one each, in the order asked for, from one pass over the residents.
 */
export async function evaluateMeasure(
  context: Context,
  caller: Caller,
  input: { readonly measureId?: string; readonly parameters: readonly (readonly [string, string])[] },
): Promise<Outcome<Resource>> {
  const request = readMeasureRequest(context.clock, input.measureId, input.parameters);
  if (request instanceof Failure) return request;
  const measures = await loadMeasures(context, caller, request.measures, input.measureId !== undefined);
  if (measures instanceof Failure) return measures;
  const reports =
    request.subject === undefined
      ? await populationReports(context, caller, request, measures)
      : await subjectReports(context, caller, { ...request, subject: request.subject }, measures);
  if (reports instanceof Failure) return reports;
  const [only, ...more] = reports;
  if (only !== undefined && more.length === 0) return only;
  const bundle: Bundle = {
    resourceType: 'Bundle',
    type: 'collection',
    entry: reports.map((resource) => ({ resource })),
  };
  return bundle;
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
): Promise<Outcome<MeasureReport[]>> {
  const result = await subjectResult(context, caller, measures, request.period, request.subject);
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
    const { bits = 0, evaluated = [] } = result.standings[i] ?? {};
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
): Promise<Outcome<MeasureReport[]>> {
  const centres = await loadCentres(context, caller);
  const reporter = await readReporter(context, caller, request, centres);
  if (reporter instanceof Failure) return reporter;
  const members = await membersOf(context, caller, measures, request.period);
  if (members instanceof Failure) return members;
  const shared = frame(context, request);
  const official = await officialPopulation(context, caller, Number(shared.period.end.slice(0, 4)));
  return measures.map(({ definition }, i) => {
    const all = new District(definition, centres, members[i] ?? [], official);
    const found = reporter?.centre === undefined ? all.whole() : all.of(reporter.centre);
    const content: ReportContent = {
      ...shared,
      type: request.reportType === 'subject-list' ? 'subject-list' : 'summary',
      counts: found.counts,
      denominatorUsed: all.official === undefined ? 'patients' : 'groups',
      ...(reporter !== undefined && { reporter: reporter.reference }),
      ...(reporter?.centre === undefined && { centres: all.strata() }),
      ...(request.reportType === 'subject-list' && { subjects: subjects(definition, found.members) }),
    };
    return measureReport(definition, content);
  });
}

interface Reporter {
  readonly reference: { readonly reference: string; readonly display?: string };
  /** Undefined for the district itself. */
  readonly centre: Centre | undefined;
}

async function readReporter(
  context: Context,
  caller: Caller,
  { reporter }: MeasureRequest,
  centres: readonly Centre[],
): Promise<Outcome<Reporter | undefined>> {
  if (reporter === undefined) return undefined;
  const reference = `Organization/${reporter}`;
  const centre = centres.find((c) => c.id === reporter);
  if (centre !== undefined) return { reference: { reference, display: centre.name }, centre };
  const [found] = await findResources<Organization>(context, caller, 'Organization', { op: 'id', ids: [reporter] });
  if (found?.type?.some((t) => t.coding?.some((c) => c.code === 'bureau'))) {
    return { reference: { reference, ...(found.name !== undefined && { display: found.name }) }, centre: undefined };
  }
  const expected = `the district's bureau or one of ${centres.map((c) => `Organization/${c.id}`).join(', ')}`;
  return fail('bad-parameter-value', { parameter: 'reporter', found: reference, expected });
}

/** One measure's members, counted for the district and for each centre. */
class District {
  readonly official: Official | undefined;
  readonly #definition: MeasureDefinition;
  readonly #centres: readonly Centre[];
  readonly #members: readonly MeasureMember[];
  readonly #byCentre: ReadonlyMap<string, readonly MeasureMember[]>;

  constructor(
    definition: MeasureDefinition,
    centres: readonly Centre[],
    members: readonly MeasureMember[],
    official: (ageBand: string) => Official | undefined,
  ) {
    this.#definition = definition;
    this.#centres = centres;
    this.#members = members;
    this.official = definition.officialAgeBand === undefined ? undefined : official(definition.officialAgeBand);
    const byStreet = new Map(centres.flatMap((c) => c.streets.map((s) => [s, c.id])));
    const key = (centre: string | null): string =>
      definition.attribution === 'residence'
        ? (byStreet.get(centre ?? '') ?? centre ?? '')
        : (centre ?? '').replace(/^Organization\//, '');
    this.#byCentre = Map.groupBy(members, (m) => key(m.centre));
  }

  whole(): { counts: Counts; members: readonly MeasureMember[] } {
    const counts = count(this.#definition, this.#members);
    return { counts: this.#withOfficial(counts, this.official?.keys() ?? []), members: this.#members };
  }

  of(centre: Centre): { counts: Counts; members: readonly MeasureMember[] } {
    const members = this.#byCentre.get(centre.id) ?? [];
    return { counts: this.#withOfficial(count(this.#definition, members), centre.streets), members };
  }

  /** Every centre of the district, then whoever else residents are attributed to, so that the strata sum up. */
  strata(): CentreCounts[] {
    const known = this.#centres.map((c) => ({ name: c.name, code: c.code, counts: this.of(c).counts }));
    const ids = new Set(this.#centres.map((c) => c.id));
    const others = [...this.#byCentre].filter(([id]) => !ids.has(id)).sort(([a], [b]) => (a < b ? -1 : 1));
    return [
      ...known,
      ...others.map(([id, members]) => ({
        name: id === '' ? '未归属 Not attributed' : id,
        code: undefined,
        counts: this.#withOfficial(count(this.#definition, members), [id]),
      })),
    ];
  }

  #withOfficial(counts: Counts, streets: Iterable<string>): Counts {
    const { official } = this;
    if (official === undefined) return counts;
    const population = [...streets].reduce((sum, s) => sum + (official.get(s) ?? 0), 0);
    return withOfficial(this.#definition, counts, population);
  }
}

/** For each population, the Patients in it. */
function subjects(definition: MeasureDefinition, members: readonly MeasureMember[]): string[][] {
  const lists = definition.populations.map((): string[] => []);
  for (const { patient, bits } of members) {
    for (const [i, within] of populationsOf(definition, bits).entries()) if (within) lists[i]?.push(patient);
  }
  return lists;
}
