import type {
  Extension,
  List,
  MeasureReport,
  MeasureReportGroup,
  MeasureReportGroupPopulation,
  MeasureReportGroupStratifier,
  MeasureReportGroupStratifierStratum,
  Quantity,
  Reference,
} from '@medplum/fhirtypes';
import { type MeasureDefinition, type MeasureTarget, measurePopulation } from './definition.ts';
import { type Counts, type Ratio, ratio } from './populations.ts';

const ours = 'https://fhir.changning.example/StructureDefinition/';

/** A stratum of the stratifier `centre`. */
export interface CentreCounts {
  readonly name: string;
  /** The organisation code; absent for a centre that is not known by one. */
  readonly code: string | undefined;
  readonly counts: Counts;
}

export interface ReportContent {
  readonly type: MeasureReport['type'];
  /** Of the whole district, of one centre or of one resident. */
  readonly counts: Counts;
  readonly denominatorUsed: 'groups' | 'patients';
  /** Local times with offset; both are within the period. */
  readonly period: { readonly start: string; readonly end: string };
  readonly date: string;
  readonly reporter?: Reference;
  readonly subject?: Reference;
  readonly centres?: readonly CentreCounts[];
  /** For each population, the ids of the Patients in it. */
  readonly subjects?: readonly (readonly string[])[];
  /** Versioned references. */
  readonly evaluated?: readonly string[];
}

/** The MeasureReport (R4) of one measure. */
export function measureReport(definition: MeasureDefinition, content: ReportContent): MeasureReport {
  const lists = (content.subjects ?? []).map((ids, i) => subjectList(definition, i, ids, content.date));
  const { url, version, improvementNotation } = definition;
  return {
    resourceType: 'MeasureReport',
    ...(lists.length > 0 && { contained: lists }),
    status: 'complete',
    type: content.type,
    measure: version === undefined ? url : `${url}|${version}`,
    ...(content.subject !== undefined && { subject: content.subject as MeasureReport['subject'] & object }),
    date: content.date,
    ...(content.reporter !== undefined && { reporter: content.reporter as MeasureReport['reporter'] & object }),
    period: content.period,
    ...(improvementNotation !== undefined && { improvementNotation }),
    group: [group(definition, content, lists)],
    ...(content.evaluated !== undefined &&
      content.evaluated.length > 0 && { evaluatedResource: content.evaluated.map((reference) => ({ reference })) }),
  };
}

function group(definition: MeasureDefinition, content: ReportContent, lists: readonly List[]): MeasureReportGroup {
  const { id, code } = definition.group;
  const { counts, period } = content;
  const individual = content.type === 'individual';
  const populations = populationsIn(definition, counts).map((p, i) => {
    const list = lists[i];
    return list === undefined ? p : { ...p, subjectResults: { reference: `#${list.id}` } };
  });
  const stratum = (c: CentreCounts): MeasureReportGroupStratifierStratum => ({
    ...asExtension(targetMet(definition, c.counts, period)),
    value: { ...(c.code !== undefined && { coding: [{ system: organizationCode, code: c.code }] }), text: c.name },
    // Element ids stand once in a resource: at the group's own populations.
    population: populationsIn(definition, c.counts).map(({ id: _, ...p }) => p),
    measureScore: measureScore(definition, c.counts),
  });
  const { centres } = content;
  // FHIR knows no empty lists and objects (R4 json.html), and a store may have no resident.
  const stratifier: MeasureReportGroupStratifier = {
    ...(centres !== undefined && definition.centre.code !== undefined && { code: [definition.centre.code] }),
    ...(centres !== undefined && centres.length > 0 && { stratum: centres.map(stratum) }),
  };
  const used: Extension = { url: `${ours}cn-sh-denominator-used`, valueCode: content.denominatorUsed };
  const met = individual ? [] : targetMet(definition, counts, period);
  return {
    ...(id !== undefined && { id }),
    extension: [...met, used],
    ...(code !== undefined && { code }),
    population: populations,
    ...(!individual && { measureScore: measureScore(definition, counts) }),
    ...(Object.keys(stratifier).length > 0 && { stratifier: [stratifier] }),
  };
}

const organizationCode = 'urn:oid:2.16.156.10011.1.5';

function asExtension(extension: Extension[]): { extension?: Extension[] } {
  return extension.length === 0 ? {} : { extension };
}

function populationsIn(definition: MeasureDefinition, counts: Counts): MeasureReportGroupPopulation[] {
  return definition.populations.map((p, i) => ({
    ...(p.id !== undefined && { id: p.id }),
    code: { coding: [{ system: measurePopulation, code: p.code }], ...(p.text !== undefined && { text: p.text }) },
    count: counts[i] ?? 0,
  }));
}

/** A ratio from 0 to 1, in UCUM unit 1; with a data-absent-reason in place of a value if nobody is in the denominator. */
function measureScore(definition: MeasureDefinition, counts: Counts): Quantity {
  const found = ratio(definition, counts);
  const value = found && found.numerator / found.denominator;
  if (value !== undefined) return { value, unit: '1', system: 'http://unitsofmeasure.org', code: '1' };
  const url = 'http://hl7.org/fhir/StructureDefinition/data-absent-reason';
  return { extension: [{ url, valueCode: 'not-applicable' }] };
}

/** Whether the unrounded ratio reaches the target; `met` is absent where there is no ratio. */
function targetMet(definition: MeasureDefinition, counts: Counts, period: ReportContent['period']): Extension[] {
  const found = ratio(definition, counts);
  return definition.targets
    .filter((t) => applies(t, period))
    .map((t) => ({
      url: `${ours}cn-sh-target-met`,
      extension: [
        { url: 'comparator', valueCode: t.comparator },
        { url: 'target', valueQuantity: t.value },
        ...(found === undefined ? [] : [{ url: 'met', valueBoolean: reaches(found, t) }]),
      ],
    }));
}

/** Compared in whole numbers, so that 16 of 25 reach 64 %. */
function reaches(
  { numerator, denominator }: Ratio,
  { comparator, value: { value: target = 0 } }: MeasureTarget,
): boolean {
  const [left, right] = [numerator * 100, target * denominator];
  return comparator === 'eq' ? left === right : left >= right;
}

/** A target counts for the periods whose last day is within its own. */
function applies({ period }: MeasureTarget, { end }: ReportContent['period']): boolean {
  const day = end.slice(0, 10);
  return (period?.start ?? '') <= day && (period?.end === undefined || day.slice(0, period.end.length) <= period.end);
}

function subjectList(definition: MeasureDefinition, i: number, ids: readonly string[], date: string): List {
  return {
    resourceType: 'List',
    id: definition.populations[i]?.code ?? `population-${i}`,
    status: 'current',
    mode: 'snapshot',
    date,
    ...(ids.length > 0 && { entry: ids.map((id) => ({ item: { reference: `Patient/${id}` } })) }),
  };
}
