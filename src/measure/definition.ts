import type { Coding, Expression, Extension, Measure, MeasureGroup, Period, Quantity } from '@medplum/fhirtypes';
import { Failure, failIfAny, type Issue, issue, type Outcome } from '#errors';
import { canonicalBase } from '#fhir/values/canonical.ts';
import type { ParameterValue } from './engine.ts';

const ours = `${canonicalBase}/StructureDefinition/`;

export interface Population {
  /** Of http://terminology.hl7.org/CodeSystem/measure-population. */
  readonly code: string;
  readonly text: string | undefined;
  readonly id: string | undefined;
  /** Name of the definition in the library. */
  readonly expression: string;
}

export interface MeasureTarget {
  readonly comparator: string;
  /** In per cent. */
  readonly value: Quantity;
  readonly period?: Period;
}

/** Where a CQL parameter gets its value: from the Measure, or from the references that an x-fhir-query finds. */
export type ParameterSource =
  | { readonly name: string; readonly value: ParameterValue }
  | { readonly name: string; readonly query: string };

/** Divides the residents into strata. */
export interface Stratifier {
  readonly code: MeasureGroup['code'];
  /** Name of the definition in the library. */
  readonly expression: string;
  /** Says that the strata are Organizations, each of which can report its own residents; one stratifier of a measure does. */
  readonly attribution: Attribution | undefined;
}

/** How the values of a stratifier lead to Organizations (cn-sh-attribution). */
export interface Attribution {
  /** What a value is: the code of an area that an Organization serves, or a reference to the Organization. */
  readonly values: 'area' | 'organization';
  /**
   * Which Organizations have a stratum, and the areas that each serves: those of a ConceptMap from areas to identifiers of
   * Organizations, or those that an x-fhir-query finds, by themselves or as managingOrganization of Locations.
   */
  readonly organizations: { readonly map: string } | { readonly query: string };
}

/** Which Groups count the official population (cn-sh-denominator-source): each a year, an age band and an area. */
export interface OfficialPopulation {
  readonly ageBand: Coding;
  /** The codes of the characteristics. */
  readonly characteristics: { readonly year: Coding; readonly ageBand: Coding; readonly area: Coding };
}

/** A Measure as the engine and the report read it (cn-sh-measure): one proportion. */
export interface MeasureDefinition {
  readonly id: string;
  readonly url: string;
  readonly version: string | undefined;
  readonly title: string | undefined;
  readonly improvementNotation: Measure['improvementNotation'];
  /** Canonical of the primary library. */
  readonly library: string;
  readonly group: { readonly id: string | undefined; readonly code: MeasureGroup['code'] };
  readonly populations: readonly Population[];
  readonly stratifiers: readonly Stratifier[];
  readonly targets: readonly MeasureTarget[];
  /** The official population that stands for initial population and denominator, if one does. */
  readonly officialPopulation: OfficialPopulation | undefined;
  readonly parameters: readonly ParameterSource[];
}

/** Reads a Measure. Whatever this server cannot evaluate in it is named, all at once. */
export function readMeasure(measure: Measure): Outcome<MeasureDefinition> {
  const issues: Issue[] = [];
  const name = measure.url ?? `Measure/${measure.id}`;
  const refuse: Refuse = (path, text) => {
    issues.push(issue('measure-not-evaluable', { text: `${name}: ${text}` }, path));
  };
  const [group, ...more] = measure.group ?? [];
  const [library, ...others] = measure.library ?? [];
  if (measure.scoring?.coding?.some((c) => c.code === 'proportion') !== true) {
    refuse('Measure.scoring', 'only scoring "proportion" is supported.');
  }
  if (group === undefined || more.length > 0) refuse('Measure.group', 'exactly one group is supported.');
  if (library === undefined || others.length > 0) refuse('Measure.library', 'exactly one library is supported.');
  const populations = (group?.population ?? []).map((p, i): Population => {
    const path = `Measure.group[0].population[${i}]`;
    const code = p.code?.coding?.find((c) => c.system === measurePopulation)?.code ?? '';
    if (!supported.has(code)) refuse(`${path}.code`, `population "${code}" is not one of a proportion measure.`);
    return { code, text: p.code?.text, id: p.id, expression: definitionName(p.criteria, `${path}.criteria`, refuse) };
  });
  for (const code of ['initial-population', 'denominator', 'numerator']) {
    if (populations.filter((p) => p.code === code).length !== 1) refuse('Measure.group[0]', `one ${code} is required.`);
  }
  const stratifiers = readStratifiers(group, refuse);
  const officialPopulation = readOfficialPopulation(measure, refuse);
  const failure = failIfAny(issues);
  if (failure instanceof Failure) return failure;
  return {
    id: measure.id ?? '',
    url: measure.url ?? name,
    version: measure.version,
    title: measure.title,
    improvementNotation: measure.improvementNotation,
    library: library ?? '',
    group: { id: group?.id, code: group?.code },
    populations,
    stratifiers,
    targets: extension(measure, 'cn-sh-measure-target').flatMap(targetOf),
    officialPopulation,
    parameters: extension(measure, 'cn-sh-measure-parameter').flatMap(parameterOf),
  };
}

