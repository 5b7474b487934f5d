import type { Coding, Expression, Extension, Measure, MeasureGroup, Period, Quantity } from '@medplum/fhirtypes';
import { Failure, failIfAny, type Issue, issue, type Outcome } from '#errors';
import type { ParameterValue } from './engine.ts';

const ours = 'https://fhir.changning.example/StructureDefinition/';

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
  readonly centre: { readonly code: MeasureGroup['code']; readonly expression: string };
  readonly targets: readonly MeasureTarget[];
  /** The age band of the official population that stands for initial population and denominator, if it does. */
  readonly officialAgeBand: string | undefined;
  readonly attribution: 'residence' | 'managing-organization';
  readonly parameters: readonly ParameterSource[];
}

/** Reads a Measure. Whatever this server cannot evaluate in it is named, all at once. */
export function readMeasure(measure: Measure): Outcome<MeasureDefinition> {
  const issues: Issue[] = [];
  const name = measure.url ?? `Measure/${measure.id}`;
  const refuse = (path: string, text: string): void => {
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
  const stratifier = group?.stratifier?.[0];
  if (stratifier === undefined)
    refuse('Measure.group[0].stratifier', 'a stratifier that gives the centre is required.');
  const centre = {
    code: stratifier?.code,
    expression: definitionName(stratifier?.criteria, 'Measure.group[0].stratifier[0].criteria', refuse),
  };
  const attribution = extension(measure, 'cn-sh-attribution')[0]?.valueCode;
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
    centre,
    targets: extension(measure, 'cn-sh-measure-target').flatMap(targetOf),
    officialAgeBand: officialAgeBand(measure),
    attribution: attribution === 'managing-organization' ? attribution : 'residence',
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
function definitionName(
  criteria: Expression | undefined,
  path: string,
  refuse: (path: string, text: string) => void,
): string {
  const expression = criteria?.expression;
  // The types know R4's own three languages alone; the binding is extensible.
  const language: string | undefined = criteria?.language;
  if (language === 'text/cql-identifier' && expression !== undefined) return expression;
  if (language === 'text/cql' && expression !== undefined) return /^"(.*)"$/.exec(expression)?.[1] ?? expression;
  refuse(path, `criteria language "${language ?? ''}" is not supported; expected text/cql-identifier or text/cql.`);
  return '';
}

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

function officialAgeBand(measure: Measure): string | undefined {
  const [source] = extension(measure, 'cn-sh-denominator-source');
  if (source === undefined || part(source, 'source')?.valueCode !== 'groups') return undefined;
  const band: Coding | undefined = part(source, 'ageBand')?.valueCoding;
  return band?.code ?? 'all';
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
