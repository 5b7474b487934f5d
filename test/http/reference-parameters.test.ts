import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { entry, patient, startOn, startServer, transaction } from './harness.ts';

const { ask, base, stop } = await startServer();
t.teardown(stop);

const parameter = (code: string, of: string, expression: string) => ({
  resourceType: 'SearchParameter',
  id: code,
  url: `https://h.example/SearchParameter/${code}`,
  name: 'Leads',
  status: 'active',
  description: 'A reference that names no target',
  code,
  base: [of],
  type: 'reference',
  expression,
});

const parameters = [
  parameter('about', 'Observation', 'Observation.subject'),
  parameter('about-patient', 'Observation', 'Observation.subject.where(resolve() is Patient)'),
  parameter('anybody', 'Observation', 'Observation.subject | Observation.performer'),
  parameter('anything', 'Observation', 'Observation.focus'),
  parameter('drug', 'MedicationRequest', 'MedicationRequest.medication'),
  parameter('logic', 'PlanDefinition', 'PlanDefinition.library'),
  parameter('guardian', 'Patient', "Patient.extension.where(url = 'http://x.example/g').value.ofType(Reference)"),
];

const coded = (text: string) => ({ coding: [{ code: text }] });
const observation = (id: string, more: object) =>
  entry('PUT', `Observation/${id}`, { resourceType: 'Observation', id, status: 'final', code: coded('x'), ...more });
const to = (reference: string) => ({ reference });

t.test('SearchParameters of type reference without target are searched with chains', async (t) => {
  for (const one of parameters) t.equal((await ask('PUT', `/SearchParameter/${one.id}`, one)).status, 201, one.code);
  const guardian = { extension: [{ url: 'http://x.example/g', valueReference: to('Patient/p') }] };
  const library = { type: coded('logic-library'), status: 'active' };
  const request = { status: 'active', intent: 'order', subject: to('Patient/p') };
  const sent = transaction(
    entry('PUT', 'Patient/p', patient({ id: 'p' })),
    entry('PUT', 'Patient/ward', patient({ id: 'ward', gender: 'female', ...guardian })),
    entry('PUT', 'Group/g', { resourceType: 'Group', id: 'g', type: 'person', actual: true, code: coded('cohort') }),
    entry('PUT', 'Practitioner/d', { resourceType: 'Practitioner', id: 'd', gender: 'other' }),
    entry('PUT', 'Medication/m', { resourceType: 'Medication', id: 'm', code: coded('aspirin') }),
    entry('PUT', 'Library/l', { resourceType: 'Library', id: 'l', name: 'Rules', ...library }),
    entry('PUT', 'PlanDefinition/plan', {
      resourceType: 'PlanDefinition',
      id: 'plan',
      status: 'active',
      library: [`${base}/Library/l`],
    }),
    entry('PUT', 'MedicationRequest/r', {
      resourceType: 'MedicationRequest',
      id: 'r',
      medicationReference: to('Medication/m'),
      ...request,
    }),
    entry('PUT', 'MedicationRequest/s', {
      resourceType: 'MedicationRequest',
      id: 's',
      medicationCodeableConcept: coded('aspirin'),
      ...request,
    }),
    observation('of-p', { subject: to('Patient/p'), performer: [to('Practitioner/d')], focus: [to('Medication/m')] }),
    observation('of-g', { subject: to('Group/g'), focus: [to('Group/g')] }),
  );
  t.equal((await ask('POST', '', sent)).status, 200);
  const searches: [search: string, found: string[]][] = [
    ['Observation?about=Patient/p', ['of-p']],
    ['Observation?about.birthdate=1950-01-02', ['of-p']],
    ['Observation?about:Patient.gender=male', ['of-p']],
    ['Observation?about:Group.code=cohort', ['of-g']],
    ['Observation?about.code=cohort', ['of-g']],
    ['Observation?about-patient=p', ['of-p']],
    ['Observation?about-patient.gender=male', ['of-p']],
    ['Observation?anybody.gender=other', ['of-p']],
    ['Observation?anybody:Practitioner.gender=other', ['of-p']],
    ['Observation?anybody:Group.code=cohort', ['of-g']],
    ['Observation?anything:Medication.code=aspirin', ['of-p']],
    ['Observation?anything.code=cohort', ['of-g']],
    ['Patient?_has:Observation:about-patient:code=x', ['p']],
    ['Medication?_has:Observation:anything:code=x', ['m']],
    ['MedicationRequest?drug.code=aspirin', ['r']],
    ['MedicationRequest?drug=m', ['r']],
    ['PlanDefinition?logic.name=Rules', ['plan']],
    ['PlanDefinition?logic=Library/l', ['plan']],
    ['Patient?guardian.birthdate=1950-01-02&gender=female', ['ward']],
    ['Patient?guardian:Patient.gender=male', ['ward']],
    ['Observation?_filter=about.gender eq male', ['of-p']],
  ];
  for (const [search, found] of searches) {
    const [path = '', query = ''] = search.split('?');
    let got = await ask('GET', `/${path}?${query.replaceAll(' ', '%20')}`);
    while (got.status === 503) got = await ask('GET', `/${path}?${query.replaceAll(' ', '%20')}`);
    t.equal(got.status, 200, `${search} ${got.body.issue?.[0].diagnostics ?? ''}`);
    const ids = (got.body.entry ?? []).map((e: { resource: { id: string } }) => e.resource.id);
    t.strictSame(ids.sort(), found, search);
  }
  const included = await ask('GET', '/Observation?about=Patient/p&_include=Observation:anything');
  const ids = included.body.entry.map((e: { resource: { id: string } }) => e.resource.id);
  t.strictSame(ids.sort(), ['m', 'of-p'], '_include');
  const refused = await ask('GET', '/Observation?about:Practitioner.gender=other');
  t.equal(refused.status, 400, 'not a type to which R4 lets it lead');
  t.match(refused.body.issue[0].diagnostics, /Patient, Group, Device, Location|Device, Group, Location, Patient/);
});

