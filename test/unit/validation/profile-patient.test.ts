import t, { type Test as Tap } from 'tap';
import { B, type Case, checker, extension, profiled, teller, variants } from './fixture.ts';

const check = checker('profile');

function run(t: Pick<Tap, 'same'>, cases: readonly Case[]): void {
  for (const [name, resource, expected] of cases) t.same(check(resource), expected, name);
}

const tell = teller('profile');
const system = {
  residentId: 'urn:oid:2.16.156.10011.1.3',
  archiveNo: 'urn:oid:2.16.156.10011.1.2',
  organizationCode: 'urn:oid:2.16.156.10011.1.5',
};

const patient = profiled('Patient', 'cn-sh-patient', {
  identifier: [
    { system: system.residentId, value: '11010519491231002X' },
    { system: system.archiveNo, value: '31010500100100001' },
  ],
  name: [{ text: '张三' }],
  gender: 'female',
  birthDate: '1949-12-31',
  address: [
    {
      use: 'home',
      state: '上海市',
      district: '长宁区',
      extension: [
        extension('cn-sh-street', { valueCoding: { system: `${B}/CodeSystem/cn-sh-street-cs`, code: '310105001' } }),
        extension('cn-sh-committee', { valueString: '001' }),
      ],
    },
  ],
  extension: [
    extension('cn-sh-residency-type', { valueCode: 'registered' }),
    extension('cn-sh-ethnicity', { valueCoding: { system: 'urn:oid:2.16.156.10011.2.3.3', code: '01' } }),
    extension('cn-sh-hukou-type', { valueCode: 'resident' }),
  ],
});

const withId = (value: string) => ({
  identifier: [{ system: system.residentId, value }],
  gender: 'unknown',
  birthDate: undefined,
});
const withIdentifier = (identifier: object) => ({ identifier: [identifier] });
const ID = 'Patient.identifier[0].value';

t.test('cn-sh-patient', async (t) => {
  run(
    t,
    variants(patient, [
      ['another known resident ID', withId('440524188001010014'), []],
      ['a wrong check digit', withId('110105194912310029'), [`error invalid-content ${ID}`]],
      ['one digit changed', withId('11010519491231003X'), [`error invalid-content ${ID}`]],
      ['x in lower case', withId('11010519491231002x'), [`error invalid-content ${ID}`]],
      ['17 characters', withId('11010519491231002'), [`error invalid-content ${ID}`]],
      ['31 February, check digit right', withId('110105194902310026'), [`error invalid-content ${ID}`]],
      ['an ID of another birthday: a warning', { birthDate: '1949-12-30' }, ['warning invalid-content Patient']],
      ['a birth date known to the year', { birthDate: '1949' }, []],
      ['an ID of the other sex: a warning', { gender: 'male' }, ['warning invalid-content Patient']],
      ['a newborn without an ID', { identifier: undefined }, []],
      ['two resident IDs', { identifier: [patientId(), patientId()] }, ['error wrong-cardinality Patient.identifier']],
      [
        'an archive number of 16 digits',
        withIdentifier({ system: system.archiveNo, value: '3101050010010000' }),
        [`error invalid-content ${ID}`],
      ],
      [
        'an identifier without a value',
        withIdentifier({ system: system.archiveNo }),
        ['error missing-element Patient.identifier[0].value', 'error missing-element Patient.identifier[0].value'],
      ],
      ['an identifier of any other system', withIdentifier({ system: 'http://x.org', value: '1' }), []],
      [
        'a former 15-digit number',
        withIdentifier({ use: 'old', system: `${B}/NamingSystem/resident-id-15`, value: '110105491231002' }),
        [],
      ],
      [
        'the same, not marked old',
        withIdentifier({ use: 'official', system: `${B}/NamingSystem/resident-id-15`, value: '110105491231002' }),
        ['error bad-element-value Patient.identifier[0].use'],
      ],
      [
        'a Hong Kong or Macau permit',
        withIdentifier({ system: `${B}/NamingSystem/hk-macau-permit`, value: 'H1234567801' }),
        [],
      ],
      [
        'a bad one',
        withIdentifier({ system: `${B}/NamingSystem/hk-macau-permit`, value: 'A12345678' }),
        [`error invalid-content ${ID}`],
      ],
      ['a Taiwan permit', withIdentifier({ system: `${B}/NamingSystem/taiwan-permit`, value: '12345678' }), []],
      [
        'a bad one',
        withIdentifier({ system: `${B}/NamingSystem/taiwan-permit`, value: '1234' }),
        [`error invalid-content ${ID}`],
      ],
      ['no name', { name: undefined }, ['error missing-element Patient.name']],
      ['a name without text', { name: [{ family: '张' }] }, ['error missing-element Patient.name[0].text']],
      [
        'a street of another code',
        { address: [street('310105003')] },
        ['error code-not-in-value-set Patient.address[0].extension[0].value'],
      ],
      [
        'a street in another city',
        { address: [{ ...street('310105001'), state: '江苏省' }] },
        ['error invalid-content Patient.address[0]'],
      ],
      [
        'a committee of two digits',
        { address: [{ extension: [extension('cn-sh-committee', { valueString: '01' })] }] },
        ['error invalid-content Patient.address[0].extension[0].value'],
      ],
      [
        'an extension with a value of another type',
        { extension: [extension('cn-sh-hukou-type', { valueString: 'resident' })] },
        ['error wrong-shape Patient.extension[0].value'],
      ],
      [
        'an extension with a wrong code',
        { extension: [extension('cn-sh-residency-type', { valueCode: 'x' })] },
        ['error code-not-in-value-set Patient.extension[0].value'],
      ],
      [
        'an extension twice',
        { extension: [1, 2].map(() => extension('cn-sh-hukou-type', { valueCode: 'resident' })) },
        ['error wrong-cardinality Patient.extension'],
      ],
      [
        'an extension in a wrong place',
        { extension: [extension('cn-sh-committee', { valueString: '001' })] },
        ['error wrong-shape Patient.extension[0]'],
      ],
      [
        'an extension of ours that does not exist',
        { extension: [extension('cn-sh-streat', { valueString: '001' })] },
        ['warning unknown-profile Patient.extension[0].url'],
      ],
      [
        'the original gender code',
        { _gender: { extension: [extension('cn-sh-gender-code', { valueCode: '2' })] } },
        [],
      ],
      [
        'a wrong one',
        { _gender: { extension: [extension('cn-sh-gender-code', { valueCode: 'F' })] } },
        ['error code-not-in-value-set Patient.gender.extension[0].value'],
      ],
      [
        'faults of the structure and of the profile',
        { gender: 'x', name: undefined },
        ['error code-not-in-value-set Patient.gender', 'error missing-element Patient.name'],
      ],
    ]),
  );
});

