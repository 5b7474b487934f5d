import type { Resource } from '@medplum/fhirtypes';
import { parseJson, stringify } from '#fhir/json/json.ts';
import { loadDefinitions } from '#fhir/model/definitions.ts';
import { readGuide } from '#terminology/guide.ts';
import { createValueSets } from '#terminology/value-sets.ts';
import { compileTypes, createValidator, type ValidatorOptions } from '#validation/validator.ts';

/** The repository's root. */
export const root = new URL('../../../', import.meta.url);
export const guide = readGuide(root);
export const valueSets = createValueSets(guide);
const types = compileTypes(loadDefinitions().structures());

/** `severity code expression` of each issue, in order: what the tables of the tests expect. */
export function checker(mode: ValidatorOptions['mode']): (resource: unknown) => string[] {
  const validate = createValidator({ types, guide, mode, valueSets });
  return (resource) => validate(asSent(resource)).map((i) => `${i.severity} ${i.code} ${i.expression}`);
}

/** The texts of the issues. */
export function teller(mode: ValidatorOptions['mode']): (resource: unknown) => string[] {
  const validate = createValidator({ types, guide, mode, valueSets });
  return (resource) => validate(asSent(resource)).map((i) => i.text);
}

/** As a client's JSON brings it: without keys that are undefined, and with the digits of numbers. */
function asSent(resource: unknown): Resource {
  return parseJson(stringify(resource), Number.POSITIVE_INFINITY) as Resource;
}

/** The host of the guide's canonical URLs. */
export const B = 'https://fhir.changning.example';

/** A resource that claims a profile of the guide. */
export function profiled(resourceType: string, profile: string, rest: object): Record<string, unknown> {
  return { resourceType, meta: { profile: [`${B}/StructureDefinition/${profile}`] }, ...rest };
}

export function extension(id: string, rest: object): object {
  return { url: `${B}/StructureDefinition/${id}`, ...rest };
}

export const loinc = (code: string) => ({ coding: [{ system: 'http://loinc.org', code }] });
export const quantity = (value: number, code: string) => ({
  value,
  unit: code,
  system: 'http://unitsofmeasure.org',
  code,
});

export type Case = readonly [name: string, resource: unknown, expected: string[]];

/** The table of a profile: the good resource, then what is changed in it. Each key of a change replaces the element. */
export function variants(good: Record<string, unknown>, changes: readonly [string, object, string[]][]): Case[] {
  return [
    ['good', good, []],
    ...changes.map(([name, change, expected]): Case => [name, { ...good, ...change }, expected]),
  ];
}
