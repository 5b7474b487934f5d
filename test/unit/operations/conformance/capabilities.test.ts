import { readFileSync } from 'node:fs';
import t from 'tap';
import { type Config, loadConfig } from '#config';
import { Failure } from '#errors';
import { loadDefinitions, type SearchType } from '#fhir/model/definitions.ts';
import { capabilities, profilesOf, readCapabilities } from '#operations/conformance/capabilities.ts';
import { services } from '#operations/conformance/services.ts';
import { operations } from '#operations/operations.ts';
import { route } from '#operations/request/route.ts';
import { parseSearch } from '#search/parse.ts';
import { checker, guide, root } from '../../validation/fixture.ts';

const definitions = loadDefinitions();
const profiles = profilesOf(guide);

function configured(settings: Record<string, string> = {}): Config {
  const config = loadConfig({ HUFHIR_AUTH: 'off', ...settings });
  if (config instanceof Failure) throw new Error(config.issues.map((i) => i.text).join(' '));
  return config;
}

function restOf(settings: Record<string, string> = {}) {
  const [rest] = capabilities({ config: configured(settings), definitions, profiles, operations }).rest ?? [];
  if (rest === undefined) throw new Error('no rest');
  return rest;
}

function typeOf(type: string, settings: Record<string, string> = {}) {
  const found = restOf(settings).resource?.find((r) => r.type === type);
  if (found === undefined) throw new Error(`no ${type}`);
  return found;
}

t.test('the statement keeps the rules of capabilitystatement.html', async (t) => {
  const issuesOf = checker('profile');
  const context = { config: configured(), definitions, profiles, operations };
  t.same(issuesOf(capabilities(context)), []);
  const normative = readCapabilities(context, [['mode', 'normative']]);
  t.same(issuesOf('resource' in normative ? normative.resource : normative), [], 'its normative part as well');
});

t.test('it is made once, though each request has a context of its own', async (t) => {
  const context = { config: configured(), definitions, profiles, operations };
  t.equal(capabilities({ ...context }), capabilities({ ...context }));
});

t.test('it tells of the program and the process', async (t) => {
  const one = capabilities({
    config: configured({ HUFHIR_BASE_URL: 'https://fhir.example/base/fhir' }),
    definitions,
    profiles,
    operations,
  });
  const other = capabilities({ config: configured(), definitions, profiles, operations });
  const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
  t.match(one, {
    status: 'active',
    kind: 'instance',
    fhirVersion: '4.0.1',
    software: { name: 'Hufhir 沪FHIR', version },
    implementation: { url: 'https://fhir.example/base/fhir' },
    format: ['json', 'application/fhir+json', 'xml', 'application/fhir+xml'],
    patchFormat: ['application/json-patch+json', 'application/fhir+json', 'application/fhir+xml'],
  });
  t.equal(one.date, other.date, 'the date is that of the process');
  t.ok(Date.parse(one.date ?? '') <= Date.now());
  t.equal(restOf().resource?.length, definitions.resourceTypes.size, 'every type');
});

t.test('what a type is declared to do', async (t) => {
  t.match(typeOf('Patient'), {
    profile: 'http://hl7.org/fhir/StructureDefinition/Patient',
    supportedProfile: ['https://fhir.changning.example/StructureDefinition/cn-sh-patient'],
    interaction: [
      { code: 'read' },
      { code: 'vread' },
      { code: 'update' },
      { code: 'patch' },
      { code: 'delete' },
      { code: 'history-instance' },
      { code: 'history-type' },
      { code: 'create' },
      { code: 'search-type' },
    ],
    versioning: 'versioned',
    readHistory: true,
    updateCreate: true,
    conditionalCreate: true,
    conditionalRead: 'full-support',
    conditionalUpdate: true,
    conditionalDelete: 'single',
    referencePolicy: ['literal', 'logical', 'resolves'],
    searchInclude: ['*', 'Patient:general-practitioner', 'Patient:link', 'Patient:organization'],
  });
  t.ok(typeOf('Patient').searchRevInclude?.includes('Observation:subject'));
  t.notOk(typeOf('Patient').searchRevInclude?.includes('Location:organization'));
  t.same(
    typeOf('Measure').operation?.map((o) => o.name),
    ['evaluate-measure', 'validate'],
  );
  t.same(
    typeOf('Patient').operation?.map((o) => o.name),
    ['validate'],
  );
  t.same(
    restOf().interaction?.map((i) => i.code),
    ['transaction', 'batch', 'search-system', 'history-system'],
  );
  t.same(
    restOf().operation?.map((o) => o.name),
    ['pending-references', 'validate'],
  );
  const common = ['_id', '_lastUpdated', '_profile', '_security', '_source', '_tag', '_text', '_content', '_list'];
  t.same(
    restOf().searchParam?.map((p) => p.name),
    [...common, '_filter', '_has', '_type'],
    'what all types have',
  );
});

