import type { CodeSystem, ValueSet, ValueSetCompose, ValueSetComposeIncludeFilter } from '@medplum/fhirtypes';
import t from 'tap';
import { Failure, type Outcome } from '#errors';
import { type Concept, type ExpansionLimits, expand } from '#terminology/expand.ts';
import { compilePattern } from '#terminology/pattern.ts';
import { newest, published, resolveImports, type TerminologyLibrary } from '#terminology/source.ts';

/** R4 valueset.html#compositions and valueset.html#expansion. */

const S = 'http://a.example/cs';
const T = 'http://a.example/other';

const system: CodeSystem = {
  resourceType: 'CodeSystem',
  status: 'active',
  content: 'complete',
  url: S,
  version: '2',
  property: [
    { code: 'inactive', type: 'boolean' },
    { code: 'status', type: 'code' },
    { code: 'plasma', type: 'boolean' },
    { code: 'weight', type: 'decimal' },
    { code: 'kind', type: 'Coding' },
  ],
  concept: [
    {
      code: 'a',
      display: 'Alpha',
      concept: [
        { code: 'a1', property: [{ code: 'plasma', valueBoolean: true }], concept: [{ code: 'a11' }] },
        { code: 'a2', property: [{ code: 'inactive', valueBoolean: true }] },
      ],
    },
    { code: 'b', property: [{ code: 'weight', valueDecimal: 1.5 }] },
    {
      code: 'c',
      property: [
        { code: 'status', valueCode: 'retired' },
        { code: 'kind', valueCoding: { code: 'x' } },
      ],
    },
    { code: 'd', property: [{ code: 'status', valueCode: 'deprecated' }] },
  ],
};
const older: CodeSystem = { ...system, version: '1', concept: [{ code: 'a' }, { code: 'old' }] };
const other: CodeSystem = { ...system, url: T, concept: [{ code: 'a' }, { code: 'z' }] };
const fragment: CodeSystem = { ...other, url: 'http://a.example/fragment', content: 'fragment' };
const empty: CodeSystem = { ...other, url: 'http://a.example/empty', content: 'not-present', concept: [] };
const codeSystems = [system, older, other, fragment, empty];

const set = (name: string, more: Partial<ValueSet>): ValueSet => {
  return { resourceType: 'ValueSet', status: 'active', url: `http://a.example/vs/${name}`, ...more };
};
const valueSets = [
  set('base', { version: '1.0', compose: { include: [{ system: S, concept: [{ code: 'b' }, { code: 'a2' }] }] } }),
  set('more', { compose: { include: [{ system: S, concept: [{ code: 'b' }, { code: 'd' }] }, { system: T }] } }),
  set('circle', { compose: { include: [{ valueSet: ['http://a.example/vs/back'] }] } }),
  set('back', { compose: { include: [{ valueSet: ['http://a.example/vs/circle'] }] } }),
  set('broken', { compose: { include: [{ system: 'http://x.org' }] } }),
];

const library: TerminologyLibrary = {
  valueSet: async (url, version) => find(valueSets, url, version),
  codeSystem: async (url, version) => find(codeSystems, url, version),
};

function find<T extends ValueSet | CodeSystem>(all: readonly T[], url: string, version?: string): T | undefined {
  return newest(all.filter((r) => r.url === url && (version === undefined || r.version === version)));
}

const limits: ExpansionLimits = { concepts: 10, fragments: true };

async function expanded(valueSet: ValueSet, within = limits): Promise<Outcome<readonly Concept[]>> {
  const source = await resolveImports(valueSet, library);
  return source instanceof Failure ? source : expand(valueSet, source, within);
}

/** The codes with the last letter of their system, or why not. */
function told(outcome: Outcome<readonly Concept[]>): string {
  if (outcome instanceof Failure) return outcome.issues.map((i) => i.text).join(' ');
  return outcome.map(({ system, code }) => (system === S ? code : `${system.split('/').at(-1)}|${code}`)).join(' ');
}

