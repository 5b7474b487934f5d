import t from 'tap';
import { fold, foldLetters, simplify } from '#search/text/fold.ts';
import folding from '#search/text/folding.json' with { type: 'json' };

t.test('the form in which strings are compared', async (t) => {
  const rows: [text: string, expected: string][] = [
    ['Müller', 'muller'],
    ['Mu\u0308ller', 'muller'],
    ['Straße', 'strasse'],
    ['STRASSE', 'strasse'],
    ['GROẞ', 'gross'],
    ['ΟΔΥΣΣΕΥΣ', 'οδυσσευσ'],
    ['Οδυσσεύς', 'οδυσσευσ'],
    ['Σς', 'σσ'],
    ['İIıi', 'iiii'],
    ['ĐđŁłØø', 'ddlloo'],
    ['ÆæŒœ', 'aeaeoeoe'],
    ['ÐðÞþ', 'ddthth'],
    ['ĦħŦŧŊŋĸ', 'hhttnnq'],
    ['ǼǿĲŉ', 'aeoijʼn'],
    ['ƏəƁɓ', 'eebb'],
    ['ﬀﬃſ', 'ffffis'],
    ['Ａｂ１\u3000Ｃ', 'ab1 c'],
    ['ｱ', 'ア'],
    ['Ёжик', 'ежик'],
    ['soft\u00adhy\u200bphen', 'softhyphen'],
    [' a\t b\u00a0 ', 'a b'],
    ['張麗', '张丽'],
    ['张丽', '张丽'],
    ['歐陽 Ｘ', '欧阳 x'],
    ['愚園路12號A', '愚园路12号a'],
    ['𠮷', '𠮷'],
    ['', ''],
  ];
  for (const [text, expected] of rows) t.equal(fold(text), expected.normalize('NFKD'), text);
});

t.test('Chinese characters may stay as they are, and nothing else may be simplified', async (t) => {
  t.equal(foldLetters('張Ｂ 麗'), '張b 麗');
  t.equal(simplify('張Ｂ 麗'), '张Ｂ 丽');
});

t.test('every text is folded once and for all, however its case is', async (t) => {
  const unstable: string[] = [];
  const cased: string[] = [];
  for (let code = 0; code < 0x3_0000; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    const text = String.fromCodePoint(code);
    const folded = fold(text);
    if (fold(folded) !== folded) unstable.push(text);
    if (
      /[\p{Script=Latin}\p{Script=Han}]/u.test(text) &&
      ![text.toUpperCase(), text.toLowerCase()].every((c) => fold(c) === folded)
    )
      cased.push(text);
  }
  t.strictSame(unstable, []);
  t.strictSame(cased, []);
});

t.test('a letter or character is replaced by one way alone, and not by what is replaced itself', async (t) => {
  for (const rows of [folding.letters, folding.simplified]) {
    const pairs = rows.flatMap((row) => row.split(' '));
    const from = pairs.map((pair) => pair.charAt(0));
    t.equal(new Set(from).size, from.length);
    t.strictSame(
      pairs.filter((pair) => [...pair.slice(1)].some((c) => from.includes(c)) || pair.length < 2),
      [],
    );
  }
  t.ok(folding.letters.every((row) => row.split(' ').every((pair) => /^[^\0-\x7f][a-z]+$/.test(pair))));
  t.ok(folding.simplified.every((row) => row.split(' ').every((pair) => /^[\u3400-\u9fff]{2}$/.test(pair))));
});
