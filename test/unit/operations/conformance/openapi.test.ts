import { Validator } from '@seriousme/openapi-schema-validator';
import t from 'tap';
import { type Config, loadConfig } from '#config';
import { Failure } from '#errors';
import { loadDefinitions } from '#fhir/model/definitions.ts';
import { capabilities } from '#operations/conformance/capabilities.ts';
import { openApi } from '#operations/conformance/openapi.ts';
import { operations } from '#operations/operations.ts';
import { route } from '#operations/request/route.ts';

const definitions = loadDefinitions();

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly Reference[];
  readonly requestBody?: Reference;
  readonly responses: Readonly<Record<string, Reference>>;
}
interface Reference {
  readonly $ref: string;
  readonly name?: string;
  readonly in?: string;
}
interface Item extends Readonly<Record<string, unknown>> {
  readonly parameters: readonly Reference[];
}
interface Document {
  readonly paths: Readonly<Record<string, Item>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, Reference>>>>;
  readonly security: readonly unknown[];
  readonly tags: readonly { readonly name: string }[];
}

/** No guide. */
const profiles: ReadonlyMap<string, readonly string[]> = new Map();

function made(settings: Record<string, string> = {}): { readonly document: Document; readonly config: Config } {
  const config = loadConfig({ HUFHIR_AUTH: 'off', ...settings });
  if (config instanceof Failure) throw new Error(config.issues.map((i) => i.text).join(' '));
  return { config, document: JSON.parse(JSON.stringify(openApi({ config, definitions, profiles, operations }))) };
}

const { document, config } = made();
const methods = ['get', 'post', 'put', 'patch', 'delete'];
const all = Object.entries(document.paths).flatMap(([path, item]) =>
  methods.flatMap((method) => {
    const operation = item[method] as Operation | undefined;
    return operation === undefined ? [] : [{ path, method, item, operation }];
  }),
);

const names = (operations: readonly (typeof all)[number][]) => operations.map((o) => `${o.method} ${o.path}`);

function component({ $ref }: Reference): Reference {
  const [, , section = '', name = ''] = $ref.split('/');
  const found = document.components[section]?.[name];
  if (found === undefined) throw new Error(`${$ref} leads nowhere`);
  return found;
}

/** The parameters of an operation, those of its path with them. */
function parametersOf(path: string, method: string): Reference[] {
  const item = document.paths[path];
  const { parameters = [] } = (item?.[method] ?? {}) as Partial<Operation>;
  return [...(item?.parameters ?? []), ...parameters].map((p) => ('$ref' in p ? component(p) : p));
}

t.test('the document is valid OpenAPI 3.1', async (t) => {
  const { valid, errors } = await new Validator().validate(JSON.parse(JSON.stringify(document)));
  t.ok(valid, JSON.stringify(errors)?.slice(0, 2000));
  const bytes = Buffer.byteLength(JSON.stringify(document));
  t.ok(bytes < 2_000_000, `${bytes} bytes`);
});

