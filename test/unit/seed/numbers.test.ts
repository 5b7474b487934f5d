import t from 'tap';
import { day, dayText } from '#seed/calendar.ts';
import { BUREAU, CENTRES, HOSPITALS } from '#seed/district.ts';
import { drawDistrict } from '#seed/model/model.ts';
import { Numbers, residentIdCheck } from '#seed/model/numbers.ts';

const { persons } = drawDistrict(1000, 5, 2025);

/** ISO 7064 MOD 11-2 as the standard words it: the weighted sum, check included, leaves 1. */
function isValid(id: string): boolean {
  const sum = [...id].reduce((total, character, at) => {
    const value = character === 'X' ? 10 : Number(character);
    return total + value * (2 ** (17 - at) % 11);
  }, 0);
  return /^\d{17}[\dX]$/.test(id) && sum % 11 === 1;
}

t.test('check characters of GB 11643', async (t) => {
  for (const id of ['11010519491231002X', '440524188001010014']) {
    t.equal(residentIdCheck(id.slice(0, 17)), id.charAt(17), id);
    t.ok(isValid(id));
  }
  t.notOk(isValid('110105194912310021'));
});

t.test('resident ID numbers say what the record says', async (t) => {
  for (const { residentId, birth, gender } of persons) {
    if (residentId === undefined) continue;
    const right =
      isValid(residentId) &&
      residentId.startsWith('310105') &&
      residentId.slice(6, 14) === dayText(birth).replaceAll('-', '') &&
      Number(residentId.charAt(16)) % 2 === (gender === 'male' ? 1 : 0);
    if (!right) t.fail(`a number of ${dayText(birth)} ${gender}`);
  }
  const ids = persons.flatMap(({ residentId }) => residentId ?? []);
  t.equal(new Set(ids).size, ids.length);
  t.ok(ids.some((id) => id.endsWith('X')));
});

t.test('many births on one day have numbers of their own', async (t) => {
  const numbers = new Numbers();
  const birth = day(1960, 2, 29);
  const ids = Array.from({ length: 500 }, () => numbers.residentId(birth, 'male'));
  t.equal(new Set(ids).size, 500);
  t.ok(ids.every(isValid));
  t.throws(() => numbers.residentId(birth, 'male'), RangeError);
});

t.test('archive numbers are 17 digits of the street, the committee and a serial', async (t) => {
  const streets = CENTRES.map(({ street }) => street);
  const archived = persons.flatMap(({ archiveNumber }) => archiveNumber ?? []);
  t.ok(archived.every((number) => /^\d{17}$/.test(number) && streets.includes(number.slice(0, 9))));
  t.equal(new Set(archived).size, archived.length);
});

t.test('organisation codes are those of terminology/README.md', async (t) => {
  const { readFileSync } = await import('node:fs');
  const table = readFileSync(new URL('../../../terminology/README.md', import.meta.url), 'utf8');
  const rows = CENTRES.map(
    ({ street, streetName, id, name, code }) => `| ${street} | ${streetName} | ${id} | ${name} | \`${code}\` |`,
  );
  for (const row of rows) t.ok(table.includes(row), row);
  const others = [BUREAU, ...HOSPITALS.slice(0, 1), ...(CENTRES[0]?.stations.slice(0, 1) ?? [])];
  for (const { id, code } of others) t.ok(table.includes(`\`${code}\``), id);
});