t.test('the compartments', async (t) => {
  const base = 'http://hl7.org/fhir/CompartmentDefinition';
  const names = ['patient', 'encounter', 'relatedPerson', 'practitioner', 'device'];
  t.same(
    restOf().compartment,
    names.map((name) => `${base}/${name}`),
  );
});

t.test('it is made anew when search parameters change', async (t) => {
  const own = loadDefinitions();
  const context = { config: configured(), definitions: own, profiles, operations };
  const etagOf = (answer: ReturnType<typeof readCapabilities>) => ('etag' in answer ? answer.etag : '');
  const before = capabilities(context);
  const etag = etagOf(readCapabilities(context, []));
  t.equal(capabilities(context), before, 'not while they stay');
  const gender = own.searchParameters('Patient').get('gender');
  if (gender === undefined) throw new Error('no gender');
  const parameter = { ...gender, code: 'sex', url: 'https://fhir.changning.example/SearchParameter/sex' };
  const patientOf = () => capabilities(context).rest?.[0]?.resource?.find((r) => r.type === 'Patient');
  own.define([{ parameter, base: ['Patient'], progress: 10 }], 1);
  t.match(patientOf()?.documentation, /Being indexed.*`sex`/);
  t.notOk(patientOf()?.searchParam?.some((p) => p.name === 'sex'));
  own.define([{ parameter, base: ['Patient'], progress: undefined }], 2);
  t.equal(patientOf()?.documentation, undefined);
  t.match(
    patientOf()?.searchParam?.find((p) => p.name === 'sex'),
    { definition: parameter.url, type: 'token' },
  );
  t.not(etagOf(readCapabilities(context, [])), etag);
});

t.test('settings that it tells', async (t) => {
  t.equal(typeOf('Patient', { HUFHIR_IF_MATCH: 'required' }).versioning, 'versioned-update');
  const multiple = { HUFHIR_CONDITIONAL_DELETE: 'multiple', HUFHIR_MAX_CONDITIONAL_DELETE: '7' };
  t.equal(typeOf('Patient', multiple).conditionalDelete, 'multiple');
  t.match(restOf(multiple).documentation, /at most 7 resources/);
  t.match(restOf().documentation, /may arrive later/);
  t.match(restOf({ HUFHIR_REFERENCES: 'strict' }).documentation, /must exist/);
  t.match(restOf().security, { cors: false, description: /No authentication/ });
  t.match(restOf({ HUFHIR_CORS_ORIGINS: 'https://app.example' }).security, { cors: true });
  t.match(restOf({ HUFHIR_AUTH: 'required' }).security, { description: /needs a token/ });
  const unchecked = typeOf('Patient', { HUFHIR_VALIDATION: 'structure' });
  t.equal(unchecked.supportedProfile, undefined, 'profiles that are not checked are not supported');
});

t.test('search parameters are described for the type', async (t) => {
  const cases: [type: string, name: string, text: string | undefined][] = [
    ['Patient', 'birthdate', "The patient's date of birth"],
    ['Person', 'birthdate', "The person's date of birth"],
    ['Encounter', 'date', 'A date within the period the Encounter lasted'],
    ['Observation', 'code-value-quantity', 'Code and quantity value parameter pair'],
    ['Basic', '_id', 'Logical id of this artifact'],
  ];
  for (const [type, name, text] of cases) {
    t.equal(typeOf(type).searchParam?.find((p) => p.name === name)?.documentation, text, `${type}?${name}`);
  }
});

const samples: Readonly<Record<SearchType, string>> = {
  number: '1',
  date: '2025',
  string: 'a',
  token: 'a',
  reference: 'Patient/1',
  composite: '',
  quantity: '1',
  uri: 'urn:a',
  special: '31.2|121.4|1|km',
};

/** Values of what looks at no element. */
const ofSpecials: Readonly<Record<string, string>> = { _text: 'a', _content: 'a', _list: 'a', _filter: '_id eq a' };

