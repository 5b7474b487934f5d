import type { CodeSystem, Resource } from '@medplum/fhirtypes';
import t from 'tap';
import { parseResource } from '#fhir/json/json.ts';
import { loadDefinitions } from '#fhir/model/definitions.ts';
import { parseXml } from '#fhir/xml/read.ts';
import { draftOf } from '#operations/write/draft.ts';
import { referenceLinks } from '#operations/write/links.ts';
import { indexer } from '#search/extract/extract.ts';
import { readGuide } from '#terminology/guide.ts';
import { ancestors, descendants, hierarchyOf } from '#terminology/subsumes.ts';
import { createValueSets } from '#terminology/value-sets.ts';
import { compileTypes, createValidator } from '#validation/validator.ts';
import { resources } from './resources.ts';

/** What one request costs may grow with what it brings, and no faster: four times as much costs less than ten times. */

const definitions = loadDefinitions();
const guide = readGuide(new URL('../../../', import.meta.url));
const types = compileTypes(definitions.structures());
const validate = createValidator({ types, guide, mode: 'profile', valueSets: createValueSets(guide) });
const index = indexer(definitions, { timeZone: 'Asia/Shanghai', baseUrl: 'http://x.example/fhir' });

/** Milliseconds of this thread's processor. */
function cost(work: () => unknown): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}

/** Below this much, collecting garbage costs more than the work. */
const least = 60;

/** Whether the work at n and at 4n grows no faster than that; what is in doubt is measured again. */
function grows(work: (n: number) => () => unknown, n: number): string {
  let told = '';
  for (let tries = 0; tries < 3; tries++) {
    const [one, four] = [cost(work(n)), cost(work(4 * n))];
    if (four < Math.max(least, 10 * one)) return '';
    told = `${one.toFixed()} ms, then ${four.toFixed()} ms`;
  }
  return told;
}

t.test('a resource is checked, indexed and written as fast as it is long', async (t) => {
  for (const [name, n, make] of resources) {
    const work = (size: number) => {
      const resource: Resource = JSON.parse(JSON.stringify(make(size)));
      return () => {
        validate(resource);
        index(resource);
        referenceLinks(resource, resource.resourceType, new Set());
        draftOf(resource, 'x');
      };
    };
    t.same(
      validate(JSON.parse(JSON.stringify(make(40)))).filter((i) => i.severity === 'error'),
      [],
      `${name}: valid`,
    );
    t.equal(grows(work, n), '', name);
  }
});

t.test('so is a hierarchy', async (t) => {
  const system = { resourceType: 'CodeSystem', status: 'active', content: 'complete' } as const;
  const codes = (n: number, property: string) =>
    Array.from({ length: n }, (_, i) => ({ code: property, valueCode: `c${i}` }));
  const rows: readonly [name: string, make: (n: number) => CodeSystem][] = [
    ['children', (n) => ({ ...system, concept: [{ code: 'r', property: codes(n, 'child') }] })],
    ['parents', (n) => ({ ...system, concept: [{ code: 'r', property: codes(n, 'parent') }] })],
    [
      'each below the one before',
      (n) => ({
        ...system,
        concept: codes(n, 'parent').map((p, i) => ({ code: `c${i + 1}`, property: [p] })),
      }),
    ],
  ];
  for (const [name, make] of rows) {
    const work = (n: number) => {
      const made = make(n);
      return () => {
        const hierarchy = hierarchyOf(made);
        if (hierarchy === undefined) throw new Error('no hierarchy');
        descendants(hierarchy, 'r');
        ancestors(hierarchy, 'r');
        ancestors(hierarchy, `c${n}`);
      };
    };
    t.equal(grows(work, 40_000), '', name);
  }
});

const json: readonly (readonly [name: string, make: (n: number) => string])[] = [
  ['brackets', (n) => '['.repeat(n)],
  ['values', (n) => `[${'1,'.repeat(n / 2)}1]`],
  ['decimals', (n) => `[${'1.0,'.repeat(n / 4)}1]`],
  ['keys', (n) => `{${Array.from({ length: n / 12 }, (_, i) => `"k${i}":1`)}}`],
  ['the same key', (n) => `{${'"k":1,'.repeat(n / 6)}"k":1}`],
  ['a string', (n) => `["${'x'.repeat(n)}"]`],
  ['a string of backslashes', (n) => `["${'\\\\'.repeat(n / 2)}"]`],
  ['a string without an end', (n) => `["${'\\'.repeat(n)}`],
  ['a number', (n) => `[1.${'1'.repeat(n)}]`],
  ['blanks', (n) => `{"a":1,"a":2,"b"${' '.repeat(n)}:1}`],
];
const start = '<Patient xmlns="http://hl7.org/fhir"';
const inPatient = (text: string) => `${start}>${text}<active value="true"/></Patient>`;
const xml: readonly (readonly [name: string, make: (n: number) => string])[] = [
  ['elements', (n) => `${start}>${'<name><given value="x"/></name>'.repeat(n / 31)}</Patient>`],
  ['unknown elements', (n) => inPatient(`<x>${'<a/>'.repeat(n / 4)}</x>`)],
  ['attributes', (n) => `${start} ${Array.from({ length: n / 10 }, (_, i) => `a${i}="1"`).join(' ')}/>`],
  ['namespaces', (n) => `${start} ${Array.from({ length: n / 18 }, (_, i) => `xmlns:a${i}="u"`).join(' ')}/>`],
  ['comments', (n) => inPatient('<!---->'.repeat(n / 7))],
  ['a comment', (n) => inPatient(`<!--${'- '.repeat(n / 2)}-->`)],
  ['blanks', (n) => inPatient(' '.repeat(n))],
  ['a CDATA section', (n) => inPatient(`<![CDATA[${']]'.repeat(n / 2)}]]>`)],
  ['entities', (n) => `<!DOCTYPE a [${'<!ENTITY a "&a;&a;">'.repeat(n / 20)}]>${start}/>`],
  ['references to characters', (n) => inPatient(`<name><text value="${'&#65;'.repeat(n / 5)}"/></name>`)],
  ['a name', (n) => `<${'a'.repeat(n)}/>`],
];

t.test('so is a body that is read', async (t) => {
  const depth = 64;
  for (const [name, make] of json) {
    const work = (n: number) => {
      const body = Buffer.from(make(n));
      return () => parseResource(body, depth);
    };
    t.equal(grows(work, 300_000), '', `JSON: ${name}`);
  }
  for (const [name, make] of xml) {
    const work = (n: number) => {
      const body = Buffer.from(make(n));
      return () => parseXml(body, depth);
    };
    t.equal(grows(work, 200_000), '', `XML: ${name}`);
  }
});
