import t from 'tap';
import { patient, type Reply, startServer } from '../harness.ts';

/** R4 compartmentdefinition.html, http.html#vsearch: searches in the compartment of one resource. */

const server = await startServer();
const { ask } = server;
t.teardown(() => server.stop());

const to = (reference: string) => ({ reference });
const observation = (id: string, code: string, more: object) => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code }] },
  ...more,
});

const stored: readonly (Record<string, unknown> & { resourceType: string; id: string })[] = [
  { ...patient({ id: 'p' }), resourceType: 'Patient', id: 'p', generalPractitioner: [to('Practitioner/d')] },
  { ...patient({ id: 'q' }), resourceType: 'Patient', id: 'q', link: [{ other: to('Patient/p'), type: 'seealso' }] },
  { resourceType: 'Practitioner', id: 'd' },
  { resourceType: 'Device', id: 'm' },
  { resourceType: 'RelatedPerson', id: 'r', patient: to('Patient/p') },
  {
    resourceType: 'Encounter',
    id: 'e',
    status: 'finished',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
    subject: to('Patient/p'),
    participant: [{ individual: to('Practitioner/d') }, { individual: to('RelatedPerson/r') }],
  },
  observation('sugar', '15074-8', { subject: to('Patient/p'), encounter: to('Encounter/e'), device: to('Device/m') }),
  observation('pressure', '85354-9', { subject: to('Patient/p'), performer: [to('Practitioner/d')] }),
  observation('other', '85354-9', { subject: to('Patient/q'), performer: [to('Patient/p'), to('RelatedPerson/r')] }),
  observation('foreign', '85354-9', { subject: to('Patient/q') }),
  // Refers to the Patient by an element that no parameter of the compartment reads.
  observation('focused', '85354-9', { subject: to('Patient/q'), focus: [to('Patient/p')] }),
  { resourceType: 'Group', id: 'g', type: 'person', actual: true, member: [{ entity: to('Patient/p') }] },
];

t.before(async () => {
  for (const resource of stored) {
    const { status, text } = await ask('PUT', `/${resource.resourceType}/${resource.id}`, resource);
    if (status !== 201) throw new Error(text);
  }
});

const idsOf = ({ body }: Reply): string[] =>
  (body.entry ?? []).map((e: { resource: { id: string } }) => e.resource.id).sort();

t.test('what is in a compartment, by R4’s parameters', async (t) => {
  const cases: [path: string, expected: string][] = [
    ['Patient/p/Observation', 'other pressure sugar'],
    ['Patient/p/Observation?code=http://loinc.org|85354-9', 'other pressure'],
    ['Patient/p/Observation?code=85354-9&performer=Practitioner/d', 'pressure'],
    ['Patient/p/Patient', 'p q'],
    ['Patient/q/Patient', 'q'],
    ['Patient/p/Group', 'g'],
    ['Patient/p/*', 'e g other p pressure q r sugar'],
    ['Patient/p/*?_type=Observation,Encounter', 'e other pressure sugar'],
    ['Patient/p/*?_id=sugar,foreign', 'sugar'],
    ['Encounter/e/Observation', 'sugar'],
    ['Encounter/e/Encounter', 'e'],
    ['Encounter/e/*', 'e sugar'],
    ['RelatedPerson/r/*', 'e other r'],
    ['Practitioner/d/Observation', 'pressure'],
    ['Practitioner/d/*', 'd e p pressure'],
    ['Device/m/*', 'm sugar'],
    ['Device/m/Device', 'm'],
  ];
  for (const [path, expected] of cases) {
    const found = await ask('GET', `/${path}`);
    t.equal(found.status, 200, found.text.slice(0, 300));
    t.equal(idsOf(found).join(' '), expected, path);
    t.ok((found.body.entry ?? []).every((e: { search: { mode: string } }) => e.search.mode === 'match'));
  }
});

