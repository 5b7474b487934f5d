import type { Address, Extension, Identifier, Patient } from '@medplum/fhirtypes';
import { dayText, instantText } from '../calendar.ts';
import type { Death, Home, Person } from '../model/types.ts';
import {
  ARCHIVE_NUMBER,
  codeSystem,
  ETHNIC_GROUP,
  INSURANCE_CARD,
  profileUrl,
  RESIDENT_ID,
  recordNumberSystem,
} from '../systems.ts';
import { hl7, literal, type Ref } from './writer.ts';

/** The Patient as the CHC knows it. */
export function centrePatient(person: Person): Patient {
  const { replacedBy } = person;
  const extension = extensions(person);
  const identified = identifiers(person, ARCHIVE_NUMBER, person.archiveNumber);
  return {
    resourceType: 'Patient',
    extension,
    identifier: identified.length > 0 ? identified : [ownNumber(person, person.registrar)],
    active: replacedBy === undefined,
    ...demographics(person),
    ...deceased(person.death),
    address: person.homes.map(address),
    managingOrganization: literal('Organization', person.registrar),
    ...(replacedBy?.patientId === undefined
      ? {}
      : { link: [{ other: literal('Patient', replacedBy.patientId), type: 'replaced-by' as const }] }),
  };
}

/** The Patient as a hospital knows it: its own number, no file, no type of residency. */
export function hospitalPatient(person: Person, hospital: string, managingOrganization: Ref): Patient {
  return {
    resourceType: 'Patient',
    identifier: [...identifiers(person), ownNumber(person, hospital)],
    active: true,
    ...demographics(person),
    address: person.homes.slice(-1).map(address),
    managingOrganization,
  };
}

/** The number that sources give the person. */
export const recordNumber = (person: Person): string => person.key.toUpperCase();

/** The source's own number of the person. */
const ownNumber = (person: Person, source: string): Identifier => {
  return { type: hl7('v2-0203', 'MR'), system: recordNumberSystem(source), value: recordNumber(person) };
};

function identifiers(person: Person, system?: string, value?: string): Identifier[] {
  const found: Identifier[] = [];
  if (person.residentId !== undefined) found.push({ use: 'official', system: RESIDENT_ID, value: person.residentId });
  if (system !== undefined && value !== undefined) found.push({ system, value });
  if (person.insuranceCard !== undefined) found.push({ system: INSURANCE_CARD, value: person.insuranceCard });
  return found;
}

function demographics(person: Person): Pick<Patient, 'name' | 'telecom' | 'gender' | 'birthDate'> {
  return {
    name: [{ use: 'official', text: person.name }],
    ...(person.phone === undefined ? {} : { telecom: [{ system: 'phone' as const, value: person.phone }] }),
    gender: person.gender,
    birthDate: dayText(person.birth),
  };
}

function extensions({ residency, ethnicity, hukou }: Person): Extension[] {
  return [
    ...(residency === undefined ? [] : [{ url: profileUrl('cn-sh-residency-type'), valueCode: residency }]),
    { url: profileUrl('cn-sh-ethnicity'), valueCoding: { system: ETHNIC_GROUP, code: ethnicity } },
    { url: profileUrl('cn-sh-hukou-type'), valueCode: hukou },
  ];
}

function deceased(death: Death | undefined): Pick<Patient, 'deceasedBoolean' | 'deceasedDateTime'> {
  if (!death) return {};
  if (death.kind === 'flag') return { deceasedBoolean: true };
  return { deceasedDateTime: death.kind === 'day' ? dayText(death.day) : instantText(death.at) };
}

function address({ use, street, committee, line, from, to }: Home): Address {
  const period = {
    ...(from === undefined ? {} : { start: dayText(from) }),
    ...(to === undefined ? {} : { end: dayText(to) }),
  };
  return {
    ...(street === undefined
      ? {}
      : {
          extension: [
            { url: profileUrl('cn-sh-street'), valueCoding: { system: codeSystem('cn-sh-street-cs'), code: street } },
            { url: profileUrl('cn-sh-committee'), valueString: committee },
          ],
        }),
    use,
    line: [line],
    district: street === undefined ? '浦东新区' : '长宁区',
    state: '上海市',
    ...(from === undefined && to === undefined ? {} : { period }),
  };
}
