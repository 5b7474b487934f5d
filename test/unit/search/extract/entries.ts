import type { Resource } from '@medplum/fhirtypes';
import t from 'tap';
import { loadDefinitions } from '#fhir/model/definitions.ts';
import { indexer } from '#search/extract/extract.ts';
import type { Entry } from '#search/model/entry.ts';

export const definitions = loadDefinitions();
const options = { timeZone: 'Asia/Shanghai', baseUrl: 'https://h.example/fhir' };
const index = indexer(definitions, options);

/** The index of what need not be a whole resource. */
export function record(resource: object) {
  return index(resource as Resource);
}

/** The entries of one parameter, without its code. */
export function entries(resource: object, param: string): Omit<Entry, 'param'>[] {
  return record(resource).entries.flatMap(({ param: p, ...rest }) => (p === param ? [rest] : []));
}

/** Resources with the entries that one parameter has of each. */
export function table(
  name: string,
  rows: readonly [resource: object, param: string, expected: readonly object[]][],
): void {
  t.test(name, async (t) => {
    for (const [resource, param, expected] of rows) {
      const { resourceType, ...rest } = resource as { resourceType: string };
      t.strictSame(entries(resource, param), expected, `${resourceType}?${param} of ${JSON.stringify(rest)}`);
    }
  });
}

export const patient = (fields: object) => ({ resourceType: 'Patient', ...fields });
export const observation = (fields: object) => ({ resourceType: 'Observation', ...fields });
export const token = (system: string, code: string) => ({ kind: 'token', system, code });
export const string = (value: string, exact: string) => ({ kind: 'string', value, exact });
export const date = (low: string, high: string) => ({ kind: 'date', low: Date.parse(low), high: Date.parse(high) });