const filters = (...filter: ValueSetComposeIncludeFilter[]): ValueSetCompose => ({ include: [{ system: S, filter }] });
const one = (property: string, op: ValueSetComposeIncludeFilter['op'], value: string) =>
  filters({ property, op, value });
const include = (...parts: ValueSetCompose['include']): ValueSetCompose => ({ include: parts });
const BASE = 'http://a.example/vs/base';
const MORE = 'http://a.example/vs/more';

const compositions: readonly (readonly [name: string, compose: ValueSetCompose, codes: string])[] = [
  ['a whole system, the newest version', include({ system: S }), 'a a1 a11 a2 b c d'],
  ['a version of a system', include({ system: S, version: '1' }), 'a old'],
  ['codes', include({ system: S, concept: [{ code: 'b' }, { code: 'a1' }, { code: 'b' }] }), 'b a1'],
  ['codes of a system that is not held', include({ system: 'http://x.org', concept: [{ code: 'q' }] }), 'x.org|q'],
  ['two includes: either', include({ system: S, concept: [{ code: 'b' }] }, { system: T }), 'b other|a other|z'],
  ['a value set', include({ valueSet: [BASE] }), 'b a2'],
  ['a version of a value set', include({ valueSet: [`${BASE}|1.0`] }), 'b a2'],
  ['two value sets in one include: both', include({ valueSet: [BASE, MORE] }), 'b'],
  [
    'a system and a value set: both',
    include({ system: S, filter: one('concept', 'is-a', 'a').include[0]?.filter ?? [], valueSet: [BASE] }),
    'a2',
  ],
  [
    'exclude',
    { ...include({ system: S }), exclude: [{ system: S, concept: [{ code: 'b' }] }, { system: T }] },
    'a a1 a11 a2 c d',
  ],
  ['exclude a value set', { ...include({ system: S }), exclude: [{ valueSet: [BASE] }] }, 'a a1 a11 c d'],
  ['only active codes of a system', { inactive: false, ...include({ system: S }) }, 'a a1 a11 b d'],
  [
    'only active codes of a list',
    { inactive: false, ...include({ system: S, concept: [{ code: 'a2' }, { code: 'b' }] }) },
    'b',
  ],
  ['inactive codes too', { inactive: true, ...include({ system: S, concept: [{ code: 'a2' }] }) }, 'a2'],
  ['a part of a system', include({ system: 'http://a.example/fragment' }), 'fragment|a fragment|z'],
  ['is-a', one('concept', 'is-a', 'a1'), 'a1 a11'],
  ['descendent-of', one('concept', 'descendent-of', 'a'), 'a1 a11 a2'],
  ['is-not-a', one('concept', 'is-not-a', 'a'), 'b c d'],
  ['generalizes', one('concept', 'generalizes', 'a11'), 'a a1 a11'],
  ['in', one('concept', 'in', 'b, c,nothing'), 'b c'],
  ['not-in', one('code', 'not-in', 'b,c'), 'a a1 a11 a2 d'],
  ['= of the code', one('code', '=', 'b'), 'b'],
  ['= of a boolean', one('plasma', '=', 'true'), 'a1'],
  ['= of a decimal', one('weight', '=', '1.5'), 'b'],
  ['= of a Coding', one('kind', '=', 'x'), 'c'],
  ['= of the display', one('display', '=', 'Alpha'), 'a'],
  ['= of the parent', one('parent', '=', 'a'), 'a1 a2'],
  ['= of a child', one('child', '=', 'a11'), 'a1'],
  ['exists', one('status', 'exists', 'true'), 'c d'],
  ['does not exist', one('parent', 'exists', 'false'), 'a b c d'],
  ['regex, of the whole value', one('code', 'regex', 'a[0-9]'), 'a1 a2'],
  [
    'two filters: both',
    filters({ property: 'concept', op: 'is-a', value: 'a' }, { property: 'code', op: 'regex', value: 'a.+' }),
    'a1 a11 a2',
  ],
];

t.test('valueset.html#compositions', async (t) => {
  for (const [name, compose, codes] of compositions) t.equal(told(await expanded(set('x', { compose }))), codes, name);
});

