import t from 'tap';
import { holdsResidentNumber, mask } from '#resident-numbers';
import { residentIdCheck } from '#seed/model/numbers.ts';
import { spellings } from '#test/spellings.ts';

const digits = '31010519500102999';
const long = digits + residentIdCheck(digits);
const withX = '11010519491231002X';
const short = '310105500102999';

t.test('GB 11643: a number is known and masked in every spelling', async (t) => {
  for (const number of [long, withX, short]) {
    for (const [name, spelled] of Object.entries(spellings(number))) {
      // Fifteen numbers with dots between them are an OID's.
      if (number === short && name === 'dots') continue;
      for (const [before, after] of [
        ['', ''],
        ['a ', ' b'],
        ['"', '"'],
        ['Patient/', '/x'],
        ['张', '，'],
      ] as const) {
        const text = before + spelled + after;
        t.ok(holdsResidentNumber(text), `${name}: ${text}`);
        const masked = mask(text);
        t.notOk(holdsResidentNumber(masked), `${name}: ${masked}`);
        t.notMatch(masked, /0102|9999|1231/, `${name}: the date of birth and the end are gone: ${masked}`);
        t.ok(masked.startsWith(before) && masked.endsWith(`…${after}`), `${name}: what is around it stays: ${masked}`);
        t.equal(mask(masked), masked, `${name}: masked once`);
      }
    }
  }
});

t.test('several numbers in a text are all masked', async (t) => {
  t.equal(mask(`${long}, ${withX} and ${short}`), '310105…, 110105… and 310105…');
  t.equal(mask(`${long}${withX}`), '310105…');
  t.equal(mask(`1${long}9`), '131010…');
});

t.test('a mistyped number is masked; what marks an id as one is region, date and check digit', async (t) => {
  const wrong = digits + String((Number(residentIdCheck(digits)) + 1) % 10);
  t.equal(mask(wrong), '310105…');
  t.equal(mask(wrong.replace(/(\d{6})(\d{8})/, '$1 $2 ')), '310105…');
  t.notOk(holdsResidentNumber(wrong));
  t.notOk(holdsResidentNumber(`99${long.slice(2)}`), 'no region');
  t.notOk(holdsResidentNumber('310105195013019991'), 'no date');
  t.notOk(holdsResidentNumber('310105501301999'), 'no date');
});

t.test('a UUID holds none, whatever its digits are', async (t) => {
  for (const uuid of [
    '31010550-0102-4999-8a0b-0123456789ab',
    '0193a8b2-a310-4055-8001-02999b000000',
    '31010550-0102-9990-0a0b-0123456789ab',
  ])
    for (const text of [uuid, `urn:uuid:${uuid}`, `Patient/${uuid.toUpperCase()}`]) t.notOk(holdsResidentNumber(text));
  t.ok(holdsResidentNumber(`Patient/0193a8b2-7c1f-7a53-9a41-2c5d6e7f8091/${long}`), 'one beside it is found');
});

t.test('ordinary numbers stay', async (t) => {
  for (const text of [
    '8480-6',
    'http://loinc.org|85354-9,8462-4,8480-6,14771-0',
    '2025-03-01T08:30:00.123+08:00',
    '20250301083000',
    '1764530000000',
    'ge2025-01-01 and le2025-12-31 and ge2024-01-01',
    '1.2.840.10008.5.1.4.1.1.481',
    'urn:oid:2.16.156.10011.2.3.3.4',
    '0193a8b2-7c1f-7a53-9a41-2c5d6e7f8091',
    'W/"3"',
    'Patient/chc-01-000123/_history/12',
    '4.0.1, 24.21.0',
    'at most 64 bytes, 10000 entries, 67108864 bytes, 1048576',
    '021-5555 1234, 138 1234 5678',
    '138447000, 44054006, 38341003, 59621000',
    'estimated 200 rows, 187 read, 0.42 ms',
    'line 12, column 345',
    '127.0.0.1:8080',
  ]) {
    t.equal(mask(text), text);
    t.notOk(holdsResidentNumber(text), text);
  }
});
