import { compartments } from '#fhir/model/compartments.ts';
import type { SearchType } from '#fhir/model/definitions.ts';
import type { Interaction } from '../request/route.ts';

/** The interactions that are no operation. */
export type Served = Exclude<Interaction['code'], 'operation'>;

/** One thing that can be asked: a method and a path, what of a request it heeds, and how it may be answered. */
export interface Service {
  readonly code: Served;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Behind the base. */
  readonly path: string;
  /** The types that have it; absent for all. */
  readonly types?: readonly string[];
  /** What the URL may say beside `_format` and `_pretty`. */
  readonly query: readonly string[];
  /** The URL may also search: for what is answered, or for what is written. */
  readonly searches?: 'results' | 'criteria';
  readonly headers: readonly string[];
  readonly body?: 'resource' | 'patch' | 'bundle' | 'form';
  /** `resource` is one of the type. */
  readonly answer: 'resource' | 'searchset' | 'history' | 'responses' | 'statement' | 'jobs' | 'job' | 'none';
  /** The statuses that it has reasons of its own for. */
  readonly statuses: readonly number[];
}

type More = Partial<Omit<Service, 'code' | 'method' | 'path'>> & Pick<Service, 'answer' | 'statuses'>;

function service(code: Served, method: Service['method'], path: string, more: More): Service {
  return { code, method, path, query: [], headers: [], ...more };
}

const subset = ['_summary', '_elements'];
const search = ['_count', '_sort', '_total', '_include', '_revinclude', ...subset, '_explain'];
/** As names in a URL: `_has` stands before others. */
const filters = ['_text', '_content', '_list', '_filter'];

const found = { headers: ['Prefer'], answer: 'searchset', statuses: [200, 400] } as const;
const inCompartment = { ...found, types: compartments, body: 'form', statuses: [200, 400, 404] } as const;
const versions = { query: ['_count', '_since', '_at', ...subset], answer: 'history', statuses: [200, 400] } as const;
const known = { query: subset, answer: 'resource', statuses: [200, 304, 400, 404, 410] } as const;
const changing = { headers: ['If-Match', 'Prefer'], answer: 'resource' } as const;
const put = { ...changing, body: 'resource', statuses: [200, 201, 400, 409, 412, 422] } as const;
const patch = { ...changing, body: 'patch', statuses: [200, 400, 404, 409, 412, 422] } as const;
const deletion = { ...changing, answer: 'none', statuses: [200, 204, 400, 409, 412] } as const;

/** Everything that the server does but operations: the source of the CapabilityStatement and of the OpenAPI document. */
export const services: readonly Service[] = [
  service('capabilities', 'GET', 'metadata', { query: ['mode'], answer: 'statement', statuses: [200, 400] }),
  service('bundle', 'POST', '', {
    headers: ['Prefer'],
    body: 'bundle',
    answer: 'responses',
    statuses: [200, 400, 404, 409, 410, 412, 422],
  }),
  service('search-system', 'GET', '', { ...found, query: ['_type', ...filters, ...search], searches: 'results' }),
  service('search-system', 'POST', '_search', { ...found, body: 'form' }),
  service('history-system', 'GET', '_history', versions),
  service('jobs', 'GET', '_jobs', { answer: 'jobs', statuses: [200] }),
  service('job', 'GET', '_jobs/{job}', { answer: 'job', statuses: [200, 202, 404] }),
  service('cancel-job', 'DELETE', '_jobs/{job}', { answer: 'none', statuses: [202, 404] }),

  service('search-type', 'GET', '{type}', { ...found, query: [...filters, ...search], searches: 'results' }),
  service('search-type', 'POST', '{type}/_search', { ...found, body: 'form' }),
  service('create', 'POST', '{type}', { ...put, headers: ['If-None-Exist', 'Prefer'] }),
  service('conditional-update', 'PUT', '{type}', { ...put, searches: 'criteria' }),
  service('conditional-patch', 'PATCH', '{type}', { ...patch, searches: 'criteria' }),
  service('conditional-delete', 'DELETE', '{type}', { ...deletion, searches: 'criteria' }),
  service('history-type', 'GET', '{type}/_history', versions),

  service('read', 'GET', '{type}/{id}', { ...known, headers: ['If-None-Match', 'If-Modified-Since'] }),
  service('update', 'PUT', '{type}/{id}', { ...put, headers: [...put.headers, 'If-None-Match'] }),
  service('patch', 'PATCH', '{type}/{id}', { ...patch, statuses: [...patch.statuses, 410] }),
  service('delete', 'DELETE', '{type}/{id}', deletion),
  service('history-instance', 'GET', '{type}/{id}/_history', { ...versions, statuses: [200, 400, 404] }),
  service('search-compartment', 'GET', '{type}/{id}/{member}', {
    ...found,
    types: compartments,
    query: ['_type', ...filters, ...search],
    searches: 'results',
    statuses: [200, 400, 404],
  }),
  service('search-compartment', 'POST', '{type}/{id}/{member}/_search', inCompartment),
  service('search-compartment', 'POST', '{type}/{id}/_search', inCompartment),
  service('vread', 'GET', '{type}/{id}/_history/{version}', { ...known, headers: ['If-None-Match'] }),
];

/** A parameter of every type that looks at no element, so that R4's definitions have no expression for it. */
export interface Special {
  readonly code: string;
  readonly type: SearchType;
  readonly definition?: string;
  readonly documentation: string;
}

const published = 'http://hl7.org/fhir/SearchParameter';

export const specials: readonly Special[] = [
  {
    code: '_text',
    type: 'string',
    definition: `${published}/DomainResource-text`,
    documentation: 'Words of the narrative: all of them',
  },
  {
    code: '_content',
    type: 'string',
    definition: `${published}/Resource-content`,
    documentation: 'Words of the whole resource: all of them',
  },
  { code: '_list', type: 'special', documentation: 'What is in this List: its id' },
  { code: '_filter', type: 'special', documentation: 'A condition by the grammar of R4 search_filter.html' },
  {
    code: '_has',
    type: 'special',
    documentation: 'What is referred to by a resource that matches: `_has:Observation:subject:code`',
  },
];

/** What `_format` and Accept may name. */
export const formats = ['json', 'application/fhir+json', 'xml', 'application/fhir+xml'];

/** An RFC 6902 document, or a FHIRPath Patch as Parameters. */
export const patchFormats = ['application/json-patch+json', 'application/fhir+json', 'application/fhir+xml'];
