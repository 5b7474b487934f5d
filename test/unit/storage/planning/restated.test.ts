import t from 'tap';
import type { Compare, Test } from '#search/model/filter.ts';
import { inUnit, pathsAbove, startBelow } from '#storage/planning/restated.ts';

const ucum = 'http://unitsofmeasure.org';
const where: readonly Compare[] = [{ bound: 'low', op: '>=', value: 2 }];
const asks = (of: Partial<Extract<Test, { kind: 'quantity' }>>) => ({ kind: 'quantity', where, ...of }) as const;
const unit = (system: string, code: string, unit: string) => ({ system, code, unit });

t.test('what is asked of a value in one unit', (t) => {
  const rows: readonly (readonly [string, ReturnType<typeof asks>, ReturnType<typeof unit>, number | undefined])[] = [
    ['any unit', asks({}), unit(ucum, 'mg', 'mg'), 2],
    ['the same unit', asks({ system: ucum, code: 'g' }), unit(ucum, 'g', 'gram'), 2],
    ['another unit, converted', asks({ system: ucum, code: 'g' }), unit(ucum, 'mg', 'mg'), 2000],
    ['a unit of another dimension', asks({ system: ucum, code: 'g' }), unit(ucum, 'm', 'm'), undefined],
    ['another system', asks({ system: ucum, code: 'g' }), unit('', 'g', 'g'), undefined],
    ['a code of a system that converts nothing', asks({ system: 'x', code: 'g' }), unit('x', 'mg', 'mg'), undefined],
    ['as it is printed', asks({ unit: 'gram' }), unit('', '', 'gram'), 2],
    ['as it is coded', asks({ unit: 'g' }), unit(ucum, 'g', 'gram'), 2],
    ['neither printed nor coded so', asks({ unit: 'mg' }), unit(ucum, 'g', 'gram'), undefined],
  ];
  for (const [name, test, of, expected] of rows) t.equal(inUnit(test, of)?.[0]?.value, expected, name);
  t.end();
});

t.test('the paths of a URI', (t) => {
  const above: readonly (readonly [string, readonly string[]])[] = [
    ['urn:x', ['urn:x', 'urn:x/']],
    ['a/b/c', ['a', 'a/', 'a/b', 'a/b/', 'a/b/c', 'a/b/c/']],
  ];
  for (const [path, expected] of above) t.same(pathsAbove(path), expected, `above ${path}`);
  t.equal(startBelow('http://x/a'), 'http://x/a/');
  t.equal(startBelow('http://x/a|1'), 'http://x/a|1.');
  t.end();
});
