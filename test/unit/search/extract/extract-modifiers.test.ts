import t from 'tap';
import type { SearchParameter } from '#fhir/model/definitions.ts';
import type { Entry } from '#search/model/entry.ts';
import { nextUp } from '#search/model/numbers.ts';
import { date, definitions, entries, observation, patient, string, table, token } from './entries.ts';

const heartRate = { coding: [{ code: 'a', display: 'Heart Rate' }, { display: 'Pulse' }, { code: 'b' }], text: '心率' };
table('the texts of a token', [
  [
    observation({ code: heartRate }),
    'code:text',
    [string('心率', '心率'), string('heart rate', 'Heart Rate'), string('pulse', 'Pulse')],
  ],
  [observation({ code: { coding: [{ code: 'a' }] } }), 'code:text', []],
  [observation({ status: 'final' }), 'status:text', []],
  [
    patient({ identifier: [{ value: '1', type: { text: 'Card', coding: [{ display: 'D' }] } }] }),
    'identifier:text',
    [string('card', 'Card')],
  ],
  [patient({ meta: { tag: [{ code: 't', display: 'Tag' }] } }), '_tag:text', [string('tag', 'Tag')]],
]);

table('identifiers with their type', [
  [
    patient({
      identifier: [
        { system: 's', value: '1', type: { coding: [{ system: 't', code: 'MR' }, { code: 'X' }, { system: 't' }] } },
        { value: '2' },
        { type: { coding: [{ system: 't', code: 'MR' }] } },
      ],
    }),
    'identifier:of-type',
    [token('t|MR', '1'), token('|X', '1')],
  ],
  [observation({ code: heartRate }), 'code:of-type', []],
]);

const reading = (value: string) => string(value, value);
const zhangSan = { family: '张', given: ['三'] };
const beginnings = (list: string) => list.split(' ').map(reading);
table('the readings of names', [
  [patient({ name: [{ text: '张三' }] }), 'name:pinyin', beginnings('zhangsan zs san 三')],
  [patient({ name: [{ text: '张三丰' }] }), 'name:pinyin', beginnings('zhangsanfeng zsf sanfeng sf 三丰')],
  [patient({ name: [{ text: '欧阳修' }] }), 'name:pinyin', beginnings('ouyangxiu oyx xiu 修')],
  [patient({ name: [{ text: '三丰' }] }), 'name:pinyin', beginnings('sanfeng sf')],
  [patient({ name: [zhangSan] }), 'name:pinyin', beginnings('zhangsan zs zhang san')],
  [patient({ name: [{ text: '张三', ...zhangSan }] }), 'name:pinyin', beginnings('zhangsan zs zhang san')],
  [patient({ name: [{ family: '单' }, { given: ['单'] }] }), 'name:pinyin', beginnings('shan dan chan')],
  [patient({ name: [zhangSan] }), 'family:pinyin', [reading('zhang')]],
  [patient({ name: [zhangSan] }), 'given:pinyin', [reading('san')]],
  [patient({ name: [{ family: '曾' }] }), 'family:pinyin', [reading('zeng')]],
  [{ resourceType: 'Practitioner', name: [zhangSan] }, 'given:pinyin', [reading('san')]],
  [{ resourceType: 'RelatedPerson', name: [{ text: '李四' }] }, 'name:pinyin', beginnings('lisi ls si 四')],
  [{ resourceType: 'Person', name: [{ text: '李四' }] }, 'name:pinyin', beginnings('lisi ls si 四')],
  [{ resourceType: 'Organization', name: '医院' }, 'name:pinyin', []],
  [patient({ address: [{ city: '上海' }] }), 'address:pinyin', []],
]);

const carreno = { family: 'Carreño Quiñones', given: ['María-José', 'Ana'] };
table('search.html#string: the parts of a name are found independently', [
  [patient({ name: [carreno] }), 'family:pinyin', [reading('quinones')]],
  [patient({ name: [carreno] }), 'given:pinyin', [reading('jose')]],
  [
    patient({ name: [{ text: 'Ann de la Cruz', prefix: ['Dr. X'] }] }),
    'name:pinyin',
    beginnings('delacruz lacruz cruz'),
  ],
  [patient({ name: [{ text: ' - ' }, { text: 'Ann' }] }), 'name:pinyin', []],
  [patient({ name: [{ text: 'Ali·Veli' }] }), 'name:pinyin', beginnings('veli')],
  [patient({ name: [{ text: 'a '.repeat(100) }] }), 'name:pinyin', beginnings('aaaaaaa aaaaaa aaaaa aaaa aaa aa a')],
]);

