import type { CodeSystem } from '@medplum/fhirtypes';
import t from 'tap';
import { ancestors, descendants, type Hierarchy, hierarchyOf, subsumes } from '#terminology/subsumes.ts';

/** R4 codesystem.html#hierarchy, codesystem.html#subsumption, codesystem-operation-subsumes.html. */

const plain = { resourceType: 'CodeSystem', status: 'active', content: 'complete' } as const;

/** The same tree three times: a over b and c, b and c over d, d over e. */
const nested: CodeSystem = {
  ...plain,
  concept: [
    { code: 'a', concept: [{ code: 'b', concept: [{ code: 'd', concept: [{ code: 'e' }] }] }, { code: 'c' }] },
    { code: 'd', property: [{ code: 'parent', valueCode: 'c' }] },
    { code: 'z' },
  ],
};
const byParent: CodeSystem = {
  ...plain,
  property: [{ code: 'isA', uri: 'http://hl7.org/fhir/concept-properties#parent', type: 'code' }],
  concept: [
    { code: 'a' },
    { code: 'b', property: [{ code: 'isA', valueCode: 'a' }] },
    { code: 'c', property: [{ code: 'isA', valueCode: 'a' }] },
    {
      code: 'd',
      property: [
        { code: 'isA', valueCode: 'b' },
        { code: 'isA', valueCode: 'c' },
      ],
    },
    { code: 'e', property: [{ code: 'subsumedBy', valueCode: 'd' }] },
    { code: 'z' },
  ],
};
const byChild: CodeSystem = {
  ...plain,
  content: 'fragment',
  concept: [
    {
      code: 'a',
      property: [
        { code: 'child', valueCode: 'b' },
        { code: 'child', valueCode: 'c' },
      ],
    },
    { code: 'b', property: [{ code: 'child', valueCode: 'd' }] },
    { code: 'c', property: [{ code: 'child', valueCode: 'd' }] },
    { code: 'd', property: [{ code: 'child', valueCode: 'e' }] },
    { code: 'e' },
    { code: 'z' },
  ],
};

function read(system: CodeSystem): Hierarchy {
  const hierarchy = hierarchyOf(system);
  if (hierarchy === undefined) throw new Error('no hierarchy');
  return hierarchy;
}

for (const [name, system] of Object.entries({ nested, byParent, byChild })) {
  t.test(`a hierarchy: ${name}`, async (t) => {
    const hierarchy = read(system);
    const table: readonly (readonly [code: string, below: string, above: string])[] = [
      ['a', 'bcde', ''],
      ['b', 'de', 'a'],
      ['c', 'de', 'a'],
      ['d', 'e', 'abc'],
      ['e', '', 'abcd'],
      ['z', '', ''],
      ['unknown', '', ''],
    ];
    for (const [code, below, above] of table) {
      t.equal([...descendants(hierarchy, code)].sort().join(''), below, `below ${code}`);
      t.equal([...ancestors(hierarchy, code)].sort().join(''), above, `above ${code}`);
    }
    t.equal([...hierarchy.concepts.keys()].sort().join(''), 'abcdez');
  });
}

t.test('codesystem-operation-subsumes: the four outcomes', async (t) => {
  const hierarchy = read(nested);
  t.equal(subsumes(hierarchy, 'b', 'b'), 'equivalent');
  t.equal(subsumes(hierarchy, 'a', 'e'), 'subsumes');
  t.equal(subsumes(hierarchy, 'e', 'c'), 'subsumed-by');
  t.equal(subsumes(hierarchy, 'b', 'c'), 'not-subsumed');
  t.equal(subsumes(hierarchy, 'a', 'z'), 'not-subsumed');
});

t.test('a code above itself ends', async (t) => {
  const parent = (code: string, valueCode: string) => ({ code, property: [{ code: 'parent', valueCode }] });
  const circle = read({ ...plain, concept: [parent('a', 'b'), parent('b', 'c'), parent('c', 'a')] });
  t.strictSame([...ancestors(circle, 'a')], ['b', 'c']);
  t.strictSame([...descendants(circle, 'a')].sort(), ['b', 'c']);
});

t.test('codesystem-content-mode: only codes that stand for themselves make a hierarchy', async (t) => {
  for (const [content, usable] of [
    ['complete', true],
    ['fragment', true],
    ['example', false],
    ['not-present', false],
    ['supplement', false],
  ] as const) {
    t.equal(hierarchyOf({ ...plain, content, concept: [{ code: 'a' }] }) !== undefined, usable, content);
  }
});