const tie = (code: string, name: string) => ({
  ...parameter(code, 'Observation', 'Observation'),
  type: 'composite',
  component: [
    { definition: `https://h.example/SearchParameter/${name}`, expression: 'subject' },
    { definition: 'http://hl7.org/fhir/SearchParameter/clinical-code', expression: 'code' },
  ],
});
const kind = { ...parameter('kind', 'Patient', 'Patient.gender'), type: 'token' };

/** Of parameters that are being indexed (Observation: about, about-code; Patient: guardian, kind), with the one that is named. */
const notReady: readonly [search: string, code: string][] = [
  ['Observation?about=Patient/p', 'about'],
  ['Observation?about:missing=true', 'about'],
  ['Observation?about:Patient.name=x', 'about'],
  ['Observation?about.name=x', 'about'],
  ['Observation?about:identifier=x', 'about'],
  ['Observation?about-code=Patient/p$x', 'about-code'],
  ['Observation?subject:Patient.kind=male', 'kind'],
  ['Observation?subject.kind=male', 'kind'],
  ['Observation?subject:Patient.guardian.name=x', 'guardian'],
  ['Observation?subject.guardian:Patient.name=x', 'guardian'],
  ['Observation?subject:Patient._has:Observation:about:status=final', 'about'],
  ['Observation?subject._has:Observation:about:status=final', 'about'],
  ['Encounter?subject.general-practitioner._has:Patient:guardian:name=x', 'guardian'],
  ['Patient?_has:Observation:about:status=final', 'about'],
  ['Patient?_has:Observation:subject:about=Patient/p', 'about'],
  ['Patient?_has:Observation:subject:about-code=Patient/p$x', 'about-code'],
  ['Patient?_has:Observation:about:_has:Provenance:target:agent=x', 'about'],
  ['Observation?_include=Observation:about', 'about'],
  ['Observation?_include=Observation:about:Patient', 'about'],
  ['Patient?_revinclude=Observation:about', 'about'],
  ['Patient?_revinclude:iterate=Observation:about', 'about'],
  ['Observation?_include:iterate=Patient:guardian', 'guardian'],
  ['Observation?_sort=about', 'about'],
  ['Observation?_sort=-date,about', 'about'],
  ['Observation?_sort=about-code', 'about-code'],
  ['Observation?_filter=about eq Patient/p', 'about'],
  ['Observation?_filter=not (about eq Patient/p) and status eq final', 'about'],
  ['Observation?_filter=about:Patient.name eq x', 'about'],
  ['Observation?_filter=about.name eq x', 'about'],
  ['Observation?_filter=subject:Patient.kind eq male', 'kind'],
  ['Observation?_filter=subject.kind eq male', 'kind'],
  ['Observation?_filter=subject[kind eq male].name eq x', 'kind'],
  ['Observation?_filter=about-code pr true', 'about-code'],
  ['?_type=Patient,Group&_has:Observation:about:status=final', 'about'],
];

t.test('a parameter that is being indexed is named as such wherever a search uses it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hufhir-reference-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const { ask, context, stop } = await startOn(join(folder, 'test.db'));
  t.teardown(stop);
  t.ok(await context.store.shelf.lease('indexing', 'test', 600_000));
  t.equal((await ask('PUT', '/Patient/p', patient({ id: 'p' }))).status, 201);
  const [about, guardian] = [parameters[0], parameters.at(-1)];
  for (const one of [about, guardian, kind, tie('about-code', 'about')]) {
    t.equal((await ask('PUT', `/SearchParameter/${one?.id}`, one)).status, 201, String(one?.code));
  }
  for (const [search, code] of notReady) {
    const [path = '', query = ''] = search.split('?');
    const text = `${path}?${query.replaceAll(' ', '%20')}`;
    for (const headers of [{}, { prefer: 'handling=lenient' }]) {
      const { status, body } = await ask('GET', `/${text}`, undefined, headers);
      t.equal(status, 503, search);
      const diagnostics = new RegExp(`"${code}" of .* is being indexed`);
      t.match(body.issue, [{ code: 'transient', diagnostics }], search);
    }
  }
  t.equal((await ask('DELETE', '/Patient?_has:Observation:about:status=final')).status, 503, 'criteria of a write');
  t.equal(
    (await ask('GET', '/Observation?_include=*&_include=Observation:*')).status,
    200,
    'wildcards are what is ready',
  );
  t.equal((await ask('GET', '/Patient?_has:Observation:obout:status=final')).status, 400, 'what nobody defined');
  t.ok(await context.store.shelf.lease('indexing', 'test', 0));
  for (const [search] of notReady) {
    const text = `/${search.replaceAll(' ', '%20')}`;
    let answer = await ask('GET', text);
    while (answer.status === 503) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      answer = await ask('GET', text);
    }
    // A composite has no order.
    const wanted = search.includes('_sort=about-code') ? 400 : 200;
    t.equal(answer.status, wanted, `${search} ${answer.text.slice(0, 300)}`);
  }
});
