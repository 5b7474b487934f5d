import type { Resource } from '@medplum/fhirtypes';
import t from 'tap';
import { Failure } from '#errors';
import { contentWords } from '#search/extract/content.ts';
import { matches } from '#search/match/matches.ts';
import { readWords, wordsOf } from '#search/text/words.ts';

t.test('the words of a text', async (t) => {
  const rows: [text: string, expected: string[]][] = [
    ['Bone  marrow, bone', ['bone', 'marrow']],
    ['Éclair ＡＢ１', ['eclair', 'ab1']],
    ['follow-up 7.5', ['follow', 'up', '7', '5']],
    ['血', ['血']],
    ['高血压', ['高', '血', '压', '高血', '血压']],
    ['Q10药，好', ['q10', '药', '好']],
    ['𠮷野家', ['𠮷', '野', '家', '𠮷野', '野家']],
    ['a'.repeat(100), ['a'.repeat(40)]],
    ['', []],
    ['…!? ', []],
  ];
  for (const [text, expected] of rows) t.strictSame(wordsOf(text), expected, text);
});

/** What need not be a whole resource. */
function words(resource: object) {
  return contentWords(resource as Resource);
}

/** All words of a resource, in order. */
function content(resource: object): string {
  return (words(resource)?.content ?? []).join(' ');
}