t.test('the same as a form', async (t) => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const cases: [path: string, body: string, expected: string][] = [
    ['Patient/p/Observation/_search', 'code=85354-9', 'other pressure'],
    ['Patient/p/*/_search', '_type=Group', 'g'],
    ['Patient/p/_search', '_type=Group,Encounter', 'e g'],
    ['Patient/p/_search', '', 'e g other p pressure q r sugar'],
  ];
  for (const [path, body, expected] of cases) {
    const found = await ask('POST', `/${path}`, body, form);
    t.equal(idsOf(found).join(' '), expected, `${path} ${body}`);
  }
});

t.test('in a bundle', async (t) => {
  const entry = [{ request: { method: 'GET', url: 'Patient/p/Observation?code=15074-8' } }];
  const { body } = await ask('POST', '', { resourceType: 'Bundle', type: 'batch', entry });
  t.equal(body.entry[0].resource.entry[0].resource.id, 'sugar');
});

t.test('pages and their links stay in the compartment', async (t) => {
  const first = await ask('GET', '/Patient/p/*?_count=3&_sort=_id&_total=accurate');
  t.equal(first.body.total, 8);
  const links = Object.fromEntries(first.body.link.map((l: { relation: string; url: string }) => [l.relation, l.url]));
  t.equal(links.self, `${server.base}/Patient/p/*?_count=3&_sort=_id&_total=accurate`);
  t.ok(links.next.startsWith(`${server.base}/Patient/p/*?_after=`));
  const second = await ask('GET', links.next.slice(server.base.length));
  t.same([...idsOf(first), ...idsOf(second)].length, 6);
  t.equal((await ask('GET', links.next.slice(server.base.length).replace('/p/', '/q/'))).status, 400, 'a forged place');
});

t.test('a resource that has not arrived has the compartment of what refers to it', async (t) => {
  await ask('PUT', '/Observation/early', observation('early', 'x', { subject: to('Patient/late') }));
  t.same(idsOf(await ask('GET', '/Patient/late/*')), ['early']);
  const never = await ask('GET', '/Patient/never/Observation?_total=accurate');
  t.match(never, { status: 200, body: { total: 0 } });
});

t.test('what is no search in a compartment', async (t) => {
  const cases: [method: string, path: string, status: number, text: RegExp][] = [
    [
      'GET',
      'Patient/p/Organization',
      404,
      /Organization are never in the compartment of a Patient; expected one of Acc/,
    ],
    ['GET', 'Device/m/Patient', 404, /Patient are never in the compartment of a Device/],
    ['GET', 'Organization/o/Patient', 404, /is not a path/],
    ['GET', 'Patient/p/Observations', 404, /is not a path/],
    ['GET', 'Patient/p/Observation/x', 404, /is not a path/],
    ['POST', 'Patient/p/Observation', 405, /expected GET/],
    ['GET', 'Patient/p/Observation/_search', 405, /expected POST/],
    ['DELETE', 'Patient/p/*', 405, /expected GET/],
    ['GET', 'Patient/p/Observation?colour=red', 400, /"colour" is not defined for Observation/],
    ['GET', 'Patient/p/Observation?_type=Observation', 400, /"_type" is not defined/],
    ['GET', 'Patient/p/*?_type=Organization', 400, /"Organization" of parameter "_type".*types of the compartment/],
    ['GET', 'Patient/p/*?code=85354-9', 400, /"code" is not defined/],
    ['GET', 'Patient/a_b/*', 400, /"a_b" is not valid/],
  ];
  for (const [method, path, status, text] of cases) {
    const found = await ask(method, `/${path}`);
    t.equal(found.status, status, `${method} ${path} ${found.text.slice(0, 300)}`);
    t.match(found.body.issue[0].diagnostics, text);
  }
});

t.test('HEAD is answered as GET', async (t) => {
  t.match(await ask('HEAD', '/Patient/p/*'), { status: 200, text: '' });
});
