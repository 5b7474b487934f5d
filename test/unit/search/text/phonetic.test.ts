import t from 'tap';
import { sounds } from '#search/text/phonetic.ts';

/** Whether a search by the sound of one finds the other. */
function alike(one: string, other: string): boolean {
  const keys = sounds(other);
  return sounds(one).some((key) => keys.includes(key));
}

t.test('texts that sound alike have a key in common', async (t) => {
  for (const [one, other] of [
    ['zhangsan', '张三'],
    ['zhang san', '张三'],
    ['Zhāng Sān', '张三'],
    ['zangsan', '张三'],
    ['章珊', '张三'],
    ['zhansan', '张三'],
    ['chensen', '程生'],
    ['lina', '李娜'],
    ['niulin', '刘宁'],
    ['zuang', '庄'],
    ['ten', '腾'],
    ['lvbu', '吕布'],
    ['lubu', '吕布'],
    ['lyubu', '吕布'],
    ['lübu', '吕布'],
    ["xi'an", '西安'],
    ['xian', '西安'],
    ['xian', '先'],
    ['ouyangxiu', '欧阳修'],
    ['zengguofan', '曾国藩'],
    ['阿q', '阿Ｑ'],
    ['Smith', 'Smyth'],
    ['Smith', 'Schmidt'],
    ['Éric', 'Erik'],
    ['Smith John', 'Jon Smyth'],
  ] as const) {
    t.ok(alike(one, other), `${one} ${other}`);
    t.ok(alike(other, one), `${other} ${one}`);
  }
});

t.test('texts that do not have none', async (t) => {
  for (const [one, other] of [
    ['zhangsan', '张四'],
    ['fang', '黄'],
    ['lan', '然'],
    ['cengguofan', '曾国藩'],
    ['xian', '西恩'],
    ['Smith', 'Jones'],
    ['', ''],
    ['123', '123'],
  ] as const) {
    t.notOk(alike(one, other), `${one} ${other}`);
  }
});

t.test('the keys', async (t) => {
  const rows: [string, string[]][] = [
    ['张三', ["zan'san'"]],
    ['zhangsan', ["zan'san'", 'jnksn.']],
    ['xian', ["xian'", "xi'an'", 'sn.']],
    ['Smith', ['sm0.', 'xmt.']],
    ['Thomas Smith', ['sm0.tms.', 'tms.xmt.']],
  ];
  for (const [text, expected] of rows) t.strictSame(sounds(text), expected, text);
});

t.test('a name begins like its surname, and no other', async (t) => {
  const [key = ''] = sounds('张三丰');
  t.ok(sounds('zhang').some((k) => key.startsWith(k)));
  t.notOk(sounds('zha').some((k) => key.startsWith(k)));
});

t.test('long texts are bounded', async (t) => {
  for (const text of ['xian'.repeat(100_000), 'x'.repeat(1_000_000), 'xian '.repeat(100_000), '乐'.repeat(100_000)]) {
    t.ok(sounds(text).length <= 16, text.slice(0, 10));
  }
});
