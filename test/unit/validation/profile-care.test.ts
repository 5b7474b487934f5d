import t, { type Test as Tap } from 'tap';
import { B, type Case, checker, loinc, profiled, quantity, variants } from './fixture.ts';

const check = checker('profile');

function run(t: Pick<Tap, 'same'>, cases: readonly Case[]): void {
  for (const [name, resource, expected] of cases) t.same(check(resource), expected, name);
}

t.test('cn-sh-blood-pressure', async (t) => {
  const part = (code: string, value: number, unit = 'mm[Hg]') => ({
    code: loinc(code),
    valueQuantity: quantity(value, unit),
  });
  const both = (systolic: number, diastolic: number) => ({
    component: [part('8480-6', systolic), part('8462-4', diastolic)],
  });
  const pressure = profiled('Observation', 'cn-sh-blood-pressure', {
    status: 'final',
    code: loinc('85354-9'),
    subject: { reference: 'Patient/1' },
    effectiveDateTime: '2025-03-01',
    ...both(128, 82),
  });
  run(
    t,
    variants(pressure, [
      ['a subject by identifier', { subject: { identifier: { system: 'http://x.org', value: '1' } } }, []],
      ['another code', { code: loinc('55284-4') }, ['error bad-element-value Observation.code']],
      [
        'a group as subject',
        { subject: { reference: 'Group/1' } },
        ['error wrong-reference Observation.subject.reference'],
      ],
      [
        'no diastolic',
        { component: [part('8480-6', 128)] },
        ['error wrong-cardinality Observation.component', 'error missing-element Observation.component'],
      ],
      [
        'two systolic',
        { component: [part('8480-6', 128), part('8480-6', 127), part('8462-4', 80)] },
        ['error wrong-cardinality Observation.component'],
      ],
      ['a further component', { component: [part('8480-6', 128), part('8462-4', 80), part('8478-0', 95)] }, []],
      [
        'kPa',
        { component: [part('8480-6', 128, 'kPa'), part('8462-4', 80)] },
        ['error bad-element-value Observation.component[0].value.code'],
      ],
      [
        'a value in words',
        { component: [{ code: loinc('8480-6'), valueString: '128' }, part('8462-4', 80)] },
        ['error wrong-shape Observation.component[0].value', ...missing('Observation.component[0].value')],
      ],
      [
        'a missing value with its reason',
        { component: [part('8480-6', 128), { code: loinc('8462-4'), dataAbsentReason: { text: '未测' } }] },
        [],
      ],
      [
        'a missing value without',
        { component: [part('8480-6', 128), { code: loinc('8462-4') }] },
        ['error invalid-content Observation.component[1]'],
      ],
      ['systolic 60 and 300', both(300, 80), []],
      ['an implausible systolic', both(301, 80), ['warning invalid-content Observation.component[0].value']],
      ['an implausible diastolic', both(128, 29), ['warning invalid-content Observation.component[1].value']],
      ['diastolic above systolic', both(90, 91), ['warning invalid-content Observation']],
      [
        'a period as time',
        { effectiveDateTime: undefined, effectivePeriod: { start: '2025-03-01' } },
        ['error wrong-shape Observation.effective'],
      ],
    ]),
  );
});

function missing(path: string): string[] {
  return ['value', 'system', 'code'].map((name) => `error missing-element ${path}.${name}`);
}

