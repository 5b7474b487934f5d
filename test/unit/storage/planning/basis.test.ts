import t from 'tap';
import { everything, type Filter } from '#search/model/filter.ts';
import { basisOf } from '#storage/planning/basis.ts';

const token: Filter = { op: 'match', param: 'code', test: { kind: 'token', code: 'x' } };
const concept: Filter = { op: 'match', param: 'code', test: { kind: 'concept', set: 's' } };
const chain = (types: readonly string[], where: Filter): Filter => ({ op: 'chain', param: 'subject', types, where });
const has = (type: string, where: Filter): Filter => ({ op: 'has', type, param: 'subject', where });

t.test('what decides which resources a plan finds', (t) => {
  const own = { types: ['Observation'], concepts: false, own: true };
  const rows: readonly (readonly [string, Filter, { types: string[]; concepts: boolean; own: boolean }])[] = [
    ['nothing is asked', everything, own],
    ['what each resource has', { op: 'and', of: [token, { op: 'not', of: { op: 'present', param: 'subject' } }] }, own],
    ['what it contains', { op: 'contained', type: 'Patient', where: token }, own],
    ['a set', { op: 'or', of: [token, concept] }, { ...own, concepts: true }],
    [
      'a set in a composite',
      {
        op: 'tuple',
        param: 'code-value',
        tests: [
          { kind: 'number', where: [] },
          { kind: 'concept', set: 's' },
        ],
      },
      { ...own, concepts: true },
    ],
    ['a set in a contained resource', { op: 'contained', type: 'X', where: concept }, { ...own, concepts: true }],
    [
      'a chain',
      { op: 'not', of: chain(['Patient', 'Group'], token) },
      { types: ['Observation', 'Patient', 'Group'], concepts: false, own: false },
    ],
    [
      'a chain of links',
      { op: 'or', of: [token, chain(['Patient'], has('Encounter', chain(['Device'], concept)))] },
      { types: ['Observation', 'Patient', 'Encounter', 'Device'], concepts: true, own: false },
    ],
    ['what refers here', has('Encounter', token), { types: ['Observation', 'Encounter'], concepts: false, own: false }],
  ];
  for (const [title, where, expected] of rows) {
    const { types, ...basis } = basisOf({ types: ['Observation'], where, sort: [], limit: 1, total: 'none' });
    t.strictSame({ ...basis, types: [...types] }, expected, title);
  }
  t.end();
});
