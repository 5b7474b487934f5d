import type { BundleEntry, Coding } from '@medplum/fhirtypes';
import { BUREAU, CENTRES, HOSPITALS } from '../district.ts';
import type { District } from '../model/types.ts';
import { random } from '../random.ts';
import { codeSystem, ORGANIZATION_CODE, STAFF_NUMBER } from '../systems.ts';
import { hl7, literal, local, Writer } from './writer.ts';

/** What the district's own platform pushes: institutions, doctors, the official populations; a list of entries each. */
export function writePlatform({ seed, official, period }: District): BundleEntry[][] {
  const writers = ['institutions', 'doctors', 'populations'].map(
    (part) => new Writer('district', 'own-ids', random(seed, 'platform', part)),
  );
  const [institutions, doctors, populations] = writers;
  if (institutions) writeInstitutions(institutions);
  if (doctors) writeDoctors(doctors);
  for (const { street, all, elderly } of official) {
    if (populations) writeGroup(populations, street, period.year, 'all', all);
    if (populations) writeGroup(populations, street, period.year, '65-plus', elderly);
  }
  return writers.map(({ entries }) => entries);
}

function writeInstitutions(writer: Writer): void {
  writeOrganization(writer, BUREAU, 'G100');
  for (const centre of CENTRES) {
    writeOrganization(writer, centre, 'B100', BUREAU.id);
    for (const station of centre.stations) {
      writeOrganization(writer, station, 'B200', centre.id);
      writer.put(station.id, {
        resourceType: 'Location',
        status: 'active',
        name: station.name,
        managingOrganization: literal('Organization', station.id),
      });
    }
  }
  for (const hospital of HOSPITALS) writeOrganization(writer, hospital, 'A100', BUREAU.id);
}

interface Institution {
  readonly id: string;
  readonly name: string;
  readonly code: string;
}

function writeOrganization(writer: Writer, { id, name, code }: Institution, type: string, partOf?: string): void {
  writer.put(
    id,
    {
      resourceType: 'Organization',
      identifier: [{ system: ORGANIZATION_CODE, value: code }],
      active: true,
      type: [local('cn-sh-organization-type-cs', type)],
      name,
      ...(partOf === undefined ? {} : { partOf: literal('Organization', partOf) }),
    },
    { profile: 'cn-sh-organization' },
  );
}

function writeDoctors(writer: Writer): void {
  for (const centre of CENTRES) {
    for (const { id, name, staffNumber } of centre.doctors) {
      const practitioner = writer.put(id, {
        resourceType: 'Practitioner',
        identifier: [{ system: STAFF_NUMBER, value: staffNumber }],
        active: true,
        name: [{ text: name }],
      });
      writer.put(`${id}-role`, {
        resourceType: 'PractitionerRole',
        active: true,
        practitioner,
        organization: literal('Organization', centre.id),
        code: [hl7('practitioner-role', 'doctor')],
      });
    }
  }
}

function writeGroup(writer: Writer, street: string, year: number, band: 'all' | '65-plus', quantity: number): void {
  const characteristic = (code: string, value: { text: string } | { coding: Coding[] }) => {
    return { code: local('cn-sh-population-cs', code), valueCodeableConcept: value, exclude: false };
  };
  writer.put(`population-${year}-${street}-${band}`, {
    resourceType: 'Group',
    active: true,
    type: 'person',
    actual: true,
    name: `${year}年常住人口 ${street} ${band === 'all' ? '全部' : '65岁及以上'}`,
    quantity,
    managingEntity: literal('Organization', BUREAU.id),
    characteristic: [
      characteristic('year', { text: String(year) }),
      characteristic('area', { coding: [{ system: codeSystem('cn-sh-street-cs'), code: street }] }),
      characteristic('age-band', { coding: [{ system: codeSystem('cn-sh-population-cs'), code: band }] }),
    ],
  });
}
