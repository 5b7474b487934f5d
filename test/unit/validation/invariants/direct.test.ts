import { createRequire } from 'node:module';
import t from 'tap';
import { compileDirect } from '#fhir/fhirpath/direct.ts';
import { compileInEngine } from '#fhir/fhirpath/fhirpath.ts';
import { ask, type Variables } from '#fhir/fhirpath/run.ts';
import type { JsonObject } from '#fhir/json/object.ts';
import { loadDefinitions } from '#fhir/model/definitions.ts';
import { clock } from '#fhir/values/dates.ts';
import type { Constraint } from '#validation/invariants/constraint.ts';
import { nativeCheck } from '#validation/invariants/native.ts';
import { compileTypes } from '#validation/validator.ts';
import { ValidationWalk } from '#validation/walk.ts';
import { table } from './table.ts';

const { parse } = createRequire(import.meta.url)('fhirpath');
const { schemas } = compileTypes(loadDefinitions().structures());

type Evaluate = (element: unknown, variables: Variables) => unknown[];

function memoised<T>(make: (expression: string, base: string) => T): (expression: string, base: string) => T {
  const made = new Map<string, T>();
  return (expression, base) => {
    const key = `${base} ${expression}`;
    const one = made.get(key) ?? make(expression, base);
    made.set(key, one);
    return one;
  };
}

const none: Evaluate = () => {
  throw ask;
};
const direct = memoised((expression, base) => compileDirect(parse(expression), base) ?? none);
const engine = memoised(compileInEngine);

/** What an evaluation gives, as text; undefined if it throws. */
function given(evaluate: Evaluate, value: unknown, variables: Variables): string | undefined {
  try {
    return JSON.stringify(evaluate(value, variables));
  } catch (error) {
    if (error === ask) return 'asks';
    return undefined;
  }
}

/** One invariant on one value. */
interface Answer {
  readonly expression: string;
  readonly direct: string | undefined;
  readonly engine: string | undefined;
}

class Comparison extends ValidationWalk {
  readonly answers: Answer[] = [];

  override checkConstraints(constraints: readonly Constraint[], base: string, value: unknown): void {
    const variables = { resource: this.resource, rootResource: this.root };
    for (const { expression } of constraints) {
      const answer = given(direct(expression, base), value, variables);
      const isAsked = answer === 'asks';
      this.answers.push({
        expression,
        direct: answer,
        engine: isAsked ? 'asks' : given(engine(expression, base), value, variables),
      });
    }
  }
}

function answers(resource: JsonObject): readonly Answer[] {
  const walk = new Comparison(resource, {
    schemas,
    valueSets: undefined,
    hooks: undefined,
    clock: clock('Asia/Shanghai'),
  });
  walk.checkResource(resource, String(resource.resourceType), false);
  return walk.answers;
}

const resources = table
  .flatMap(([, , meets, fails]) => [meets, fails])
  .map((resource): JsonObject => JSON.parse(JSON.stringify(resource)));

/** Beside those with a native form, what the engine is asked for on some value of the table. */
const left: readonly string[] = [
  "(code.exists() or value.empty()) and (system.empty() or system = %ucum) and (code.empty() or code = '1') and (value.empty() or value.hasValue().not() or value.toString().contains('.').not())",
  "(low.empty() or ((low.code = '%') and (low.system = %ucum))) and (high.empty() or ((high.code = '%') and (high.system = %ucum)))",
  "Appointment.cancelationReason.exists() implies (Appointment.status='noshow' or Appointment.status='cancelled')",
  'group.stratifier.all((code | description | criteria).exists() xor component.exists())',
  "offset.empty() or (when.exists() and when.select($this in ('C' | 'CM' | 'CD' | 'CV')).allFalse())",
  "operator = 'exists' implies (answer is boolean)",
  'probability.empty() or ((probability is decimal) implies ((probability as decimal) <= 100))',
  "type = 'document' implies (timestamp.hasValue())",
  "type = 'document' implies entry.first().resource.is(Composition)",
  "type = 'message' implies entry.first().resource.is(MessageHeader)",
];

t.test('what is evaluated directly is what the engine says', async (t) => {
  const all = resources.flatMap(answers);
  t.same(
    all.filter((a) => a.direct !== a.engine),
    [],
  );
  const asked = all.filter((a) => a.direct === 'asks' && nativeCheck(a.expression, {}) === undefined);
  t.same([...new Set(asked.map((a) => a.expression))].sort(), left.toSorted(), 'which is seldom asked');
});