t.test('cn-sh-glucose', async (t) => {
  const glucose = profiled('Observation', 'cn-sh-glucose', {
    status: 'final',
    code: loinc('14771-0'),
    subject: { reference: 'Patient/1' },
    effectiveDateTime: '2025-03-01T08:00:00+08:00',
    valueQuantity: quantity(6.1, 'mmol/L'),
  });
  run(
    t,
    variants(glucose, [
      ['capillary', { code: loinc('14770-2') }, []],
      ['random', { code: loinc('14743-9') }, []],
      ['after two hours', { code: loinc('14995-5') }, []],
      ['by mass', { code: loinc('1558-6') }, ['error code-not-in-value-set Observation.code']],
      [
        'mg/dL',
        { valueQuantity: quantity(110, 'mg/dL') },
        ['warning invalid-content Observation.value', 'error bad-element-value Observation.value.code'],
      ],
      ['implausible', { valueQuantity: quantity(41, 'mmol/L') }, ['warning invalid-content Observation.value']],
      ['no value and no reason', { valueQuantity: undefined }, ['error invalid-content Observation']],
      ['no subject', { subject: undefined }, ['error missing-element Observation.subject']],
    ]),
  );
});

t.test('cn-sh-follow-up-encounter', async (t) => {
  const mode = (code: string) => ({ class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code } });
  const type = (code: string) => [{ coding: [{ system: `${B}/CodeSystem/cn-sh-encounter-type-cs`, code }] }];
  const followUp = profiled('Encounter', 'cn-sh-follow-up-encounter', {
    status: 'finished',
    ...mode('AMB'),
    type: type('follow-up'),
    subject: { reference: 'Patient/1' },
    episodeOfCare: [{ reference: 'EpisodeOfCare/1' }],
    period: { start: '2025-03-01T08:00:00+08:00' },
    serviceProvider: { reference: 'Organization/chc-01' },
  });
  run(
    t,
    variants(followUp, [
      ['at home', mode('HH'), []],
      ['by telephone', mode('VR'), []],
      ['as an inpatient', mode('IMP'), ['error code-not-in-value-set Encounter.class']],
      ['of another type', { type: type('exam') }, ['error missing-element Encounter.type']],
      ['of two types', { type: [...type('follow-up'), ...type('exam')] }, []],
      ['without an episode', { episodeOfCare: undefined }, ['error missing-element Encounter.episodeOfCare']],
      ['without a start', { period: { end: '2025-03-01' } }, ['error missing-element Encounter.period.start']],
      ['without a period', { period: undefined }, ['error missing-element Encounter.period']],
      ['without a subject', { subject: undefined }, ['error missing-element Encounter.subject']],
      ['without a provider', { serviceProvider: undefined }, ['error missing-element Encounter.serviceProvider']],
    ]),
  );
});

t.test('cn-sh-signing-episode', async (t) => {
  const type = (code: string) => [{ coding: [{ system: `${B}/CodeSystem/cn-sh-episode-type-cs`, code }] }];
  const signing = profiled('EpisodeOfCare', 'cn-sh-signing-episode', {
    status: 'active',
    type: type('family-doctor'),
    patient: { reference: 'Patient/1' },
    managingOrganization: { reference: 'Organization/chc-01' },
    period: { start: '2025-01-01', end: '2025-12-31' },
    careManager: { reference: 'Practitioner/1' },
  });
  run(
    t,
    variants(signing, [
      ['of another type', { type: type('hypertension') }, ['error missing-element EpisodeOfCare.type']],
      [
        'without an organisation',
        { managingOrganization: undefined },
        ['error missing-element EpisodeOfCare.managingOrganization'],
      ],
      ['without a doctor', { careManager: undefined }, ['error missing-element EpisodeOfCare.careManager']],
      ['without a start', { period: { end: '2025-12-31' } }, ['error missing-element EpisodeOfCare.period.start']],
    ]),
  );
});

t.test('cn-sh-care-plan', async (t) => {
  const plan = profiled('CarePlan', 'cn-sh-care-plan', {
    status: 'active',
    intent: 'plan',
    subject: { reference: 'Patient/1' },
    addresses: [{ reference: 'Condition/1' }],
  });
  run(
    t,
    variants(plan, [
      ['an order', { intent: 'order' }, ['error bad-element-value CarePlan.intent']],
      ['about nothing', { addresses: undefined }, ['error missing-element CarePlan.addresses']],
    ]),
  );
});
