import { get, head, issue, post, put, stored } from './requests.ts';
import type { Step, Suite, Table } from './suite.ts';

type Resource = Readonly<Record<string, unknown>> & {
  readonly type: string;
  readonly interaction: { readonly code: string }[];
  readonly searchParam: { readonly name: string }[];
};
type Rest = { readonly mode: string; readonly resource: Resource[]; readonly interaction: { readonly code: string }[] };

/** The CapabilityStatement has this. */
const states = (name: string, body: object, when = get('/metadata')): Table['cases'][number] => ({
  name,
  when,
  status: 200,
  body: { resourceType: 'CapabilityStatement', ...body },
});
const every = (holds: (resource: Resource) => unknown) => ({
  rest: ([rest]: Rest[]) => rest !== undefined && rest.resource.length > 140 && rest.resource.every(holds),
});
const has = (list: { readonly code: string }[], ...codes: string[]) =>
  codes.every((c) => list.some((i) => i.code === c));
const unique = (list: readonly string[]) => new Set(list).size === list.length;

const capabilities: Table = {
  section: 'http.html#capabilities (3.1.0.10)',
  cases: [
    states('what it is', {
      status: 'active',
      kind: 'instance',
      fhirVersion: '4.0.1',
      date: /^\d{4}-/,
      implementation: { url: '{base}' },
      software: { name: /Hufhir/ },
    }),
    states('the formats', {
      format: (list: string[]) => list.includes('application/fhir+json') && list.includes('application/fhir+xml'),
    }),
    states('the patch formats', {
      patchFormat: (list: string[]) =>
        ['application/json-patch+json', 'application/fhir+json'].every((f) => list.includes(f)),
    }),
    states('one server, with the interactions of the system', {
      rest: ([rest, ...others]: Rest[]) =>
        rest?.mode === 'server' &&
        others.length === 0 &&
        has(rest.interaction, 'transaction', 'batch', 'search-system', 'history-system'),
    }),
    states(
      'the interactions of every type',
      every((r) =>
        has(
          r.interaction,
          'read',
          'vread',
          'update',
          'delete',
          'history-instance',
          'history-type',
          'create',
          'search-type',
        ),
      ),
    ),
    states(
      'patch of every type but Binary',
      every((r) => r.type === 'Binary' || has(r.interaction, 'patch')),
    ),
    states('each type stands once', {
      rest: ([rest]: Rest[]) => rest !== undefined && unique(rest.resource.map((r) => r.type)),
    }),
    states(
      'each search parameter stands once',
      every((r) => unique(r.searchParam.map((p) => p.name))),
    ),
    states(
      'versions',
      every((r) => /^versioned/.test(String(r.versioning)) && r.readHistory === true),
    ),
    states(
      'update as create',
      every((r) => r.updateCreate === true),
    ),
    states(
      'conditional create and update',
      every((r) => r.conditionalCreate === true && r.conditionalUpdate === true),
    ),
    states(
      'conditional read',
      every((r) => r.conditionalRead === 'full-support'),
    ),
    states('mode=full', { fhirVersion: '4.0.1' }, get('/metadata?mode=full')),
    states('mode=normative', { fhirVersion: '4.0.1' }, get('/metadata?mode=normative')),
    {
      name: 'mode=terminology is refused by name',
      when: get('/metadata?mode=terminology'),
      status: 400,
      issue: issue(/^(not-supported|value)$/, undefined, /terminology.*expected/),
    },
    {
      name: 'an unknown mode: 400',
      when: get('/metadata?mode=some'),
      status: 400,
      issue: issue('value', undefined, /"some".*mode.*expected|mode.*"some".*expected/),
    },
    {
      name: 'an unknown parameter: 400',
      when: get('/metadata?colour=red'),
      status: 400,
      issue: issue('invalid', 'unknown-parameter', /"colour".*expected/),
    },
    {
      name: 'it has an ETag, which stays while it stays',
      given: [get('/metadata')],
      when: get('/metadata'),
      status: 200,
      headers: {
        etag: (value: string | undefined) => value !== undefined,
        'content-type': /^application\/fhir\+json/,
      },
      after: [{ when: get('/metadata'), status: 200, headers: { etag: '{etag}' } }],
    },
    { name: 'HEAD', when: head('/metadata'), status: 200, text: '' },
    {
      name: 'it is a CapabilityStatement that this server takes',
      given: [get('/metadata')],
      when: post('/CapabilityStatement', '{text}'),
      status: 201,
      body: { resourceType: 'CapabilityStatement', kind: 'instance' },
    },
    {
      name: 'the CapabilityStatement end-point is another thing',
      given: [
        put('/CapabilityStatement/{own}', {
          resourceType: 'CapabilityStatement',
          id: '{own}',
          status: 'draft',
          date: '2020',
          kind: 'requirements',
          description: 'x',
          fhirVersion: '4.0.1',
          format: ['json'],
          rest: [{ mode: 'client' }],
        }),
      ],
      when: get('/metadata'),
      status: 200,
      body: { kind: 'instance' },
    },
  ],
};

const closed: Table = {
  section: 'http.html#capabilities (3.1.0.10), without a token',
  cases: [
    states('it is open to all', { kind: 'instance' }),
    {
      name: 'what else there is is not: 401',
      when: get('/Patient/{own}'),
      status: 401,
      headers: { 'www-authenticate': /^Bearer/ },
      issue: issue('login', 'login-required', /token/),
    },
  ],
};

const page = 'https://app.example';
const preflight = (method: string, headers: Record<string, string> = {}): Step => ({
  method: 'OPTIONS',
  path: '/Patient/{own}',
  headers: { origin: page, 'access-control-request-method': method, ...headers },
});

/** HUFHIR_CORS_ORIGINS names one page. */
const cors: Table = {
  section: 'http.html (3.1.0.1.4), CORS',
  cases: [
    {
      name: 'a preflight tells what a page of the origin may ask',
      when: preflight('PUT'),
      status: 204,
      headers: {
        'access-control-allow-origin': page,
        'access-control-allow-methods': /(?=.*GET)(?=.*POST)(?=.*PUT)(?=.*PATCH)(?=.*DELETE)/,
      },
      text: '',
    },
    {
      name: 'a preflight allows the headers of FHIR',
      when: preflight('POST', {
        'access-control-request-headers': 'content-type,if-none-exist,prefer,if-match,authorization',
      }),
      status: 204,
      headers: {
        'access-control-allow-headers':
          /(?=.*content-type)(?=.*if-none-exist)(?=.*prefer)(?=.*if-match)(?=.*authorization)/i,
      },
    },
    {
      name: 'a page of the origin sees ETag, Location and Last-Modified',
      given: [stored],
      when: get('/Patient/{own}', { origin: page }),
      status: 200,
      headers: {
        'access-control-allow-origin': page,
        'access-control-expose-headers': /(?=.*etag)(?=.*location)(?=.*last-modified)/i,
        vary: /origin/i,
      },
    },
    {
      name: 'a page of another origin sees nothing',
      given: [stored],
      when: get('/Patient/{own}', { origin: 'https://other.example' }),
      status: 403,
      headers: {
        'access-control-allow-origin': (value: string | undefined) =>
          value !== 'https://other.example' && value !== '*',
      },
    },
  ],
};

export const suites: readonly Suite[] = [
  { tables: [capabilities] },
  { tables: [closed], settings: { HUFHIR_AUTH: 'required' } },
  { tables: [cors], settings: { HUFHIR_CORS_ORIGINS: page } },
];
