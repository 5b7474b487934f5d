import t from 'tap';
import { isValidId, parseReference, referenceType, splitCanonical } from '#fhir/values/references.ts';

const base = 'https://h.example/fhir';

t.test('the text of a reference tells what it names', async (t) => {
  const uuid = 'urn:uuid:c757873d-ec9a-4326-a141-556f43239520';
  const forms: [string, unknown][] = [
    ['Patient/1', { kind: 'local', type: 'Patient', id: '1' }],
    ['Patient/a-B.2/_history/3', { kind: 'local', type: 'Patient', id: 'a-B.2', version: '3' }],
    [`${base}/Patient/1`, { kind: 'local', type: 'Patient', id: '1' }],
    [`${base}/Patient/1/_history/2`, { kind: 'local', type: 'Patient', id: '1', version: '2' }],
    [
      'https://other.example/r4/Patient/1',
      { kind: 'foreign', url: 'https://other.example/r4/Patient/1', type: 'Patient' },
    ],
    [`${base}s/Patient/1`, { kind: 'foreign', url: `${base}s/Patient/1`, type: 'Patient' }],
    [`${base}/deeper/Patient/1`, { kind: 'foreign', url: `${base}/deeper/Patient/1`, type: 'Patient' }],
    ['http://other.example/page', { kind: 'foreign', url: 'http://other.example/page' }],
    [uuid, { kind: 'urn', urn: uuid }],
    ['urn:oid:1.2.3', { kind: 'urn', urn: 'urn:oid:1.2.3' }],
    ['#org', { kind: 'contained', id: 'org' }],
    ['#', { kind: 'contained', id: '' }],
    ['Patient?identifier=a|b', { kind: 'conditional', type: 'Patient', criteria: 'identifier=a|b' }],
    [`${base}/Patient?identifier=a|b`, { kind: 'conditional', type: 'Patient', criteria: 'identifier=a|b' }],
  ];
  for (const [text, expected] of forms) t.strictSame(parseReference(text, base), expected, text);
});

t.test('other texts name nothing', async (t) => {
  for (const text of [
    '',
    '1',
    'Patient',
    'Patient/',
    'patient/1',
    '/Patient/1',
    'Patient/a b',
    'Patient/1/2',
    `Patient/${'a'.repeat(65)}`,
  ]) {
    t.equal(parseReference(text, base), undefined, text);
  }
});

t.test('without a base every URL is foreign', async (t) => {
  t.strictSame(parseReference(`${base}/Patient/1`), { kind: 'foreign', url: `${base}/Patient/1`, type: 'Patient' });
});

t.test('ids, canonicals and types', async (t) => {
  for (const id of ['1', 'a-B.2', 'x'.repeat(64)]) t.ok(isValidId(id), id);
  for (const id of ['', 'a_b', 'x'.repeat(65), '张', 'a/b']) t.notOk(isValidId(id), id);
  t.strictSame(splitCanonical('http://x/V|1.0'), { url: 'http://x/V', version: '1.0' });
  t.strictSame(splitCanonical('http://x/V'), { url: 'http://x/V' });
  t.equal(referenceType('http://hl7.org/fhir/StructureDefinition/Patient'), 'Patient');
  t.equal(referenceType('Patient'), 'Patient');
});
