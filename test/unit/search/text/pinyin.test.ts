import t from 'tap';
import { type NameReading, readings, syllables } from '#search/text/pinyin.ts';

function table(title: string, rows: readonly [text: string, expected: readonly string[], as?: NameReading][]): void {
  t.test(title, async (t) => {
    for (const [text, expected, as] of rows) t.strictSame(readings(text, as), expected, `${text} ${as ?? ''}`);
  });
}

table('a name in Latin letters, and its initials', [
  ['张三', ['zhangsan', 'zs']],
  ['张 三', ['zhangsan', 'zs']],
  ['张·三', ['zhangsan', 'zs']],
  ['阿Ｑ', ['aq', 'eq']],
  ['John 张', ['johnzhang', 'jz']],
  ['三', ['san']],
]);

table('a surname is read as one', [
  ['单田芳', ['shantianfang', 'stf']],
  ['曾国藩', ['zengguofan', 'zgf']],
  ['仇和平', ['qiuheping', 'qiuhuoping', 'qiuhuping', 'qhp']],
  ['解晓东', ['xiexiaodong', 'xxd']],
  ['查良镛', ['zhaliangyong', 'zly']],
  ['欧阳修', ['ouyangxiu', 'oyx']],
  ['万俟卨', ['moqixie', 'mqx']],
  ['单', ['shan']],
]);

table('elsewhere a character has all its readings', [
  ['单', ['dan', 'shan', 'chan'], 'plain'],
  ['曾', ['ceng', 'zeng'], 'plain'],
]);

table('ü has each form in use', [
  ['吕布', ['lvbu', 'lubu', 'lyubu', 'lb']],
  ['女', ['nv', 'nu', 'nyu', 'ru'], 'plain'],
]);

table('what has no Chinese characters, or none that can be read, has no readings', [
  ['', []],
  ['John Smith', []],
  ['ひらがな', []],
  ['𠮷', []],
]);

t.test('the readings of one text are at most 8, with as many initials', async (t) => {
  const many = readings('乐和乐和乐和乐和', 'plain');
  t.equal(many.filter((r) => r.length > 8).length, 8);
  t.equal(many[0]?.startsWith('lehe'), true, 'the usual ones are kept');
  t.ok(many.length <= 16);
});

t.test('only the beginning of a long text is read', async (t) => {
  t.strictSame(readings('三'.repeat(100_000), 'plain'), ['san'.repeat(32), 's'.repeat(32)]);
});

t.test('syllables are apart', async (t) => {
  t.strictSame(syllables('西安', 'plain'), [['xi', 'an']]);
  t.strictSame(syllables('阿Q'), [
    ['a', 'q'],
    ['e', 'q'],
  ]);
});