const X = 'The codes of the value set http://a.example/vs/x cannot be told:';
const refusals: readonly (readonly [name: string, compose: ValueSetCompose | undefined, text: string])[] = [
  [
    'an unknown system',
    include({ system: 'http://x.org' }),
    `${X} the CodeSystem http://x.org is not held by this server.`,
  ],
  [
    'an unknown version',
    include({ system: S, version: '9' }),
    `${X} the CodeSystem ${S}|9 is not held by this server.`,
  ],
  [
    'an unknown value set',
    include({ valueSet: ['http://x.org/vs'] }),
    `${X} the ValueSet http://x.org/vs is not held by this server.`,
  ],
  [
    'an unknown version of one',
    include({ valueSet: [`${BASE}|2`] }),
    `${X} the ValueSet ${BASE}|2 is not held by this server.`,
  ],
  [
    'a system without its codes',
    include({ system: 'http://a.example/empty' }),
    `${X} the CodeSystem http://a.example/empty is held without its codes (content not-present).`,
  ],
  [
    'what it imports',
    include({ valueSet: ['http://a.example/vs/broken'] }),
    'The codes of the value set http://a.example/vs/broken cannot be told: the CodeSystem http://x.org is not held by this server.',
  ],
  [
    'a circle',
    include({ valueSet: ['http://a.example/vs/circle'] }),
    'The codes of the value set http://a.example/vs/circle cannot be told: it includes itself.',
  ],
  ['neither system nor value set', include({}), `${X} a part of it names neither a system nor a value set.`],
  ['no composition', undefined, `${X} it has neither a composition nor a whole expansion.`],
  ['an unknown property', one('colour', '=', 'red'), `${X} the CodeSystem ${S} declares no property "colour".`],
  [
    'subsumption of a property',
    one('kind', 'is-a', 'x'),
    `${X} the filter is-a is on the property "kind", not on concept.`,
  ],
  ['an unknown root', one('concept', 'is-a', 'q'), `${X} the CodeSystem ${S} has no code "q".`],
  [
    'exists of something else',
    one('status', 'exists', 'yes'),
    `${X} the filter exists has the value "yes", not true or false.`,
  ],
  [
    'an expression that may take long',
    one('code', 'regex', '(a+)+b'),
    `${X} the regular expression "(a+)+b" has groups or repeats more than one part freely.`,
  ],
];

t.test('what cannot be told is refused by name', async (t) => {
  for (const [name, compose, text] of refusals) {
    const outcome = await expanded(set('x', compose === undefined ? {} : { compose }));
    t.equal(told(outcome), text, name);
    t.equal(outcome instanceof Failure && outcome.status, 400, name);
  }
});

t.test('valueset.html#expansion: a stored one serves where the composition cannot', async (t) => {
  const contains = [
    { system: S, code: 'a', contains: [{ system: S, code: 'a1' }] },
    { system: S, abstract: true, code: 'group', contains: [{ system: T, code: 'z' }] },
    { display: 'without a code' },
  ];
  const expansion = { timestamp: '2025-01-01', contains };
  const whole = 'a a1 other|z';
  t.equal(told(await expanded(set('x', { expansion }))), whole);
  t.equal(told(await expanded(set('x', { expansion: { ...expansion, total: 5 } }))), whole);
  t.equal(told(await expanded(set('x', { expansion, compose: include({ system: 'http://x.org' }) }))), whole);
  t.equal(told(await expanded(set('x', { expansion, compose: include({ system: T }) }))), 'other|a other|z');
  const part = { ...expansion, total: 6 };
  t.equal(
    told(await expanded(set('x', { expansion: part }))),
    `${X} it has neither a composition nor a whole expansion.`,
  );
});