const div = (inside: string) => ({
  resourceType: 'Patient',
  text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${inside}</div>` },
});

t.test('the words of a resource', async (t) => {
  const rows: [resource: object, expected: string][] = [
    [{ resourceType: 'Patient', name: [{ text: '张三', given: ['San'] }] }, '张 三 张三 三张 san'],
    [{ resourceType: 'Patient', name: [{ family: '張', given: ['麗'] }] }, '丽 张 丽张 张丽'],
    [{ resourceType: 'Patient', name: [{ text: '买买提·阿不' }] }, '买 提 阿 不 买买 买提 提阿 阿不 不买'],
    [{ resourceType: 'Patient', name: [{ family: 'Smith', given: ['Ann'] }] }, 'smith ann'],
    [{ resourceType: 'Patient', address: [{ line: ['Road 1'], city: 'X' }] }, 'road 1 x'],
    [{ resourceType: 'Observation', code: { text: 'A', coding: [{ code: 'c', display: 'B', system: 's' }] } }, 'a b'],
    [{ resourceType: 'Observation', subject: { reference: 'Patient/1', display: 'Somebody' } }, 'somebody'],
    [{ resourceType: 'Observation', valueString: 'High', note: [{ text: '*very*' }] }, 'high very'],
    [{ resourceType: 'Observation', contained: [{ resourceType: 'Patient', name: [{ text: 'Inner' }] }] }, 'inner'],
    [{ resourceType: 'Patient', extension: [{ url: 'http://e', valueString: 'Word' }] }, 'word'],
    [{ resourceType: 'Patient', _birthDate: { extension: [{ url: 'http://e', valueString: 'About' }] } }, 'about'],
    [
      { resourceType: 'QuestionnaireResponse', item: [{ linkId: 'one', text: 'Two', item: [{ text: 'Three' }] }] },
      'two three',
    ],
  ];
  for (const [resource, expected] of rows) t.equal(content(resource), expected, JSON.stringify(resource));
});

t.test('ids, references, codes, URLs, dates, data and units are no words', async (t) => {
  const nothing = [
    { resourceType: 'Patient', id: 'an-id', gender: 'male', birthDate: '1990-01-01', language: 'zh' },
    { resourceType: 'Patient', meta: { profile: ['http://p'], tag: [{ system: 's', code: 'c', version: 'v' }] } },
    { resourceType: 'Observation', subject: { reference: 'Patient/name' } },
    { resourceType: 'Observation', valueQuantity: { value: 5, unit: 'mmHg', code: 'mm[Hg]' } },
    { resourceType: 'Binary', contentType: 'text/plain', data: 'aGVsbG8=' },
    { resourceType: 'Patient', madeUp: 'x', unknown: { text: 'y' } },
    { resourceType: 'MadeUp', text: { div: '<div>x</div>' } },
  ];
  for (const resource of nothing) t.equal(words(resource), undefined, JSON.stringify(resource));
});

t.test('identifiers are no words, wherever they stand', async (t) => {
  const identifier = [{ system: 's', value: '310105197503039401', type: { text: 'Card' } }, { value: 'AR-00123456' }];
  t.equal(content({ ...div('No. 310105197503039401, archive 00123456, Wang'), identifier }), 'no archive wang card');
  t.equal(content(div('31010519750303940x, 310105750303940')), '');
});

t.test('the words of a narrative', async (t) => {
  const rows: [inside: string, expected: string][] = [
    ['<p>One</p><p>Two</p>', 'one two'],
    ['hel<b class="x > y">lo</b>', 'hello'],
    ['高<i>血</i>压', '高 血 压 高血 血压'],
    ['高<br/>血', '高 血'],
    ['a<!-- not <b>this</b> -->b', 'ab'],
    ['x &amp; y&nbsp;z &#x4e09;&#22235; caf&eacute; &lt;p&gt;', 'x y z 三 四 三四 cafe p'],
    ['&#9999999; &unknown; w', 'w'],
    ['before <a href="never closed', 'before'],
  ];
  for (const [inside, expected] of rows) {
    const found = words(div(inside));
    t.equal((found?.text ?? []).join(' '), expected, inside);
    t.strictSame(found?.content, found?.text);
  }
  t.strictSame(words({ ...div('told'), name: [{ text: 'named' }] }), { text: ['told'], content: ['told', 'named'] });
});

t.test('the words of one resource are bounded', async (t) => {
  const many = Array.from({ length: 30_000 }, (_, i) => `w${i}`).join(' ');
  t.equal(words(div(many))?.content.length, 20_000);
  for (const hostile of [
    '<a'.repeat(500_000),
    `<${'a'.repeat(1_000_000)}`,
    '<!--'.repeat(200_000),
    `<a ${'"'.repeat(999_999)}`,
  ]) {
    t.equal(words({ resourceType: 'Patient', text: { div: `x ${hostile}` } })?.content.join(), 'x');
  }
});

const candidate = {
  type: 'Patient',
  id: 'p',
  entries: [],
  words: { text: [], content: [...wordsOf('Bone marrow and liver, 高血压')] },
};

t.test('what _content asks', async (t) => {
  const rows: [value: string, found: boolean][] = [
    ['bone', true],
    ['BONE Marrow', true],
    ['bone kidney', false],
    ['bone and liver', true],
    ['bone or kidney', true],
    ['kidney or heart', false],
    ['bone and not kidney', true],
    ['not bone', false],
    ['not not bone', true],
    ['bone and (kidney or liver)', true],
    ['(bone and kidney) or heart', false],
    ['kidney or bone and liver', true],
    ['kidney and bone or liver', true],
    ['"bone marrow"', true],
    ['"bone and kidney"', false],
    ['"or"', false],
    ['高', true],
    ['血压', true],
    ['高血压', true],
    ['高压', false],
    ['高 压', true],
  ];
  for (const [value, found] of rows) {
    const filter = readWords('content', value);
    t.equal(filter instanceof Failure ? 'refused' : matches(filter, candidate), found, value);
  }
});

t.test('the filter of words side by side is one', async (t) => {
  t.strictSame(readWords('text', 'Bone "marrow 高血压"'), {
    op: 'words',
    of: 'text',
    words: ['bone', 'marrow', '高血', '血压'],
  });
});

t.test('what cannot be read is refused with its place', async (t) => {
  const rows: [value: string, expected: string][] = [
    ['', 'a word at character 1, where it ends'],
    ['bone and', 'a word at character 9, where it ends'],
    ['or bone', 'a word at character 1, not "or"'],
    ['(bone', 'a word or ")" at character 6, where it ends'],
    ['bone)', 'the end, a word or one of and, or, not at character 5, not ")"'],
    ['bone ()', 'a word at character 7, not ")"'],
    ['bone ***', 'a word of letters or digits at character 6'],
    ['not', 'a word at character 4, where it ends'],
    ['('.repeat(10_000), 'at most 20 levels (limit search-words-depth) of parentheses and "not"'],
    ['not '.repeat(10_000), 'at most 20 levels (limit search-words-depth) of parentheses and "not"'],
    ['a '.repeat(10_000), 'at most 100 words (limit search-words); found 10000'],
  ];
  for (const [value, expected] of rows) {
    const outcome = readWords('text', value);
    const [issue] = outcome instanceof Failure ? outcome.issues : [];
    t.equal(issue?.code, 'bad-parameter-value', value.slice(0, 20));
    t.match(issue?.text, `of parameter "_text" is not valid; expected ${expected}.`);
  }
});
