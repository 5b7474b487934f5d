import t from 'tap';
import { checker, teller } from './fixture.ts';

const R4 = 'http://hl7.org/fhir/StructureDefinition';

const ownPrefix = (held: object) => ({
  resourceType: 'Patient',
  name: [{ family: 'van Beek', _family: { extension: [{ url: `${R4}/humanname-own-prefix`, ...held }] } }],
});
const nationality = (...parts: object[]) => ({
  resourceType: 'Patient',
  extension: [{ url: `${R4}/patient-nationality`, extension: parts }],
});
const code = { url: 'code', valueCodeableConcept: { text: 'x' } };
const period = { url: 'period', valuePeriod: { start: '2025' } };
const onPatient = (...extension: object[]) => ({ resourceType: 'Patient', extension });
const absent = { extension: [{ url: `${R4}/data-absent-reason`, valueCode: 'unknown' }] };
const at = 'Patient.extension[0]';
const family = 'Patient.name[0].family.extension[0]';

t.test("R4's own extensions hold what R4 defines for them", async (t) => {
  const cases: [string, unknown, string[]][] = [
    ['the type that is defined', ownPrefix({ valueString: 'van' }), []],
    ['a value given only by its extension', ownPrefix({ _valueString: absent }), []],
    ['another type', ownPrefix({ valueCode: 'van' }), [`error wrong-shape ${family}.value`]],
    [
      'extensions in place of the value',
      ownPrefix({ extension: [{ url: 'a', valueString: 'van' }] }),
      [`error wrong-cardinality ${family}.extension`, `error missing-element ${family}.value`],
    ],
    ['the parts that are defined', nationality(code, period), []],
    ['a part twice', nationality(code, code), [`error wrong-cardinality ${at}.extension`]],
    [
      'a part of another type',
      nationality({ url: 'code', valueString: 'x' }),
      [`error wrong-shape ${at}.extension[0].value`],
    ],
    [
      'a part that is not defined',
      nationality(code, { url: 'kode', valueString: 'x' }),
      [`error bad-element-value ${at}.extension[1].url`],
    ],
    ['an extension of others in it', nationality(code, { url: 'http://x.org', valueString: 'x' }), []],
    [
      'a value in place of the parts',
      onPatient({ url: `${R4}/patient-nationality`, valueString: 'x' }),
      [`error wrong-cardinality ${at}.value`],
    ],
    [
      'a mandatory part is missing',
      onPatient({ url: `${R4}/patient-animal`, extension: [{ url: 'breed', valueCodeableConcept: { text: 'x' } }] }),
      [`error missing-element ${at}.extension`],
    ],
    [
      'a reference to another type',
      onPatient({ url: `${R4}/patient-relatedPerson`, valueReference: { reference: 'Patient/1' } }),
      [`error wrong-reference ${at}.value.reference`],
    ],
    [
      'a code outside of a required value set',
      {
        resourceType: 'Observation',
        status: 'final',
        code: { text: 'x' },
        _valueString: { extension: [{ url: `${R4}/data-absent-reason`, valueCode: 'x' }] },
      },
      ['error code-not-in-value-set Observation.value.extension[0].value'],
    ],
    [
      'in an extension of others',
      onPatient({ url: 'http://x.org', extension: [{ url: `${R4}/humanname-own-prefix`, valueCode: 'van' }] }),
      [`error wrong-shape ${at}.extension[0].value`],
    ],
    [
      'in a contained resource',
      {
        resourceType: 'Observation',
        status: 'final',
        code: { text: 'x' },
        subject: { reference: '#p' },
        contained: [{ ...ownPrefix({ valueCode: 'van' }), id: 'p' }],
      },
      [`error wrong-shape Observation.contained[0].name[0].family.extension[0].value`],
    ],
    ['an extension that R4 does not define', onPatient({ url: `${R4}/patient-sexParameter`, valueCode: 'x' }), []],
  ];
  for (const mode of ['structure', 'profile'] as const) {
    const check = checker(mode);
    for (const [name, resource, expected] of cases) t.same(check(resource), expected, `${mode}: ${name}`);
  }
});

t.test('the texts', async (t) => {
  const tell = teller('structure');
  t.same(tell(ownPrefix({ valueCode: 'van' })), ['Extension.value[x] is valueCode; expected valueString.']);
  t.same(tell(nationality({ url: 'kode', valueString: 'x' })), [
    `The url of an extension in ${R4}/patient-nationality is "kode"; expected code or period.`,
  ]);
});
