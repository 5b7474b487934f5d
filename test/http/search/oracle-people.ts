import { type Json, present, type Values } from './oracle-values.ts';
import * as words from './oracle-words.ts';

/** Makes the elements of one resource beside those that all have. */
export type Maker = (v: Values, at: number) => Json;

const genders = ['male', 'female', 'other'] as const;

/** Who takes part, and where. */
export const people: Readonly<Record<string, Maker>> = {
  Patient: (v, at) => ({
    identifier: v.identifiers('Patient', at),
    active: v.r.maybe(() => v.r.oneIn(2)),
    name: v.r.some(2, () => v.name()),
    telecom: v.r.some(2, () => v.contact()),
    gender: v.r.maybe(() => v.r.pick(genders)),
    birthDate: v.r.maybe(() => v.date()),
    ...v.r.pick([{}, {}, { deceasedBoolean: v.r.oneIn(2) }, { deceasedDateTime: v.moment() }]),
    address: v.r.some(2, () => v.address()),
    communication: v.r.oneIn(2) ? [{ language: v.concept() }] : undefined,
    generalPractitioner: v.r.some(2, () => v.reference('Practitioner', 'Organization', 'PractitionerRole')),
    managingOrganization: v.r.maybe(() => v.reference('Organization')),
    link: v.r.oneIn(5) ? [{ other: v.reference('Patient'), type: 'seealso' }] : undefined,
  }),
  RelatedPerson: (v, at) => ({
    identifier: v.identifiers('RelatedPerson', at),
    patient: v.reference('Patient'),
    relationship: v.r.some(2, () => v.concept()),
    name: v.r.some(1, () => v.name()),
    birthDate: v.r.maybe(() => v.date()),
  }),
  Practitioner: (v, at) => ({
    identifier: v.identifiers('Practitioner', at),
    active: v.r.maybe(() => v.r.oneIn(2)),
    name: v.r.some(2, () => v.name()),
    telecom: v.r.some(1, () => v.contact()),
    gender: v.r.maybe(() => v.r.pick(genders)),
    communication: v.r.some(1, () => v.concept()),
  }),
  PractitionerRole: (v, at) => ({
    identifier: v.identifiers('PractitionerRole', at),
    period: v.r.maybe(() => v.period()),
    practitioner: v.r.maybe(() => v.reference('Practitioner')),
    organization: v.r.maybe(() => v.reference('Organization')),
    code: v.r.some(2, () => v.concept()),
    specialty: v.r.some(1, () => v.concept()),
    location: v.r.some(2, () => v.reference('Location')),
  }),
  Organization: (v, at) => ({
    identifier: v.identifiers('Organization', at),
    active: v.r.maybe(() => v.r.oneIn(2)),
    type: v.r.some(2, () => v.concept()),
    name: v.r.pick(words.cities),
    alias: v.r.some(2, () => v.r.pick(words.cities)),
    address: v.r.some(1, () => v.address()),
    partOf: above(v, 'Organization', at),
  }),
  Location: (v, at) => ({
    identifier: v.identifiers('Location', at),
    status: v.r.maybe(() => v.r.pick(['active', 'suspended'])),
    name: v.r.maybe(() => v.r.pick(words.cities)),
    type: v.r.some(2, () => v.concept()),
    address: v.r.maybe(() => v.address()),
    position: v.r.maybe(() => ({ longitude: 121.4 + v.r.below(20) / 100, latitude: 31.2 + v.r.below(20) / 100 })),
    managingOrganization: v.r.maybe(() => v.reference('Organization')),
    partOf: above(v, 'Location', at),
  }),
  Group: (v, at) => ({
    identifier: v.identifiers('Group', at),
    type: 'person',
    actual: true,
    code: v.r.maybe(() => v.concept()),
    characteristic: v.r.some(2, () => ({
      code: v.concept(),
      exclude: v.r.oneIn(2),
      ...v.r.pick([
        { valueCodeableConcept: v.concept() },
        { valueBoolean: v.r.oneIn(2) },
        { valueQuantity: v.quantity() },
      ]),
    })),
    member: v.r.some(3, () => ({ entity: v.reference('Patient', 'Practitioner') })),
  }),
  Device: (v, at) => ({
    identifier: v.identifiers('Device', at),
    type: v.r.maybe(() => v.concept()),
    manufacturer: v.r.maybe(() => v.r.pick(words.cities)),
    deviceName: v.r.some(1, () => ({ name: v.r.pick(words.displays), type: 'user-friendly-name' })),
    patient: v.r.maybe(() => v.reference('Patient')),
    location: v.r.maybe(() => v.reference('Location')),
  }),
  Coverage: (v, at) => ({
    identifier: v.identifiers('Coverage', at),
    status: 'active',
    type: v.r.maybe(() => v.concept()),
    beneficiary: v.reference('Patient'),
    payor: [v.reference('Organization', 'Patient', 'RelatedPerson')],
    class: v.r.some(2, () => ({ type: v.concept(), value: v.r.pick(words.cities) })),
  }),
};

/** A tree: each lies below one that came before it. */
function above(v: Values, type: string, at: number): Json | undefined {
  if (at === 0 || v.r.oneIn(4)) return undefined;
  const reference = `${type}/r${v.r.below(at)}`;
  return present({ reference, display: v.r.oneIn(3) ? v.r.pick(words.displays) : undefined });
}
