import t from 'tap';
import type { SearchParameter } from '#fhir/model/definitions.ts';
import { wholeNames } from '#search/extract/names.ts';
import type { Entry } from '#search/model/entry.ts';
import { nextUp } from '#search/model/numbers.ts';
import { date, definitions, entries, observation, patient, record, string, table, token } from './entries.ts';

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
  [patient({ name: [{ text: '张三' }] }), 'name:pinyin', beginnings('zhangsan zs san sanzhang 张三 三张')],
  [
    patient({ name: [{ text: '张三丰' }] }),
    'name:pinyin',
    beginnings('zhangsanfeng zsf sanfeng sf sanfengzhang 张三丰 三丰张'),
  ],
  [patient({ name: [{ text: '欧阳修' }] }), 'name:pinyin', beginnings('ouyangxiu oyx xiu xiuouyang 欧阳修 修欧阳')],
  [patient({ name: [{ text: '三丰' }] }), 'name:pinyin', beginnings('sanfeng sf')],
  [patient({ name: [zhangSan] }), 'name:pinyin', beginnings('zhangsan zs zhang san sanzhang 三张 张三')],
  [
    patient({ name: [{ text: '张三', ...zhangSan }] }),
    'name:pinyin',
    beginnings('zhangsan zs zhang san sanzhang 张三 三张'),
  ],
  [patient({ name: [{ family: '单' }, { given: ['单'] }] }), 'name:pinyin', beginnings('shan dan chan')],
  [patient({ name: [zhangSan] }), 'family:pinyin', [reading('zhang')]],
  [patient({ name: [zhangSan] }), 'given:pinyin', [reading('san')]],
  [patient({ name: [{ family: '曾' }] }), 'family:pinyin', [reading('zeng')]],
  [{ resourceType: 'Practitioner', name: [zhangSan] }, 'given:pinyin', [reading('san')]],
  [{ resourceType: 'RelatedPerson', name: [{ text: '李四' }] }, 'name:pinyin', beginnings('lisi ls si sili 李四 四李')],
  [{ resourceType: 'Person', name: [{ text: '李四' }] }, 'name:pinyin', beginnings('lisi ls si sili 李四 四李')],
  [{ resourceType: 'Organization', name: '医院' }, 'name:pinyin', []],
  [patient({ address: [{ city: '上海' }] }), 'address:pinyin', []],
]);

const carreno = { family: 'Carreño Quiñones', given: ['María-José', 'Ana'] };
table('search.html#string: the parts of a name are found independently', [
  [patient({ name: [carreno] }), 'family:pinyin', beginnings('carrenoquinones quinonescarreno')],
  [patient({ name: [carreno] }), 'given:pinyin', beginnings('mariajose josemaria')],
  [
    patient({ name: [{ text: 'Ann de la Cruz', prefix: ['Dr. X'] }] }),
    'name:pinyin',
    beginnings('anndelacruz delacruzann lacruzannde cruzanndela anncruz anndecruz decruz cruzdela cruzla'),
  ],
  [
    patient({ name: [carreno] }),
    'name:pinyin',
    beginnings(
      'mariajoseanacarrenoquinones joseanacarrenoquinonesmaria anacarrenoquinonesmariajose carrenoquinonesmariajoseana quinonesmariajoseanacarreno mariacarrenoquinones mariajosecarrenoquinones josecarrenoquinones carrenoquinonesjoseana carrenoquinonesana',
    ),
  ],
  [patient({ name: [{ text: ' - ' }, { text: 'Ann' }] }), 'name:pinyin', []],
  [patient({ name: [{ text: 'Ali·Veli' }] }), 'name:pinyin', beginnings('aliveli veliali')],
  [patient({ name: [{ text: 'a '.repeat(100) }] }), 'name:pinyin', beginnings('aaaaaaaa aa aaa aaaa')],
]);

