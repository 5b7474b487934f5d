import t from 'tap';
import { patient, type Reply, startServer } from '../harness.ts';

/** R4 search.html#all, http.html#vsearch: searches over several types, by the parameters that all of them have. */

const server = await startServer();
const { ask } = server;
t.teardown(() => server.stop());

t.before(async () => {
  const put = async (type: string, id: string, more: object) => {
    const { status, text } = await ask('PUT', `/${type}/${id}`, { resourceType: type, id, ...more });
    if (status !== 201) throw new Error(text);
  };
  const tag = { meta: { tag: [{ system: 'urn:tag', code: 'x' }] } };
  await put('Patient', 'p1', { ...patient({ name: [{ family: 'Zhang' }] }), ...tag, active: true });
  await put('Practitioner', 'd1', { name: [{ family: 'Zhang', given: ['San'] }], active: false });
  await put('Patient', 'p2', {
    ...patient({ name: [{ family: 'Li' }] }),
    generalPractitioner: [{ reference: 'Practitioner/d1' }],
  });
  await put('Practitioner', 'd2', { name: [{ family: 'Wang' }], ...tag });
  await put('Organization', 'o1', { name: 'Zhang & Co' });
  await put('Observation', 'b1', { status: 'final', code: { text: 'x' }, subject: { reference: 'Patient/p2' } });
});

const ids = ({ status, body, text }: Reply): string => {
  if (status !== 200) throw new Error(text);
  return (body.entry ?? []).map((e: { resource: { id: string } }) => e.resource.id).join(' ');
};

const cases: readonly (readonly [query: string, expected: string])[] = [
  ['_type=Patient,Practitioner&name=zhang', 'p1 d1'],
  ['_type=Patient,Practitioner,Organization&name=zhang', 'p1 d1 o1'],
  ['_type=Patient,Practitioner&name:exact=Zhang&active=false', 'd1'],
  ['_type=Practitioner,Patient&_sort=name', 'p2 d1 d2 p1'],
  ['_type=Patient,Practitioner&_sort=-_id', 'p2 p1 d2 d1'],
  ['_type=Patient,Practitioner,Observation&_sort=_lastUpdated', 'p1 d1 p2 d2 b1'],
  ['_type=Patient,Practitioner&_tag=urn:tag|x', 'p1 d2'],
  ['_tag=urn:tag|x', 'p1 d2'],
  ['_type=Patient,Practitioner&_lastUpdated=gt2000&_count=2', 'p1 d1'],
  ['_type=Patient,Practitioner&_id=p1,d2', 'p1 d2'],
  ['_type=Patient,Patient&name=zhang', 'p1'],
  ['_type=Patient&name=zhang', 'p1'],
  [
    '_type=Patient,Practitioner&name=li&_include=Patient:general-practitioner&_revinclude=Observation:subject',
    'p2 d1 b1',
  ],
];

t.test('a query of the URL, or a form', async (t) => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  for (const [query, expected] of cases) {
    t.equal(ids(await ask('GET', `?${query}`)), expected, query);
    t.equal(ids(await ask('POST', '/_search', query, form)), expected, `POST ${query}`);
  }
});

t.test('an include adds each resource once, and marks it', async (t) => {
  const { body } = await ask('GET', '?_type=Patient,Practitioner&_include=Patient:general-practitioner&_revinclude=*');
  const marks = body.entry.map(
    (e: { resource: { id: string }; search: { mode: string } }) => `${e.resource.id} ${e.search.mode}`,
  );
  t.same(marks, ['p1 match', 'd1 match', 'p2 match', 'd2 match', 'b1 include'], 'd1 is a match already');
});

t.test('what cannot be asked of several types', async (t) => {
  const bad: readonly (readonly [query: string, text: RegExp])[] = [
    ['_type=Patient,Organization&gender=male', /"gender" is not defined/],
    ['_type=Patient,Nobody', /"Nobody" of parameter "_type".*resource types of R4/],
    ['_type=Patient&_type=Practitioner', /"_type".*once/],
    ['_type=Patient,Organization&_sort=birthdate', /_sort=birthdate/],
    ['name=zhang', /"name" is not defined/],
  ];
  for (const [query, text] of bad) {
    const { status, body } = await ask('GET', `?${query}`);
    t.equal(status, 400, query);
    t.match(body.issue[0].diagnostics, text);
  }
});
