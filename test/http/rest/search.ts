import {
  criteria,
  form,
  get,
  harmless,
  head,
  issue,
  observation,
  person,
  post,
  put,
  stored,
  twins,
  unknownParameter,
} from './requests.ts';
import type { Suite, Table } from './suite.ts';

const found = (...ids: string[]) => ids.map((id) => ({ resource: { id }, search: { mode: 'match' } }));
const basic = put('/Basic/{own}', { resourceType: 'Basic', id: '{own}', code: { text: 'x' } });
type Link = { relation: string; url: string };
const links =
  (...relations: string[]) =>
  (list: Link[]) => {
    const own = list.map((l) => l.relation);
    return relations.every((r) => own.includes(r)) && (relations.includes('next') || !own.includes('next'));
  };
const one = { type: 'searchset', entry: found('{own}') };

const search: Table = {
  section: 'http.html#search (3.1.0.9)',
  cases: [
    {
      name: 'GET: a searchset with matches, their full URLs and a self link',
      given: [stored],
      when: get(`/Patient?${criteria}`),
      status: 200,
      headers: { etag: undefined, 'content-type': /^application\/fhir\+json/ },
      body: {
        resourceType: 'Bundle',
        type: 'searchset',
        link: [{ relation: 'self', url: /^http.*\/Patient\?identifier=/ }],
        entry: [{ fullUrl: '{base}/Patient/{own}', resource: { id: '{own}' }, search: { mode: 'match' } }],
      },
    },
    {
      name: 'no matches: 200, a searchset without entries',
      when: get(`/Patient?${criteria}&_total=accurate`),
      status: 200,
      body: { type: 'searchset', total: 0, entry: undefined, link: links('self') },
    },
    {
      name: 'several matches, all of them',
      given: twins,
      when: get(`/Patient?${criteria}&_total=accurate&_sort=_id`),
      status: 200,
      body: { total: 2, entry: found('{own}-a', '{own}-b') },
    },
    {
      name: 'POST _search: the parameters of the body',
      given: [stored],
      when: form('/Patient/_search', criteria),
      status: 200,
      body: { ...one, link: links('self') },
    },
    {
      name: 'POST _search: the parameters of the URL',
      given: [stored],
      when: form(`/Patient/_search?${criteria}`, ''),
      status: 200,
      body: one,
    },
    {
      name: 'POST _search: those of the URL and of the body hold together',
      given: twins,
      when: form('/Patient/_search?_id={own}-b', `${criteria}`),
      status: 200,
      body: { entry: found('{own}-b') },
    },
    {
      name: 'POST _search: the body is percent-decoded, + is a space',
      given: [put('/Patient/{own}', { ...person, name: [{ text: 'Zhang {own}' }] })],
      when: form('/Patient/_search', 'name=Zhang+{own}'),
      status: 200,
      body: one,
    },
    {
      name: 'POST _search takes a form only: 415',
      when: post('/Patient/_search', { resourceType: 'Parameters' }),
      status: 415,
      issue: issue('not-supported', 'unsupported-media-type', /json.*expected application\/x-www-form-urlencoded/),
    },
    {
      name: 'POST _search with a charset',
      given: [stored],
      when: form('/Patient/_search', criteria, { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' }),
      status: 200,
      body: one,
    },
    {
      name: 'an unknown parameter in the body: 400',
      when: form('/Patient/_search', 'colour=red'),
      status: 400,
      issue: unknownParameter,
    },
    { name: 'an unknown parameter: 400', when: get('/Patient?colour=red'), status: 400, issue: unknownParameter },
    {
      name: 'an unknown parameter, handling=strict: 400',
      when: get('/Patient?colour=red', { prefer: 'handling=strict' }),
      status: 400,
      issue: unknownParameter,
    },
    {
      name: 'an unknown parameter, handling=lenient: ignored, and told in an outcome entry',
      given: [stored],
      when: get(`/Patient?${criteria}&colour=red`, { prefer: 'handling=lenient' }),
      status: 200,
      body: {
        entry: [
          { resource: { id: '{own}' }, search: { mode: 'match' } },
          { resource: harmless, search: { mode: 'outcome' } },
        ],
        link: [{ relation: 'self', url: (url: string) => !url.includes('colour') }],
      },
    },
    {
      name: 'an unknown modifier: 400',
      when: get('/Patient?gender:colour=red'),
      status: 400,
      issue: issue(/./, 'unknown-modifier', /"colour".*"gender".*expected/),
    },
    {
      name: 'a value that cannot be: 400',
      when: get('/Patient?birthdate=1950-13'),
      status: 400,
      issue: issue('value', 'bad-parameter-value', /"1950-13".*"birthdate".*expected/),
    },
    {
      name: 'every bad parameter is told at once',
      when: get('/Patient?colour=red&birthdate=x'),
      status: 400,
      body: { issue: [{ diagnostics: /colour/ }, { diagnostics: /birthdate/ }] },
    },
    {
      name: 'HEAD',
      given: [stored],
      when: head(`/Patient?${criteria}`),
      status: 200,
      headers: { 'content-type': /^application\/fhir\+json/ },
      text: '',
    },
  ],
};

const both = (list: { fullUrl: string }[]) =>
  list.length === 2 && ['Basic', 'Patient'].every((type) => list.some((e) => e.fullUrl.includes(`/${type}/`)));

const variants: Table = {
  section: 'http.html#vsearch (3.1.0.9.1)',
  cases: [
    {
      name: 'GET [base]?_type=…: several types',
      given: [stored, basic],
      when: get('?_type=Patient,Basic&_id={own}'),
      status: 200,
      body: { type: 'searchset', entry: both, link: [{ relation: 'self', url: /\?.*_type=/ }] },
    },
    {
      name: '[base]/ is the same as [base]',
      given: [stored, basic],
      when: get('/?_type=Patient,Basic&_id={own}'),
      status: 200,
      body: { entry: both },
    },
    {
      name: 'only the types that are named',
      given: [stored, basic],
      when: get('?_type=Patient,Observation&_id={own}'),
      status: 200,
      body: one,
    },
    {
      name: 'POST [base]/_search',
      given: [stored, basic],
      when: form('/_search', '_type=Patient,Basic&_id={own}'),
      status: 200,
      body: { entry: both },
    },
    {
      name: 'all types at once',
      given: [stored, basic],
      when: get('?_id={own}'),
      status: 200,
      body: { entry: both },
    },
    {
      name: 'a parameter that all the types have',
      given: [stored, basic],
      when: get('?_type=Patient,Basic&identifier=urn:example:own|{own}'),
      status: 200,
      body: one,
    },
    {
      name: 'a parameter that one of the types has not: 400',
      when: get('?_type=Patient,Basic&gender=male'),
      status: 400,
      issue: issue('invalid', 'unknown-parameter', /"gender".*expected/),
    },
    {
      name: 'a parameter of one type, for all types: 400',
      when: get('?gender=male'),
      status: 400,
      issue: issue(/^(invalid|required|too-costly)$/, undefined, /gender|_type/),
    },
    {
      name: 'an unknown type: 400, and it is named',
      when: get('?_type=Patint&_id=1'),
      status: 400,
      issue: issue(/./, undefined, /Patint/),
    },
    {
      name: 'HEAD',
      given: [stored],
      when: head('?_type=Patient&_id={own}'),
      status: 200,
      text: '',
    },
  ],
};

const page = (id: string, ...relations: string[]) => ({ entry: found(id), link: links(...relations) });
const three = ['a', 'b', 'c'].map((x) => put(`/Patient/{own}-${x}`, { ...person, id: `{own}-${x}` }));

const paging: Table = {
  section: 'http.html#paging (3.1.0.14)',
  cases: [
    {
      name: 'next links lead through all matches, each once',
      given: three,
      when: get(`/Patient?${criteria}&_count=1&_sort=_id`),
      status: 200,
      body: page('{own}-a', 'self', 'next'),
      after: [
        { when: get('{next}'), status: 200, body: page('{own}-b', 'self', 'next') },
        { when: get('{next}'), status: 200, body: page('{own}-c', 'self') },
      ],
    },
    {
      name: 'a search that began with POST goes on with GET',
      given: twins,
      when: form('/Patient/_search', `${criteria}&_count=1&_sort=_id`),
      status: 200,
      body: page('{own}-a', 'self', 'next'),
      after: [{ when: get('{next}'), status: 200, body: page('{own}-b', 'self') }],
    },
    {
      name: 'pages of several types',
      given: [stored, basic],
      when: get('?_type=Patient,Basic&_id={own}&_count=1'),
      status: 200,
      body: { entry: [{ resource: { id: '{own}' } }], link: links('self', 'next') },
      after: [
        { when: get('{next}'), status: 200, body: { entry: [{ resource: { id: '{own}' } }], link: links('self') } },
      ],
    },
    {
      name: 'what changes meanwhile neither repeats nor hides a match',
      given: three,
      when: get(`/Patient?${criteria}&_count=2&_sort=_id`),
      status: 200,
      body: { entry: found('{own}-a', '{own}-b') },
      after: [
        { when: put('/Patient/{own}-a', { ...person, id: '{own}-a', gender: 'other' }), status: 200 },
        { when: get('{next}'), status: 200, body: page('{own}-c', 'self') },
      ],
    },
    {
      name: '_count=0: the total alone',
      given: twins,
      when: get(`/Patient?${criteria}&_count=0`),
      status: 200,
      body: { total: 2, entry: undefined, link: links('self') },
    },
    {
      name: 'the total is that of all pages',
      given: twins,
      when: get(`/Patient?${criteria}&_count=1&_total=accurate`),
      status: 200,
      body: { total: 2, entry: [{}] },
    },
    {
      name: 'a page link that is not ours: 400',
      when: get('/Patient?_after=x'),
      status: 400,
      issue: issue('value', 'bad-cursor', /page link/),
    },
    {
      name: 'a _count that is no number: 400',
      when: get('/Patient?_count=many'),
      status: 400,
      issue: issue('value', 'bad-parameter-value', /"many".*"_count".*expected/),
    },
  ],
};

const measured = put('/Observation/{own}', {
  ...observation({ reference: 'Patient/{own}' }),
  id: '{own}',
  note: [{ text: 'n' }],
});
const subsetted = { tag: [{ code: 'SUBSETTED' }] };
const shown = (query: string, resource: object): Table['cases'][number] => ({
  name: query,
  given: [measured],
  when: get(`/Observation?_id={own}&${query}`),
  status: 200,
  body: {
    entry: [{ fullUrl: '{base}/Observation/{own}', resource: { id: '{own}', ...resource }, search: { mode: 'match' } }],
  },
});

const subsets: Table = {
  section: 'http.html#search (3.1.0.9), search.html#summary',
  cases: [
    shown('_summary=true', { status: 'final', subject: {}, note: undefined, meta: subsetted }),
    shown('_summary=text', { status: 'final', subject: undefined, note: undefined, meta: subsetted }),
    shown('_summary=data', { status: 'final', subject: {}, note: [{}], text: undefined, meta: subsetted }),
    shown('_summary=false', { status: 'final', note: [{}], meta: { tag: undefined } }),
    shown('_elements=note', { status: 'final', code: {}, note: [{}], subject: undefined, meta: subsetted }),
    {
      name: '_summary=count: the total alone',
      given: [measured],
      when: get('/Observation?_id={own}&_summary=count'),
      status: 200,
      body: { type: 'searchset', total: 1, entry: undefined },
    },
    {
      name: '_summary of an unknown kind: 400',
      when: get('/Observation?_summary=some'),
      status: 400,
      issue: issue('value', 'bad-parameter-value', /"some".*"_summary".*expected/),
    },
    {
      name: 'what stands in the other pages is a subset too',
      given: twins,
      when: get(`/Patient?${criteria}&_count=1&_elements=gender`),
      status: 200,
      body: { entry: [{ resource: { gender: 'male', name: undefined } }] },
      after: [
        {
          when: get('{next}'),
          status: 200,
          body: { entry: [{ resource: { gender: 'male', name: undefined, meta: subsetted } }] },
        },
      ],
    },
  ],
};

export const suites: readonly Suite[] = [{ tables: [search, variants, paging, subsets] }];