table('the sounds of names', [
  [patient({ name: [{ text: '张三' }] }), 'phonetic', ["zan'san'", "san'"].map(reading)],
  [patient({ name: [zhangSan] }), 'phonetic', ["zan'san'", "zan'", "san'"].map(reading)],
  [
    patient({ name: [{ text: 'Carl Smith' }] }),
    'phonetic',
    ['krl.sm0.', 'krl.xmt.', 'krl.', 'sm0.', 'xmt.'].map(reading),
  ],
  [{ resourceType: 'Organization', name: '解放' }, 'phonetic', ["jie'fan'", "xie'fan'"].map(reading)],
]);

const position = (longitude: unknown, latitude: unknown) => ({
  resourceType: 'Location',
  position: { longitude, latitude },
});
table('near', [
  [position(121.4, 31.2), 'near', [{ kind: 'position', latitude: 31.2, longitude: 121.4 }]],
  [position(121.4, 91), 'near', []],
  [position(181, 31.2), 'near', []],
  [position('121.4', 31.2), 'near', []],
]);

const custom: SearchParameter = {
  code: 'custom',
  url: 'https://h.example/SearchParameter/custom',
  type: 'string',
  usage: 'normal',
  expression: 'Patient.name',
  targets: [],
  components: [],
};

/** What is made from definitions is made anew with each revision. */
let revision = 0;

/** The entries that a parameter of our own gives of a Patient. */
function ofCustom(change: Partial<SearchParameter>, fields: object): Omit<Entry, 'param'>[] {
  definitions.define([{ parameter: { ...custom, ...change }, base: ['Patient'], progress: undefined }], ++revision);
  const found = entries(patient(fields), 'custom');
  definitions.define([], ++revision);
  return found;
}

t.test('a parameter may have any expression', async (t) => {
  const fields = { name: [{ given: ['A', 'B'] }, { given: ['C'] }], birthDate: '2025-05-01', active: true };
  const rows: [change: Partial<SearchParameter>, expected: object[]][] = [
    [{ expression: 'Patient.name.given.first()' }, [string('a', 'A')]],
    [
      { expression: "Patient.name.given.where($this != 'B').select($this + '!')" },
      [string('a!', 'A!'), string('c!', 'C!')],
    ],
    [{ type: 'number', expression: 'Patient.name.given.count()' }, [{ kind: 'number', low: 3, high: nextUp(3) }]],
    [{ type: 'token', expression: 'Patient.name.given.count() > 2 and Patient.active' }, [token('', 'true')]],
    [
      { expression: '(Patient.name | Patient.contact.name).given' },
      ['a', 'b', 'c'].map((x) => string(x, x.toUpperCase())),
    ],
    [{ expression: 'Patient.name.given.single()' }, []],
    [
      { type: 'date', expression: 'Patient.birthDate + 1 month' },
      [date('2025-06-01T00:00+08:00', '2025-06-02T00:00+08:00')],
    ],
  ];
  for (const [change, expected] of rows) t.strictSame(ofCustom(change, fields), expected, change.expression ?? '');
});

t.test('a parameter of usage pinyin has the readings alone', async (t) => {
  const rows: [expression: string, fields: object, expected: string[]][] = [
    ['Patient.name', { name: [{ text: '张三' }] }, ['zhangsan', 'zs', 'san']],
    ['Patient.name.family | Patient.name.given', { name: [{ family: '单', given: ['三'] }] }, ['shan', 'san']],
    ['Patient.address.city', { address: [{ city: '上海' }] }, ['shanghai', 'sh']],
    ['Patient.name', { name: [{ text: 'John' }] }, []],
  ];
  for (const [expression, fields, expected] of rows)
    t.strictSame(ofCustom({ usage: 'pinyin', expression }, fields), expected.map(reading), expression);
});

t.test('parameters that come and go later count from then on', async (t) => {
  const count = () => entries(patient({ name: [{ family: 'X' }] }), 'custom').length;
  t.equal(count(), 0);
  definitions.define([{ parameter: custom, base: ['Patient'], progress: 0 }], ++revision);
  t.equal(count(), 1, 'before it is ready');
  definitions.define([], ++revision);
  t.equal(count(), 0);
});
