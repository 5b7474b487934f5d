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
import { canonicalBase } from '#fhir/values/canonical.ts';
import { type MeasureDefinition, type MeasureTarget, measurePopulation, type Stratifier } from './definition.ts';
import { type Counts, type Ratio, ratio } from './populations.ts';
import type { DenominatorSource, Stratum } from './strata.ts';

const ours = `${canonicalBase}/StructureDefinition/`;

export interface ReportContent {
  readonly type: MeasureReport['type'];
  /** Of everybody, of the reporter's residents or of one resident. */
  readonly counts: Counts;
  readonly denominatorUsed: DenominatorSource;
  /** Local times with offset; both are within the period. */
  readonly period: { readonly start: string; readonly end: string };
  readonly date: string;
  readonly reporter?: Reference;
  readonly subject?: Reference;
  /** By stratifier of the measure; one that is undefined is left out. */
  readonly strata?: readonly (readonly Stratum[] | undefined)[];
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
  const stratifiers = definition.stratifiers.flatMap(({ code }, i) => stratifier(definition, content, code, i));
  const met = individual ? [] : targetMet(definition, counts, period);
  return {
    ...(id !== undefined && { id }),
    extension: [...met, denominatorUsed(content)],
    ...(code !== undefined && { code }),
    population: populations,
    ...(!individual && { measureScore: measureScore(definition, counts) }),
    ...(stratifiers.length > 0 && { stratifier: stratifiers }),
  };
}

/** FHIR knows no empty lists and objects (R4 json.html), and a store may have no resident. */
function stratifier(
  definition: MeasureDefinition,
  content: ReportContent,
  code: Stratifier['code'],
  i: number,
): MeasureReportGroupStratifier[] {
  const strata = content.strata?.[i];
  if (strata === undefined || (strata.length === 0 && code === undefined)) return [];
  const stratum = (s: Stratum): MeasureReportGroupStratifierStratum => ({
    ...asExtension([
      ...targetMet(definition, s.counts, content.period),
      ...(s.denominatorUsed === content.denominatorUsed ? [] : [denominatorUsed(s)]),
    ]),
    value: s.value,
    // Element ids stand once in a resource: at the group's own populations.
    population: populationsIn(definition, s.counts).map(({ id: _, ...p }) => p),
    measureScore: measureScore(definition, s.counts),
  });
  return [{ ...(code !== undefined && { code: [code] }), ...(strata.length > 0 && { stratum: strata.map(stratum) }) }];
}

function denominatorUsed({ denominatorUsed: valueCode }: Pick<ReportContent, 'denominatorUsed'>): Extension {
  return { url: `${ours}cn-sh-denominator-used`, valueCode };
}

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
