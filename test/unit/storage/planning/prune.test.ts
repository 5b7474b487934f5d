import t from 'tap';
import { and, everything, type Filter, nothing, or } from '#search/model/filter.ts';
import { pruneImpossible } from '#storage/planning/prune.ts';

const named = (param: string): Filter => ({
  op: 'match',
  param,
  test: { kind: 'string', how: 'starts', value: 'wang' },
});
const inside = (where: Filter): Filter => ({ op: 'contained', type: 'Patient', where });
const chain = (types: readonly string[], where: Filter): Filter => ({ op: 'chain', param: 'partOf', types, where });
const has = (type: string, where: Filter): Filter => ({ op: 'has', type, param: 'subject', where });
const known = inside(named('name'));
const unknown = inside(named('address'));

const held = new Set(['Observation contained:Patient:name']);
const hasParam = (types: readonly string[], param: string): boolean =>
  types.some((type) => held.has(`${type} ${param}`));

t.test('what asks for contained resources that no resource of the types has is left out', (t) => {
  const rows: readonly (readonly [string, string, Filter, Filter])[] = [
    ['what some have stays', 'Observation', known, known],
    ['what none has goes', 'Observation', unknown, nothing],
    [
      'of all that is asked of one, some have nothing',
      'Observation',
      inside(and([named('name'), named('x')])),
      nothing,
    ],
    ['any contained resource may be there', 'Encounter', inside(everything), inside(everything)],
    ['other types have their own', 'Encounter', known, nothing],
    ['one of several alternatives', 'Observation', or([unknown, named('code')]), named('code')],
    ['one of several conditions', 'Observation', and([unknown, named('code')]), nothing],
    ['the negation of what is impossible', 'Observation', { op: 'not', of: unknown }, everything],
    ['a chain leads to its types', 'Encounter', chain(['Observation'], known), chain(['Observation'], known)],
    ['and to no others', 'Observation', chain(['Encounter'], known), chain(['Encounter'], nothing)],
    ['_has asks those that refer', 'Encounter', has('Observation', known), has('Observation', known)],
    ['and no others', 'Observation', has('Encounter', known), has('Encounter', nothing)],
  ];
  for (const [name, type, filter, expected] of rows) t.same(pruneImpossible(filter, [type], hasParam), expected, name);
  t.end();
});
