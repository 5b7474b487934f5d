import type { Maker } from './oracle-people.ts';
import { type Json, present, type Values } from './oracle-values.ts';
import * as words from './oracle-words.ts';

/** One of the forms of a choice element. */
function choice(v: Values, ...forms: readonly (() => Json)[]): Json {
  return v.r.pick(forms)();
}

const clinical = 'http://terminology.hl7.org/CodeSystem/condition-clinical';

function subject(v: Values): Json {
  return v.r.oneIn(6) ? v.reference('Group') : v.reference('Patient');
}

function result(v: Values): Json {
  return choice(
    v,
    () => ({ valueQuantity: v.quantity() }),
    () => ({ valueQuantity: v.quantity() }),
    () => ({ valueCodeableConcept: v.concept() }),
    () => ({ valueString: v.r.pick([...words.displays, ...words.rareWords]) }),
    () => ({ valueDateTime: v.moment() }),
    () => ({ valuePeriod: v.period() }),
    () => ({}),
  );
}

/** What was observed, decided and done. */
export const records: Readonly<Record<string, Maker>> = {
  Encounter: (v, at) => ({
    identifier: v.identifiers('Encounter', at),
    status: v.r.pick(['planned', 'finished']),
    class: v.coding(),
    type: v.r.some(2, () => v.concept()),
    subject: v.r.maybe(() => subject(v)),
    episodeOfCare: v.r.some(2, () => v.reference('EpisodeOfCare')),
    participant: v.r.some(2, () =>
      present({
        type: v.r.some(1, () => v.concept()),
        individual: v.reference('Practitioner', 'PractitionerRole', 'RelatedPerson'),
      }),
    ),
    period: v.r.maybe(() => v.period()),
    length: v.r.maybe(() => v.amount('mo')),
    location: v.r.some(2, () => present({ location: v.reference('Location'), period: v.r.maybe(() => v.period()) })),
    serviceProvider: v.r.maybe(() => v.reference('Organization')),
    partOf: v.r.oneIn(3) && at > 0 ? { reference: `Encounter/r${v.r.below(at)}` } : undefined,
  }),
  EpisodeOfCare: (v, at) => ({
    identifier: v.identifiers('EpisodeOfCare', at),
    status: v.r.pick(['active', 'finished']),
    type: v.r.some(1, () => v.concept()),
    patient: v.reference('Patient'),
    managingOrganization: v.r.maybe(() => v.reference('Organization')),
    period: v.r.maybe(() => v.period()),
  }),
  Observation: (v, at) => ({
    identifier: v.identifiers('Observation', at),
    status: v.r.pick(['final', 'amended', 'registered']),
    category: v.r.some(2, () => v.concept()),
    code: v.concept(),
    subject: v.r.maybe(() => v.r.pick([subject(v), subject(v), v.reference('Device', 'Location')])),
    encounter: v.r.maybe(() => v.reference('Encounter')),
    performer: v.r.some(2, () => v.reference('Practitioner', 'Organization', 'Patient')),
    ...choice(
      v,
      () => ({ effectiveDateTime: v.moment() }),
      () => ({ effectivePeriod: v.period() }),
      () => ({ effectiveTiming: v.timing() }),
      () => ({ effectiveInstant: v.instant() }),
      () => ({}),
    ),
    ...result(v),
    component: v.r.some(2, () => ({ code: v.concept(), ...result(v) })),
    derivedFrom: v.r.oneIn(4) ? [v.reference('Observation')] : undefined,
    hasMember: v.r.oneIn(4) ? [v.reference('Observation')] : undefined,
  }),
  Condition: (v, at) => ({
    identifier: v.identifiers('Condition', at),
    clinicalStatus: { coding: [{ system: clinical, code: v.r.pick(['inactive', 'resolved', 'remission']) }] },
    code: v.r.maybe(() => v.concept()),
    subject: subject(v),
    encounter: v.r.maybe(() => v.reference('Encounter')),
    ...choice(
      v,
      () => ({ onsetDateTime: v.moment() }),
      () => ({ onsetAge: v.amount(v.r.pick(['a', 'mo'])) }),
      () => ({ onsetPeriod: v.period() }),
      () => ({ onsetRange: v.range('a') }),
      () => ({ onsetString: v.r.pick(words.displays) }),
      () => ({}),
    ),
    ...choice(
      v,
      () => ({ abatementAge: v.amount('a') }),
      () => ({ abatementDateTime: v.moment() }),
      () => ({}),
    ),
    recordedDate: v.r.maybe(() => v.moment()),
    evidence: v.r.some(2, () =>
      present({ code: v.r.some(1, () => v.concept()), detail: [v.reference('Observation')] }),
    ),
  }),
  Procedure: (v, at) => ({
    identifier: v.identifiers('Procedure', at),
    status: 'completed',
    code: v.r.maybe(() => v.concept()),
    subject: subject(v),
    ...choice(
      v,
      () => ({ performedPeriod: v.period() }),
      () => ({ performedDateTime: v.moment() }),
      () => ({}),
    ),
    performer: v.r.some(2, () => ({ actor: v.reference('Practitioner', 'Organization', 'Device') })),
    location: v.r.maybe(() => v.reference('Location')),
    reasonReference: v.r.some(1, () => v.reference('Condition', 'Observation')),
    partOf: v.r.oneIn(4) ? [v.reference('Procedure', 'Observation')] : undefined,
  }),
  Medication: (v, at) => ({
    identifier: v.identifiers('Medication', at),
    code: v.r.maybe(() => v.concept()),
    manufacturer: v.r.maybe(() => v.reference('Organization')),
    ingredient: v.r.some(2, () =>
      choice(
        v,
        () => ({ itemCodeableConcept: v.concept() }),
        () => ({ itemReference: v.reference('Medication') }),
      ),
    ),
    batch: v.r.maybe(() => ({ expirationDate: v.moment() })),
  }),
  MedicationRequest: (v, at) => ({
    identifier: v.identifiers('MedicationRequest', at),
    status: v.r.pick(['active', 'stopped']),
    intent: 'order',
    ...choice(
      v,
      () => ({ medicationCodeableConcept: v.concept() }),
      () => ({ medicationReference: v.reference('Medication') }),
    ),
    subject: subject(v),
    encounter: v.r.maybe(() => v.reference('Encounter')),
    authoredOn: v.r.maybe(() => v.moment()),
    requester: v.r.maybe(() => v.reference('Practitioner', 'Organization', 'PractitionerRole')),
    dosageInstruction: v.r.some(2, () => ({ timing: { event: [v.moment()] } })),
  }),
  RiskAssessment: (v, at) => ({
    identifier: v.identifiers('RiskAssessment', at),
    status: 'final',
    subject: subject(v),
    ...choice(
      v,
      () => ({ occurrenceDateTime: v.moment() }),
      () => ({ occurrencePeriod: v.period() }),
    ),
    condition: v.r.maybe(() => v.reference('Condition')),
    prediction: v.r.some(3, () =>
      present({
        ...choice(
          v,
          () => ({ probabilityDecimal: v.r.pick(words.numbers.filter((n) => n <= 100)) }),
          () => ({ probabilityRange: { low: { value: 0.5 }, high: { value: v.r.pick([0.51, 1, 5.45]) } } }),
          () => ({}),
        ),
        qualitativeRisk: v.concept(),
      }),
    ),
  }),
  CarePlan: (v, at) => ({
    identifier: v.identifiers('CarePlan', at),
    status: v.r.pick(['active', 'completed']),
    intent: 'plan',
    category: v.r.some(2, () => v.concept()),
    subject: subject(v),
    period: v.r.maybe(() => v.period()),
    careTeam: v.r.some(1, () => v.reference('CareTeam')),
    addresses: v.r.some(2, () => v.reference('Condition')),
    instantiatesCanonical: v.r.some(2, () => v.canonical()),
    instantiatesUri: v.r.some(1, () => v.r.pick(words.uris)),
    activity: v.r.some(2, () => ({
      detail: {
        status: 'scheduled',
        ...choice(
          v,
          () => ({ scheduledTiming: v.timing() }),
          () => ({ scheduledPeriod: v.period() }),
          () => ({ scheduledString: 'daily' }),
        ),
      },
    })),
  }),
  Provenance: (v) => ({
    target: v.r.some(3, () => v.reference('Patient', 'Observation', 'Condition')) ?? [v.reference('Encounter')],
    ...choice(
      v,
      () => ({ occurredPeriod: v.period() }),
      () => ({ occurredDateTime: v.moment() }),
    ),
    recorded: v.instant(),
    agent: [present({ type: v.r.maybe(() => v.concept()), who: v.reference('Practitioner', 'Patient', 'Device') })],
    signature: v.r.oneIn(3) ? [{ type: [v.coding()], when: v.instant(), who: v.reference('Practitioner') }] : undefined,
  }),
  Invoice: (v, at) => ({
    identifier: v.identifiers('Invoice', at),
    status: 'issued',
    subject: v.r.maybe(() => subject(v)),
    totalNet: v.r.maybe(() => ({ value: v.r.pick(words.numbers), currency: v.r.pick(['CNY', 'EUR']) })),
    totalGross: v.r.maybe(() => ({ value: v.r.pick(words.numbers), currency: v.r.pick(['CNY', 'EUR']) })),
  }),
};
