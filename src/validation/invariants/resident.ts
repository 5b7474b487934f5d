import type { JsonObject } from '#fhir/json/object.ts';
import { has, type NativeCheck, objects } from './check.ts';

/** GB 11643: a digit for each place but the last, which is 0 to 9 or X. */
const residentId = /^[0-9]{17}[0-9X]$/;
const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const system = 'urn:oid:2.16.156.10011.1.3';
const residentIds = `identifier.where(system = '${system}').value.where(matches('^[0-9]{17}[0-9X]$'))`;

/** The check digit of a resident ID number, as the guide states it, and its native form. */
export const checkDigit: readonly [expression: string, check: NativeCheck<string>] = [
  `matches('^[0-9]{17}[0-9X]$') implies (${weights
    .map((weight, i) => `substring(${i}, 1).toInteger() * ${weight}`)
    .join(' + ')} + iif(substring(17, 1) = 'X', 10, substring(17, 1).toInteger())) mod 11 = 1`,
  (id) => {
    if (!residentId.test(id)) return true;
    const last = id.endsWith('X') ? 10 : Number(id[17]);
    return weights.reduce((sum, weight, i) => sum + Number(id[i]) * weight, last) % 11 === 1;
  },
];

/** The invariants of the guide by which birth date and gender agree with the resident ID number. */
export const residentChecks: readonly (readonly [expression: string, check: NativeCheck<JsonObject>])[] = [
  [
    `birthDate.exists() implies ${residentIds}.all((substring(6, 4) + '-' + substring(10, 2) + '-' + substring(12, 2)).startsWith(%resource.birthDate.toString()))`,
    (patient) => {
      const { birthDate } = patient;
      if (!has(patient, 'birthDate')) return true;
      return idsOf(patient).every((id) => {
        const date = `${id.slice(6, 10)}-${id.slice(10, 12)}-${id.slice(12, 14)}`;
        return typeof birthDate === 'string' && date.startsWith(birthDate);
      });
    },
  ],
  [
    `(gender = 'male' or gender = 'female') implies ${residentIds}.all((substring(16, 1).toInteger() mod 2 = 1) = (%resource.gender = 'male'))`,
    (patient) => {
      const { gender } = patient;
      if (gender !== 'male' && gender !== 'female') return has(patient, 'gender') || idsOf(patient).length === 0;
      return idsOf(patient).every((id) => (Number(id[16]) % 2 === 1) === (gender === 'male'));
    },
  ],
];

function idsOf(patient: JsonObject): readonly string[] {
  return objects(patient.identifier).flatMap(({ system: of, value }) =>
    of === system && typeof value === 'string' && residentId.test(value) ? [value] : [],
  );
}