t.test('each parameter and include that it declares can be asked for', async (t) => {
  const options = {
    timeZone: 'UTC',
    baseUrl: 'http://x',
    lenient: false,
    defaultCount: 1,
    maxCount: 1,
    maxIncludes: 1,
  };
  const refused: string[] = [];
  let asked = 0;
  const ask = (type: string, name: string, value: string): void => {
    asked++;
    if (parseSearch(type, [[name, value]], { definitions, ...options }) instanceof Failure)
      refused.push(`${type}?${name}=${value}`);
  };
  for (const { type = '', searchParam = [], searchInclude = [], searchRevInclude = [] } of restOf().resource ?? []) {
    for (const { name = '' } of searchParam) {
      if (name === '_has') continue;
      const parameter = definitions.searchParameters(type).get(name);
      const parts = parameter?.components.map((c) => samples[c.parameter.type]) ?? [];
      ask(type, name, ofSpecials[name] ?? (parts.length > 0 ? parts.join('$') : samples[parameter?.type ?? 'string']));
    }
    for (const include of searchInclude) ask(type, '_include', include);
    for (const include of searchRevInclude) ask(type, '_revinclude', include);
  }
  t.same(refused, []);
  t.ok(asked > 15_000, `${asked} asked`);
});

t.test('the table of services says what the paths do, and all of it', async (t) => {
  const places = { type: 'Patient', id: '1', version: '2', job: 'j', member: 'Observation' };
  const filled = (path: string): string =>
    path.replace(/\{(\w+)\}/g, (_, name: string) => places[name as keyof typeof places]);
  for (const { code, method, path } of services) {
    t.match(route(definitions, method, filled(path)), { code }, `${method} ${path}`);
  }
  const served = new Set(services.map((s) => `${s.method} ${s.path}`));
  for (const path of new Set(services.map((s) => s.path))) {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      const found = !(route(definitions, method, filled(path)) instanceof Failure);
      t.equal(served.has(`${method} ${path}`), found, `${method} ${path} is ${found ? '' : 'not '}served`);
    }
  }
});

t.test('http.html#capabilities: mode', async (t) => {
  const context = { config: configured(), definitions, profiles, operations };
  const cases: [pairs: [string, string][], expected: RegExp | 'all' | 'normative'][] = [
    [[], 'all'],
    [[['mode', 'full']], 'all'],
    [[['mode', 'normative']], 'normative'],
    [[['_format', 'json']], 'all'],
    [
      [['mode', 'terminology']],
      /"terminology" of parameter "mode" .* expected full or normative, since no terminology/,
    ],
    [[['mode', 'Full']], /"Full" of parameter "mode"/],
    [[['_id', '1']], /"_id" is not defined for metadata; expected one of mode, _format, _pretty/],
  ];
  for (const [pairs, expected] of cases) {
    const answer = readCapabilities(context, pairs);
    const name = pairs.join('&');
    if (expected instanceof RegExp) {
      t.ok(answer instanceof Failure && answer.status === 400, name);
      t.match(answer instanceof Failure ? answer.issues[0].text : '', expected);
    } else if (expected === 'all') t.match(answer, { status: 200, resource: capabilities(context) }, name);
    else {
      const [rest] = 'resource' in answer && 'rest' in answer.resource ? (answer.resource.rest ?? []) : [];
      t.equal(rest?.security, undefined, 'rest.security is for trial use');
      t.same(Object.keys(rest?.resource?.[0] ?? {}), ['type', 'profile', 'interaction', 'searchParam', 'operation']);
    }
  }
});

t.test('the normative part leaves out what R4 marks for trial use, and nothing else', async (t) => {
  const marked = definitions
    .structures()
    .resources.entry?.flatMap((e) => (e.resource?.type === 'CapabilityStatement' ? [e.resource] : []))
    .flatMap((structure) => structure.snapshot?.element ?? [])
    .filter((element) => element.extension?.some((x) => x.valueCode === 'trial-use'))
    .map((element) => element.path);
  const context = { config: configured(), definitions, profiles, operations };
  const answer = readCapabilities(context, [['mode', 'normative']]);
  const normative = 'resource' in answer ? answer.resource : {};
  const left = keysOf(capabilities(context), 'CapabilityStatement').difference(
    keysOf(normative, 'CapabilityStatement'),
  );
  const parts = [...left].filter((path) => !marked?.some((m) => path.startsWith(`${m}.`)));
  t.same(parts.sort(), marked?.filter((path) => keysOf(capabilities(context), 'CapabilityStatement').has(path)).sort());
  t.ok(parts.length >= 12, 'security and eleven elements of a type');
});

/** The FHIRPaths of all elements, without indexes. */
function keysOf(value: unknown, path: string, found = new Set<string>()): Set<string> {
  if (Array.isArray(value)) for (const item of value) keysOf(item, path, found);
  else if (typeof value === 'object' && value !== null) {
    for (const [name, part] of Object.entries(value)) {
      found.add(`${path}.${name}`);
      keysOf(part, `${path}.${name}`, found);
    }
  }
  return found;
}
