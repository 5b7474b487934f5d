import type { Step } from './suite.ts';

type Headers = Readonly<Record<string, string>>;

const step =
  (method: string) =>
  (path: string, headers: Headers = {}): Step => ({ method, path, headers });
const stepWith =
  (method: string) =>
  (path: string, body: unknown, headers: Headers = {}): Step => ({ method, path, body, headers });

export const get = step('GET');
export const head = step('HEAD');
export const del = step('DELETE');
export const post = stepWith('POST');
export const put = stepWith('PUT');

/** R4 http.html#patch: a JSON Patch (RFC 6902). */
export const patch = (path: string, operations: unknown, headers: Headers = {}): Step =>
  stepWith('PATCH')(path, operations, { 'content-type': 'application/json-patch+json', ...headers });

/** One operation of a FHIRPath Patch (R4 fhirpatch.html). */
export function operation(type: string, path: string, more: Readonly<Record<string, unknown>> = {}) {
  const part = [
    { name: 'type', valueCode: type },
    { name: 'path', valueString: path },
    ...Object.entries(more).map(([name, value]) => ({ name, ...(value as object) })),
  ];
  return { name: 'operation', part };
}

export const parameters = (...parameter: unknown[]) => ({ resourceType: 'Parameters', parameter });

export const fhirPatch = (path: string, ...operations: unknown[]): Step =>
  stepWith('PATCH')(path, parameters(...operations), { 'content-type': 'application/fhir+json' });

export const form = (path: string, body: string, headers: Headers = {}): Step =>
  stepWith('POST')(path, body, { 'content-type': 'application/x-www-form-urlencoded', ...headers });

/** A Patient of one case alone: its id and its identifier are the case's. */
export const person = {
  resourceType: 'Patient',
  id: '{own}',
  identifier: [{ system: 'urn:example:own', value: '{own}' }],
  name: [{ text: '张三' }],
  gender: 'male',
  birthDate: '1950-01-02',
} as const;

/** The same without an id. */
export const { id: _, ...anonymous } = person;

export const woman = { ...person, gender: 'female' } as const;

/** The search that finds the case's Patients. */
export const criteria = 'identifier=urn:example:own|{own}';

/** One Patient, changed, deleted; two that the criteria match. */
export const stored = put('/Patient/{own}', person);
export const changed = put('/Patient/{own}', woman);
export const gone = del('/Patient/{own}');
export const twins = ['{own}-a', '{own}-b'].map((id) => put(`/Patient/${id}`, { ...person, id }));

export const observation = (subject: unknown, more: object = {}) => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  subject,
  ...more,
});

/** A measurement whose digits must not change. */
export const measured = {
  ...observation({ reference: 'Patient/{own}' }),
  id: '{own}',
  valueQuantity: { value: 1, unit: 'kg' },
};
export const measuredText = JSON.stringify(measured).replace('"value":1,', '"value":1.00,');

export const bundle = (type: string, ...entry: unknown[]) => ({ resourceType: 'Bundle', type, entry });

/** The statuses of a response bundle's entries. */
export const statuses = (...list: number[]) =>
  list.map((status) => ({ response: { status: new RegExp(`^${status}\\b`) } }));

/** An issue as R4 and our catalogue tell it. */
export const issue = (
  code: string | RegExp,
  details: string | undefined,
  diagnostics: string | RegExp,
  expression?: string | RegExp,
) => ({ code, details, diagnostics, expression });

export const notFound = issue('not-found', 'not-found', 'Patient/{own} does not exist');
export const deleted = issue('deleted', 'deleted', 'Patient/{own} was deleted');
export const conflict = issue('conflict', 'version-conflict', /version \d.*expected/);
export const noVersion = issue('conflict', 'version-conflict', /expected/);
export const manyMatches = issue('multiple-matches', 'criteria-many-matches', /match several/);
export const emptyCriteria = issue(/^(value|required)$/, 'criteria-empty', /no search parameter/);
export const unknownParameter = issue('invalid', 'unknown-parameter', /"colour" is not defined.*expected/);
export const invalidGender = issue('code-invalid', 'code-not-in-value-set', /gender is "?m"?.*male/, 'Patient.gender');

/** What an OperationOutcome of a success holds: no error. */
export const harmless = {
  resourceType: 'OperationOutcome',
  issue: (list: { severity: string }[]) =>
    list.length > 0 && list.every((i) => /^(warning|information)$/.test(i.severity)),
};
export const imfDate =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT$/;

/** An entry of a bundle that asks for something; `more` are further elements of its request. */
export const asks = (
  method: string,
  url: string,
  resource?: unknown,
  more: Readonly<Record<string, unknown>> = {},
) => ({
  ...(resource !== undefined && { resource }),
  request: { method, url, ...more },
});
export const transaction = (...entry: unknown[]): Step => post('', bundle('transaction', ...entry));
export const batch = (...entry: unknown[]): Step => post('', bundle('batch', ...entry));
/** A JSON Patch as an entry of a bundle carries it. */
export const patchEntry = (url: string, operations: unknown, more: Readonly<Record<string, unknown>> = {}) =>
  asks(
    'PATCH',
    url,
    {
      resourceType: 'Binary',
      contentType: 'application/json-patch+json',
      data: Buffer.from(JSON.stringify(operations)).toString('base64'),
    },
    more,
  );