table('names as wholes: without what stands within and between words', [
  [patient({ name: [{ family: "O'Brien" }] }), 'name:pinyin', beginnings('obrien')],
  [patient({ name: [{ family: 'O’Brien', given: ['J.', 'R.'] }] }), 'family:pinyin', beginnings('obrien')],
  [patient({ name: [{ text: '歐陽修' }] }), 'name:pinyin', beginnings('ouyangxiu oyx xiu xiuouyang 欧阳修 修欧阳')],
  [
    patient({ name: [{ family: '김', given: ['철수'] }] }),
    'name:pinyin',
    ['철수김', '김철수'].map((n) => reading(n.normalize('NFKD'))),
  ],
]);

t.test('wholes of names of several words', async (t) => {
  const rows: [name: object, expected: string][] = [
    [{ text: '买买提·阿不都拉' }, '买买提阿不都拉 阿不都拉买买提'],
    [{ text: '買買提．阿不都拉' }, '买买提阿不都拉 阿不都拉买买提'],
    [{ family: '阿不都拉', given: ['買買提'] }, '买买提阿不都拉 阿不都拉买买提'],
    [{ text: '张丽', family: '张', given: ['丽'] }, '张丽 丽张 丽张 张丽'],
    [{ text: 'Smith, John R.' }, 'smithjohnr johnrsmith rsmithjohn smithr rjohn'],
    [{ given: ['丽'] }, ''],
    [{ text: '丽' }, ''],
    [{ prefix: ['Dr.'] }, ''],
    [{ family: ['no', 'text'], given: 'Ann' }, ''],
  ];
  for (const [name, expected] of rows) t.equal(wholeNames(name).join(' '), expected, JSON.stringify(name));
  t.strictSame(wholeNames('no name'), []);
});

table('names as they are spelled without umlauts', [
  [patient({ name: [{ family: 'Müller' }] }), 'name:pinyin', beginnings('mueller')],
  [patient({ name: [{ family: 'Müller' }] }), 'family:pinyin', beginnings('mueller')],
  [
    patient({ name: [{ family: 'Åberg', given: ['Søren'] }] }),
    'name:pinyin',
    beginnings('sorenaberg abergsoren soerenaaberg aabergsoeren'),
  ],
  [
    patient({ name: [{ family: 'Mu\u0308ller', given: ['Ute'] }] }),
    'name:pinyin',
    beginnings('utemuller mullerute utemueller muellerute'),
  ],
  [patient({ address: [{ city: 'Köln' }] }), 'address:pinyin', []],
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
    ['Patient.name', { name: [{ text: '张三' }] }, ['zhangsan', 'zs', 'san', 'sanzhang']],
    ['Patient.name.family | Patient.name.given', { name: [{ family: '单', given: ['三'] }] }, ['shan', 'san']],
    ['Patient.address.city', { address: [{ city: '上海' }] }, ['shanghai', 'sh']],
    ['Patient.name', { name: [{ text: 'John' }] }, []],
  ];
  for (const [expression, fields, expected] of rows)
    t.strictSame(ofCustom({ usage: 'pinyin', expression }, fields), expected.map(reading), expression);
});

t.test('a hundred names are read, those of contained resources among them', async (t) => {
  const names = (from: number, n: number) => Array.from({ length: n }, (_, i) => ({ text: `三${from + i}号` }));
  const contained = (n: number) => ({ resourceType: 'Practitioner', id: `p${n}`, name: names(1_000 * n, 60) });
  const read = (fields: object) => {
    const found = record(patient(fields)).entries.flatMap((e) =>
      e.kind === 'string' ? [`${e.param} ${e.value}`] : [],
    );
    return found.filter((entry) => /name:pinyin san\d+hao$/.test(entry)).length;
  };
  t.equal(read({ name: names(0, 100) }), 100);
  t.equal(read({ name: names(0, 101) }), 100);
  t.equal(read({ contained: [contained(1)] }), 60);
  t.equal(read({ contained: [contained(1), contained(2), contained(3)] }), 100);
});

t.test('parameters that come and go later count from then on', async (t) => {
  const count = () => entries(patient({ name: [{ family: 'X' }] }), 'custom').length;
  t.equal(count(), 0);
  definitions.define([{ parameter: custom, base: ['Patient'], progress: 0 }], ++revision);
  t.equal(count(), 1, 'before it is ready');
  definitions.define([], ++revision);
  t.equal(count(), 0);
});