function patientId(): object {
  return { system: system.residentId, value: '11010519491231002X' };
}

function street(code: string): object {
  const valueCoding = { system: `${B}/CodeSystem/cn-sh-street-cs`, code };
  return { state: '上海市', district: '长宁区', extension: [extension('cn-sh-street', { valueCoding })] };
}

t.test('cn-sh-organization', async (t) => {
  const type = (code: string) => [{ coding: [{ system: `${B}/CodeSystem/cn-sh-organization-type-cs`, code }] }];
  const codeOf = (value: string) => ({ system: system.organizationCode, value });
  const uscc = (value: string) => ({
    identifier: [codeOf('CHC00001X31010511B1001'), { system: `${B}/NamingSystem/uscc`, value }],
  });
  const organization = profiled('Organization', 'cn-sh-organization', {
    identifier: [codeOf('CHC00001X31010511B1001')],
    type: type('B100'),
    name: '长宁区华阳社区卫生服务中心',
  });
  run(
    t,
    variants(organization, [
      [
        'a wrong check character',
        { identifier: [codeOf('CHC00001131010511B1001')] },
        ['error invalid-content Organization.identifier[0].value'],
      ],
      [
        '21 characters',
        { identifier: [codeOf('CHC00001X31010511B100')] },
        ['error invalid-content Organization.identifier[0].value'],
      ],
      [
        'no organisation code',
        { identifier: [{ system: 'http://x.org', value: '1' }] },
        ['error missing-element Organization.identifier'],
      ],
      [
        'a type of another system',
        { type: [{ coding: [{ system: 'http://x.org', code: 'B100' }] }] },
        ['error code-not-in-value-set Organization.type[0]'],
      ],
      ['a type in words only', { type: [{ text: '医院' }] }, ['error code-not-in-value-set Organization.type[0]']],
      ['a station without its centre', { type: type('B200') }, ['error invalid-content Organization']],
      ['a station', { type: type('B200'), partOf: { reference: 'Organization/chc-01' } }, []],
      ['no name', { name: undefined }, ['error missing-element Organization.name']],
      ['a credit code of the standard', uscc('91350100M000100Y43'), []],
      ['one character changed', uscc('91350100M000100Y53'), ['error invalid-content Organization.identifier[1].value']],
    ]),
  );
});

t.test('texts tell the rule in both languages, and no ID number', async (t) => {
  const texts = tell({ ...patient, ...withId('110105194912310029') });
  t.same(texts, [
    'cn-sh-id-3: 身份证号的校验码应正确(GB 11643-1999) The check character of a resident ID number is right (GB 11643-1999)',
  ]);
  const all = tell({
    ...patient,
    ...withId('110105194912310029'),
    _name: '110105194912310029',
    birthDate: '110105194912310029',
  });
  t.equal(all.join().includes('110105194912310029'), false);
});