export const measurePopulation = 'http://terminology.hl7.org/CodeSystem/measure-population';

const supported: ReadonlySet<string> = new Set([
  'initial-population',
  'denominator',
  'denominator-exclusion',
  'denominator-exception',
  'numerator',
  'numerator-exclusion',
]);

/** `text/cql` criteria are taken as the name of a definition too, quoted or not: logic belongs into the library. */
function definitionName(criteria: Expression | undefined, path: string, refuse: Refuse): string {
  const expression = criteria?.expression;
  // The types know R4's own three languages alone; the binding is extensible.
  const language: string | undefined = criteria?.language;
  if (language === 'text/cql-identifier' && expression !== undefined) return expression;
  if (language === 'text/cql' && expression !== undefined) return /^"(.*)"$/.exec(expression)?.[1] ?? expression;
  refuse(path, `criteria language "${language ?? ''}" is not supported; expected text/cql-identifier or text/cql.`);
  return '';
}

type Refuse = (path: string, text: string) => void;

function extension(of: { extension?: Extension[] }, name: string): Extension[] {
  return (of.extension ?? []).filter((e) => e.url === ours + name);
}

function part(of: Extension, url: string): Extension | undefined {
  return of.extension?.find((e) => e.url === url);
}

function targetOf(e: Extension): MeasureTarget[] {
  const comparator = part(e, 'comparator')?.valueCode;
  const value = part(e, 'value')?.valueQuantity;
  const period = part(e, 'effectivePeriod')?.valuePeriod;
  if (comparator === undefined || value?.value === undefined) return [];
  return [period === undefined ? { comparator, value } : { comparator, value, period }];
}

function readStratifiers(group: MeasureGroup | undefined, refuse: Refuse): Stratifier[] {
  const found = (group?.stratifier ?? []).map((s, i): Stratifier => {
    const path = `Measure.group[0].stratifier[${i}]`;
    const [attribution] = extension(s, 'cn-sh-attribution');
    if (s.component !== undefined) refuse(`${path}.component`, 'components of a stratifier are not supported.');
    return {
      code: s.code,
      expression: s.component === undefined ? definitionName(s.criteria, `${path}.criteria`, refuse) : '',
      attribution: attribution && readAttribution(attribution, `${path}.extension`, refuse),
    };
  });
  if (found.filter((s) => s.attribution !== undefined).length > 1) {
    refuse('Measure.group[0].stratifier', 'only one stratifier can say whose residents they are (cn-sh-attribution).');
  }
  return found;
}

function readAttribution(e: Extension, path: string, refuse: Refuse): Attribution | undefined {
  const values = part(e, 'values')?.valueCode;
  const map = part(e, 'map')?.valueCanonical;
  const query = part(e, 'query')?.valueString;
  if (values !== 'area' && values !== 'organization') {
    refuse(path, `values "${values ?? ''}" is not supported; expected area or organization.`);
  } else if (map !== undefined && query === undefined) return { values, organizations: { map } };
  else if (query !== undefined && map === undefined) return { values, organizations: { query } };
  else refuse(path, 'either a map or a query is required.');
  return undefined;
}

function readOfficialPopulation(measure: Measure, refuse: Refuse): OfficialPopulation | undefined {
  const [source] = extension(measure, 'cn-sh-denominator-source');
  if (source === undefined || part(source, 'source')?.valueCode !== 'groups') return undefined;
  const coding = (name: string): Coding => {
    const found = part(source, name)?.valueCoding;
    if (found?.code === undefined) refuse('Measure.extension', `the denominator source groups needs the code ${name}.`);
    return found ?? {};
  };
  return {
    ageBand: coding('ageBand'),
    characteristics: {
      year: coding('yearCharacteristic'),
      ageBand: coding('ageBandCharacteristic'),
      area: coding('areaCharacteristic'),
    },
  };
}

function parameterOf(e: Extension): ParameterSource[] {
  const name = part(e, 'name')?.valueString;
  const query = part(e, 'query')?.valueString;
  const value = part(e, 'value');
  if (name === undefined) return [];
  if (query !== undefined) return [{ name, query }];
  const quantity = value?.valueQuantity;
  if (quantity?.value !== undefined) return [{ name, value: { value: quantity.value, unit: quantity.code ?? '1' } }];
  const plain = value?.valueBoolean ?? value?.valueInteger ?? value?.valueDecimal ?? value?.valueString;
  return plain === undefined ? [] : [{ name, value: plain }];
}