t.test('its parts fit', async (t) => {
  const referred = new Set(JSON.stringify(document).match(/#\/components\/[^"]+/g));
  const held = new Set(
    Object.entries(document.components).flatMap(([section, parts]) =>
      Object.keys(parts).map((name) => `#/components/${section}/${name}`),
    ),
  );
  t.same([...referred.difference(held)], [], 'every reference leads somewhere');
  t.same([...held.difference(referred)], [], 'every component is referred to');
  const ids = all.map(({ operation }) => operation.operationId);
  t.equal(new Set(ids).size, ids.length, 'operationIds are unique');
  const tags = new Set(document.tags.map((tag) => tag.name));
  const unfit = all.filter(({ path, method, operation }) => {
    const parameters = parametersOf(path, method);
    const keys = parameters.map((p) => `${p.in} ${p.name}`);
    const inPath = parameters.filter((p) => p.in === 'path').map((p) => `{${p.name}}`);
    return (
      new Set(keys).size < keys.length ||
      (path.match(/\{\w+\}/g) ?? []).join() !== inPath.join() ||
      operation.tags.some((tag) => !tags.has(tag))
    );
  });
  t.same(names(unfit), [], 'parameters stand once, those of the path are declared, tags are known');
});

t.test('every path and method is one of the server', async (t) => {
  const places: Readonly<Record<string, string>> = {
    type: 'Patient',
    id: '1',
    version: '2',
    job: 'j',
    member: 'Observation',
  };
  const unknown = all.filter(({ path, method }) => {
    const filled = path.slice(1).replace(/\{(\w+)\}/g, (_, name: string) => places[name] ?? '');
    return route(definitions, method.toUpperCase(), filled) instanceof Failure;
  });
  t.same(names(unknown), []);
  t.ok(all.length > 146 * 13, `${all.length} operations`);
});

t.test('it agrees with the CapabilityStatement', async (t) => {
  const [rest] = capabilities({ config, definitions, profiles, operations }).rest ?? [];
  const places: Readonly<Record<string, string>> = {
    read: 'get /{id}',
    vread: 'get /{id}/_history/{version}',
    update: 'put /{id}',
    patch: 'patch /{id}',
    delete: 'delete /{id}',
    'history-instance': 'get /{id}/_history',
    'history-type': 'get /_history',
    create: 'post ',
    'search-type': 'get ',
  };
  const held = new Set(names(all));
  const missing = (rest?.resource ?? []).flatMap(({ type, interaction = [], searchParam = [] }) => {
    const expected = interaction.map(({ code }) => (places[code ?? ''] ?? String(code)).replace(' ', ` /${type}`));
    const queried = new Set(parametersOf(`/${type}`, 'get').map((p) => p.name));
    const unasked = searchParam
      .filter((p) => p.name !== '_has' && !queried.has(p.name))
      .map((p) => `${type}?${p.name}`);
    return [...expected.filter((place) => !held.has(place)), ...unasked];
  });
  t.same(missing, []);
  t.equal(rest?.resource?.length, 146);
});

t.test('what a request may say', async (t) => {
  const cases: [method: string, path: string, expected: string[]][] = [
    ['get', '/Patient', ['birthdate', '_id', '_count', '_include', '_revinclude', '_summary', '_elements', 'Prefer']],
    ['get', '/', ['_type', '_lastUpdated', '_count']],
    ['get', '/Patient/{id}/{member}', ['id', 'member', '_type', '_lastUpdated', '_count', '_explain']],
    ['get', '/metadata', ['mode', '_format', '_pretty']],
    ['get', '/Patient/{id}', ['id', 'If-None-Match', 'If-Modified-Since', '_summary']],
    ['put', '/Patient/{id}', ['id', 'If-Match', 'If-None-Match', 'Prefer']],
    ['put', '/Patient', ['criteria', 'If-Match', 'Prefer']],
    ['post', '/Patient', ['If-None-Exist', 'Prefer']],
    ['post', '/Binary', ['If-None-Exist', 'Prefer', 'X-Security-Context']],
    ['get', '/Patient/_history', ['_count', '_since', '_at']],
    ['get', '/Measure/$evaluate-measure', ['measure', 'periodStart', 'periodEnd', 'Prefer']],
    ['get', '/Measure/{id}/$evaluate-measure', ['id', 'periodStart', 'reportType', 'Prefer']],
  ];
  for (const [method, path, expected] of cases) {
    const found = parametersOf(path, method).map((p) => p.name);
    t.same(
      expected.filter((name) => !found.includes(name)),
      [],
      `${method} ${path}`,
    );
  }
  const birthdate = parametersOf('/Patient', 'get').find((p) => p.name === 'birthdate');
  t.match(birthdate, {
    description: "The patient's date of birth",
    schema: { $ref: '#/components/schemas/search-date' },
  });
});

t.test('how it may be answered', async (t) => {
  const cases: [method: string, path: string, statuses: string][] = [
    ['get', '/Patient/{id}', '200 304 400 404 410 default'],
    ['put', '/Patient/{id}', '200 201 400 409 412 422 default'],
    ['patch', '/Patient/{id}', '200 400 404 409 410 412 422 default'],
    ['delete', '/Patient/{id}', '200 204 400 409 412 default'],
    ['get', '/_jobs', '200 default'],
    ['get', '/_jobs/{job}', '200 202 404 default'],
    ['post', '/Measure/$evaluate-measure', '200 202 400 404 422 default'],
  ];
  for (const [method, path, statuses] of cases) {
    const operation = all.find((o) => o.path === path && o.method === method)?.operation;
    t.equal(Object.keys(operation?.responses ?? {}).join(' '), statuses, `${method} ${path}`);
  }
  const created = component({ $ref: '#/components/responses/Patient-created' });
  t.match(created, { headers: { Location: {}, ETag: {} }, content: { 'application/fhir+xml': {} } });
  const content = (section: string, type: string) =>
    Object.keys((component({ $ref: `#/components/${section}/${type}` }) as { content?: object }).content ?? {});
  const fhir = ['application/fhir+json', 'application/fhir+xml'];
  for (const section of ['requestBodies', 'responses']) {
    t.same(content(section, 'Patient'), fhir);
    t.same(content(section, 'Binary'), [...fhir, '*/*'], 'a Binary is also its bytes');
  }
});

t.test('who may ask', async (t) => {
  t.same(document.security, []);
  const closed = made({ HUFHIR_AUTH: 'required' }).document;
  t.same(closed.security, [{ bearer: [] }]);
  t.match(closed.components.securitySchemes, { bearer: { type: 'http', scheme: 'bearer' } });
  t.match(closed.paths['/metadata'], { get: { security: [] } }, 'the statement is open');
});