t.test('iif as a function, and on what it is called on', async (t) => {
  const resource = { resourceType: 'Patient', active: true, contact: [{ gender: 'male' }], gender: 'female' };
  for (const [expression, expected] of [
    ["iif(gender = 'female', active)", [true]],
    ["iif(gender = 'male', active)", []],
    ["contact.iif(gender = 'male', gender)", 'asks'],
    ["contact.first().iif(gender = 'female', active).exists()", 'asks'],
    ["contact.where(iif(gender = 'male', true)).gender", ['male']],
  ] as const) {
    const found = given(direct(expression, 'Patient'), resource, { resource, rootResource: resource });
    t.equal(found, expected === 'asks' ? expected : JSON.stringify(expected), expression);
  }
});

const oddities: readonly unknown[] = [
  null,
  true,
  -1.5,
  '',
  'x',
  '*',
  [],
  {},
  [null],
  [[]],
  ['x', 'x'],
  [{}, {}],
  { x: 1 },
];
const extended = { extension: [{ url: 'http://x.example/e', valueCode: 'y' }] };

function* places(value: unknown): Iterable<readonly [holder: Record<string, unknown>, key: string]> {
  if (typeof value !== 'object' || value === null) return;
  const holder = value as Record<string, unknown>;
  for (const key of Object.keys(holder)) {
    yield [holder, key];
    yield* places(holder[key]);
  }
}

/** The resource with something else at one place, one after the other. */
function* variants(resource: JsonObject, from: number): Iterable<void> {
  let i = from;
  for (const [holder, key] of [...places(resource)]) {
    const { [key]: kept, [`_${key}`]: sibling } = holder;
    i += 1;
    if (i % 24 !== 0) continue;
    holder[key] = oddities[(i / 24) % oddities.length];
    yield;
    holder[key] = kept;
    if (Array.isArray(holder)) continue;
    holder[`_${key}`] = { id: 'x' };
    yield;
    delete holder[key];
    holder[`_${key}`] = extended;
    yield;
    holder[key] = kept;
    if (sibling === undefined) delete holder[`_${key}`];
    else holder[`_${key}`] = sibling;
  }
}

t.test('also where values are odd, have ids and extensions, or have nothing else', async (t) => {
  const wrong: Answer[] = [];
  for (const [i, resource] of resources.entries()) {
    for (const _ of variants(resource, i)) {
      for (const answer of answers(resource)) {
        // The engine throws on what is of a wrong form, and takes texts of unlike ids for unlike.
        const isTold = answer.engine === undefined || /isDistinct\(\)|path = type/.test(answer.expression);
        if (!isTold && answer.direct !== answer.engine) wrong.push(answer);
      }
    }
  }
  t.same(wrong.slice(0, 10), []);
});

t.test('an expression that is read, and is not understood, is left to the engine', async (t) => {
  const item = { linkId: 'a', type: 'group', text: 'x', item: [{ linkId: 'b' }, { linkId: 'c' }] };
  const variables = { resource: item, rootResource: item };
  const rows: readonly [expression: string, expected: string][] = [
    ["type = 'group'", '[true]'],
    ["type in ('a' | 'group')", '[true]'],
    ['item.linkId', '["b","c"]'],
    ["item.exists(linkId = 'c')", '[true]'],
    ["item.where(linkId = 'c').linkId = 'c'", '[true]'],
    ["item.all(linkId != 'c')", '[false]'],
    ['item.count() + 1 > 2', '[true]'],
    ["iif(type = 'group', 1)", '[1]'],
    ["iif(type = 'x', 1)", '[]'],
    ["prefix = 'x'", '[]'],
    ["prefix = 'x' or text = 'x'", '[true]'],
    ["prefix = 'x' and text = 'y'", '[false]'],
    ["prefix = 'x' implies text = 'y'", '[]'],
    ["text.matches('^\\\\w$')", '[true]'],
    ["text.contains('x') xor text.startsWith('y')", '[true]'],
    ["item.linkId = 'b'", 'asks'],
    ['item.linkId.toString()', 'asks'],
    ['item.tail()', 'asks'],
    ['item.constructor()', 'asks'],
    ["text.matches('\\u0061')", 'asks'],
    ['initial.value is boolean', 'asks'],
    ['resolve()', 'asks'],
    ['item | item', 'asks'],
    ['Questionnaire.item', 'asks'],
  ];
  for (const [expression, expected] of rows) {
    t.equal(given(direct(expression, 'Questionnaire.item'), item, variables), expected, expression);
  }
});