t.test('limits', async (t) => {
  const compose = include({ system: S });
  t.equal(told(await expanded(set('x', { compose }), { ...limits, concepts: 7 })), 'a a1 a11 a2 b c d');
  const outcome = await expanded(set('x', { compose }), { ...limits, concepts: 6 });
  t.equal(outcome instanceof Failure && outcome.issues[0].code, 'too-costly');
  const often = include(...Array.from({ length: 200 }, () => ({ system: S })));
  const long = await expanded(set('x', { compose: often }), { ...limits, concepts: 7 });
  t.equal(long instanceof Failure && long.issues[0].code, 'too-costly', 'however few the codes are');
  const parts = await expanded(set('x', { compose: include({ system: 'http://a.example/fragment' }) }), {
    ...limits,
    fragments: false,
  });
  t.match(told(parts), /held without its codes \(content fragment\)/);
  const imports = Array.from({ length: 1_001 }, (_, i) => `http://a.example/vs/${i}`);
  const wide = await expanded(set('x', { compose: include({ valueSet: imports }) }));
  t.equal(wide instanceof Failure && wide.issues[0].code, 'too-costly', 'imports');
});

t.test('references.html#canonical: without a version, the newest', async (t) => {
  const table: readonly (readonly [versions: readonly (string | undefined)[], newest: string | undefined])[] = [
    [['1', '2'], '2'],
    [['1.10', '1.9'], '1.10'],
    [['2019-11-01', '2018-08-12'], '2019-11-01'],
    [[undefined, '0.1'], '0.1'],
  ];
  for (const [versions, expected] of table) {
    const all = versions.map((version) => set('x', version === undefined ? {} : { version }));
    t.equal(newest(all)?.version, expected);
    t.equal(newest(all.toReversed())?.version, expected);
  }
  const dated = ['2024', '2025-02', '2025'].map((date) => set('x', { version: '1', date }));
  t.equal(newest(dated)?.date, '2025-02');
  t.equal(newest([]), undefined);
});

t.test('regular expressions that are matched in proportion to the value', async (t) => {
  const table: readonly (readonly [pattern: string, matching: string, not: string])[] = [
    ['[0-9]{3}', '123', '1234'],
    ['^LP\\d{5}-\\d$', 'LP43571-6', 'xLP43571-6'],
    ['I10.*', 'I10.9', 'I11'],
    ['a|bc?', 'bc', 'ac'],
    ['[^|]+', 'a', 'a|'],
    ['\\(x\\)', '(x)', 'x'],
    ['高血压.?', '高血压1', '血压'],
  ];
  for (const [pattern, matching, not] of table) {
    t.equal(compilePattern(pattern)?.test(matching), true, `${pattern} ${matching}`);
    t.equal(compilePattern(pattern)?.test(not), false, `${pattern} ${not}`);
  }
  const long = 'a'.repeat(1_001);
  for (const refused of ['(a+)+', 'a*a*', 'a?a?', '(?=a)', '\\1', '[a', 'a{1,2}b+', '[z-a]', 'a**', long]) {
    t.equal(compilePattern(refused), undefined, refused.slice(0, 20));
  }
});

t.test('what R4 publishes', async (t) => {
  const table: readonly (readonly [url: string, size: number | string])[] = [
    ['http://hl7.org/fhir/ValueSet/administrative-gender', 4],
    ['http://terminology.hl7.org/ValueSet/v3-MessageWaitingPriority', 3],
    ['http://terminology.hl7.org/ValueSet/v2-0001', 6],
    ['http://hl7.org/fhir/ValueSet/patient-contactrelationship', 11],
    ['http://hl7.org/fhir/ValueSet/iso3166-1-3', 'the CodeSystem urn:iso:std:iso:3166 is not held by this server.'],
  ];
  for (const [url, size] of table) {
    const valueSet = published.valueSet(url);
    const outcome = valueSet && expand(valueSet, published, { ...limits, concepts: 20 });
    if (outcome === undefined) t.fail(url);
    else if (typeof size === 'number') t.equal(outcome instanceof Failure ? told(outcome) : outcome.length, size, url);
    else t.ok(told(outcome).endsWith(size), url);
  }
  const gender = 'http://hl7.org/fhir/administrative-gender';
  t.equal(published.codeSystem(gender, '4.0.1')?.url, gender);
  t.equal(published.codeSystem(gender, '5.0.0'), undefined);
  t.equal(published.codeSystem('http://hl7.org/fhir/ValueSet/administrative-gender'), undefined, 'a value set');
});
