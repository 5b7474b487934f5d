import t from 'tap';
import { splitEscaped, startOf, unescapeValue } from '#search/criteria/escapes.ts';
import { branches, readPath } from '#search/extract/path.ts';
import { impliedRange, nextUp, parseNumber, point } from '#search/model/numbers.ts';
import { fold } from '#search/text/fold.ts';

t.test('folding drops case, accents and width, and keeps Chinese', async (t) => {
  const forms: [string, string][] = [
    ['Zhang', 'zhang'],
    ['Müller  Éva', 'muller eva'],
    [' a\t b ', 'a b'],
    ['ＡＢＣ１２３', 'abc123'],
    ['张三', '张三'],
    ['长宁区　仙霞路', '长宁区 仙霞路'],
    ['İ', 'i'],
    ['   ', ''],
  ];
  for (const [text, folded] of forms) {
    t.equal(fold(text), folded, text);
    t.equal(fold(folded), folded, 'folding twice changes nothing');
  }
});

t.test('a number stands for the range of its digits', async (t) => {
  const ranges: [string, number, number][] = [
    ['100', 99.5, 100.5],
    ['100.00', 99.995, 100.005],
    ['1e2', 95, 105],
    ['5.4e-3', 0.00535, 0.00545],
    ['5.40', 5.395, 5.405],
    ['-2', -2.5, -1.5],
    ['0', -0.5, 0.5],
    ['0.1', 0.05, 0.15],
    ['100000000000000000000', 1e20, nextUp(1e20)],
    ['-123e27', -1.2305e29, -1.2295e29],
  ];
  for (const [text, low, high] of ranges) t.strictSame(impliedRange(text), { low, high }, text);
});

t.test('texts that are no numbers', async (t) => {
  for (const text of ['', '1.', '.5', '1e', '0x10', '1,5', 'NaN', 'Infinity', '1e999', ' 1']) {
    t.equal(parseNumber(text), undefined, text);
    t.equal(impliedRange(text), undefined, text);
  }
});

t.test('a point is the smallest range', async (t) => {
  for (const value of [0, 1, -1, 5.4, 1e300, -0.001, Number.MAX_SAFE_INTEGER]) {
    const { low, high } = point(value);
    t.equal(low, value);
    t.ok(high > low);
    const middle = low + (high - low) / 2;
    t.ok(middle === low || middle === high, 'no double lies between');
  }
  t.equal(nextUp(1), 1 + Number.EPSILON);
  t.equal(nextUp(-1), -1 + Number.EPSILON / 2);
});

t.test('escapes', async (t) => {
  t.strictSame(splitEscaped('a,b\\,c,d\\\\,e', ','), ['a', 'b\\,c', 'd\\\\', 'e']);
  t.strictSame(splitEscaped('', ','), ['']);
  t.strictSame(splitEscaped('a,b,c,d', ',', 2), ['a', 'b', 'c,d'], 'beyond the most, one part more');
  t.equal(startOf(['ab', 'c', 'd'], 2), 5);
  t.equal(unescapeValue('b\\,c\\$d\\|e\\\\f\\g'), 'b,c$d|e\\f\\g');
});

t.test('search expressions are read as paths', async (t) => {
  const child = (name: string) => ({ op: 'child', name });
  const value = { root: 'Observation', steps: [child('value'), { op: 'ofType', type: 'Quantity' }] };
  const paths: [string, unknown][] = [
    ['Patient.name.given', { root: 'Patient', steps: [child('name'), child('given')] }],
    ['Observation', { root: 'Observation', steps: [] }],
    ['name', { root: '$this', steps: [child('name')] }],
    ['%resource.referenceSeq', { root: '%resource', steps: [child('referenceSeq')] }],
    ['(Observation.value as Quantity)', value],
    ['Observation.value.as(Quantity)', value],
    ['(Observation.value.ofType(Quantity))', value],
    ['(Observation.value as FHIR.Quantity).unit', { ...value, steps: [...value.steps, child('unit')] }],
    [
      "A.b.where(type='x').c",
      { root: 'A', steps: [child('b'), { op: 'equals', name: 'type', value: 'x' }, child('c')] },
    ],
    ['A.b.where(resolve() is Patient)', { root: 'A', steps: [child('b'), { op: 'resolvesTo', type: 'Patient' }] }],
    [
      'Bundle.entry[0].resource',
      { root: 'Bundle', steps: [child('entry'), { op: 'index', index: 0 }, child('resource')] },
    ],
    ['Patient.deceased.exists() and Patient.deceased != false', undefined],
    ['A.b.first()', undefined],
    ['resolve()', undefined],
    ["A.where(b='c' and d='e')", undefined],
  ];
  for (const [text, expected] of paths) t.strictSame(readPath(text), expected, text);
  t.strictSame(branches("A.b | (A.c | A.d) | A.e.where(f='|')"), ['A.b', '(A.c | A.d)', "A.e.where(f='|')"]);
});
