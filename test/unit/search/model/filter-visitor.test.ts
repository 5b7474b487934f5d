import t from 'tap';
import { and, everything, type Filter, nothing, or } from '#search/model/filter.ts';
import {
  conjuncts,
  disjuncts,
  everyTerm,
  type FilterVisitor,
  mapFilter,
  visitFilter,
} from '#search/model/filter-visitor.ts';

const id = (...ids: readonly string[]): Filter => ({ op: 'id', ids });
const type = (...types: readonly string[]): Filter => ({ op: 'type', types });
const not = (of: Filter): Filter => ({ op: 'not', of });
const chain = (where: Filter): Filter => ({ op: 'chain', param: 'subject', types: ['Patient'], where });
const has = (where: Filter): Filter => ({ op: 'has', type: 'Observation', param: 'subject', where });
const contained = (where: Filter): Filter => ({ op: 'contained', type: 'Medication', where });

t.test('a visitor is asked by op, with the context; its default takes what it does not name', (t) => {
  const visitor: FilterVisitor<string, number> = {
    id: ({ ids }, n) => `${n} ${ids}`,
    default: ({ op }, n) => `${n} other: ${op}`,
  };
  t.equal(visitFilter(id('a', 'b'), visitor, 1), '1 a,b');
  t.equal(visitFilter(and([id('a'), type('Patient')]), visitor, 2), '2 other: and');
  t.end();
});

t.test('mapping rewrites what is directly below, and simplifies', (t) => {
  const rewrite = (filter: Filter, to: Filter): Filter => (filter.op === 'id' ? to : filter);
  const rows: readonly (readonly [string, Filter, Filter, Filter])[] = [
    ['a term', type('Patient'), everything, type('Patient')],
    ['itself', id('a'), nothing, id('a')],
    ['and', and([id('a'), type('Patient')]), id('b'), and([id('b'), type('Patient')])],
    ['and with nothing', and([id('a'), type('Patient')]), nothing, nothing],
    ['or with nothing', or([id('a'), type('Patient')]), nothing, type('Patient')],
    ['not', not(id('a')), id('b'), not(id('b'))],
    ['not of everything', not(id('a')), everything, nothing],
    ['two negations', not(id('a')), not(id('b')), id('b')],
    ['chain', chain(id('a')), id('b'), chain(id('b'))],
    ['chain to nothing', chain(id('a')), nothing, chain(nothing)],
    ['has', has(id('a')), id('b'), has(id('b'))],
    ['contained', contained(id('a')), id('b'), contained(id('b'))],
    ['no deeper', chain(not(id('a'))), id('b'), chain(not(id('a')))],
  ];
  for (const [name, filter, to, expected] of rows) t.same(mapFilter(filter, rewrite, to), expected, name);
  t.end();
});

t.test('terms are what and, or and not join; links end there', (t) => {
  const isNoId = (term: Filter): boolean => term.op !== 'id';
  const rows: readonly (readonly [Filter, boolean])[] = [
    [id('a'), false],
    [type('Patient'), true],
    [and([type('Patient'), not(or([type('Group'), id('a')]))]), false],
    [and([type('Patient'), chain(id('a'))]), true],
  ];
  for (const [filter, expected] of rows) t.equal(everyTerm(filter, isNoId), expected, JSON.stringify(filter));
  t.end();
});

t.test('what holds together, and what is enough', (t) => {
  const parts = [id('a'), type('Patient')];
  t.same(conjuncts(and(parts)), parts);
  t.same(conjuncts(or(parts)), [or(parts)]);
  t.same(disjuncts(or(parts)), parts);
  t.same(disjuncts(id('a')), [id('a')]);
  t.end();
});
