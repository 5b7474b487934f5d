import t from 'tap';
import { isObject, type JsonObject } from '#fhir/json/object.ts';
import { loadDefinitions } from '#fhir/model/definitions.ts';
import { clock } from '#fhir/values/dates.ts';
import { type Constraint, unmetReason } from '#validation/invariants/constraint.ts';
import { corrected, mistaken } from '#validation/invariants/corrections.ts';
import { nativeCheck, nativeExpressions } from '#validation/invariants/native.ts';
import { compileTypes } from '#validation/validator.ts';
import { ValidationWalk } from '#validation/walk.ts';
import { guide } from '../fixture.ts';
import { table } from './table.ts';

const structures = loadDefinitions().structures();
const { schemas } = compileTypes(structures);
const zone = clock('Asia/Shanghai');

/** One evaluation: what the native form, FHIRPath, and FHIRPath as R4 published it say. */
interface Answer {
  readonly expression: string;
  readonly path: string;
  readonly native: boolean | undefined;
  readonly fhirpath: boolean;
  readonly published: boolean;
}

const publishedForm = new Map(mistaken.map((expression) => [corrected(expression), expression]));

/** Gathers answers in place of issues. */
class Comparison extends ValidationWalk {
  readonly answers: Answer[] = [];

  override checkConstraints(constraints: readonly Constraint[], base: string, value: unknown, path: string): void {
    const context = { resource: this.resource, rootResource: this.root, clock: zone };
    for (const { expression } of constraints) {
      const published = publishedForm.get(expression) ?? expression;
      this.answers.push({
        expression: published,
        path,
        native: nativeCheck(expression, value)?.(value, context),
        fhirpath: unmetReason(expression, value, base, context) === undefined,
        published: unmetReason(published, value, base, context) === undefined,
      });
    }
  }
}

function answers(resource: object): readonly Answer[] {
  const value: unknown = JSON.parse(JSON.stringify(resource));
  if (!isObject(value)) return [];
  const walk = new Comparison(value, { schemas, valueSets: undefined, hooks: undefined, clock: zone });
  walk.checkResource(value, String(value.resourceType), false);
  return walk.answers;
}

const all = table.flatMap(([, , meets, fails]) => [...answers(meets), ...answers(fails)]);
const { unsayable, costly } = nativeExpressions;

t.test('native forms say what FHIRPath says', async (t) => {
  for (const { expression, path, native, fhirpath } of all) {
    if (native !== undefined && !unsayable.includes(expression)) t.equal(native, fhirpath, `${path}: ${expression}`);
  }
  for (const expression of costly) {
    const native = all.filter((a) => a.expression === expression).map((a) => a.native);
    t.ok(native.includes(true) && native.includes(false), `${expression} is met and failed`);
  }
});

t.test('where FHIRPath is not asked, or not as published, it would say otherwise', async (t) => {
  for (const expression of unsayable) {
    t.ok(
      all.some((a) => a.expression === expression && a.native !== a.fhirpath),
      expression,
    );
  }
  for (const expression of mistaken) {
    t.ok(
      all.some((a) => a.expression === expression && a.fhirpath !== a.published),
      expression,
    );
  }
});

const R4 = [structures.types, structures.resources].flatMap((bundle) => bundle.entry?.map((e) => e.resource) ?? []);

t.test('each stands in R4 or in the guide', async (t) => {
  const texts = new Set<unknown>();
  for (const resource of [...R4, ...guide]) {
    if (resource?.resourceType !== 'StructureDefinition') continue;
    const elements = [...(resource.snapshot?.element ?? []), ...(resource.differential?.element ?? [])];
    for (const { constraint } of elements) for (const { expression } of constraint ?? []) texts.add(expression);
  }
  t.same(
    [...Object.values(nativeExpressions).flat(), ...mistaken].filter((e) => !texts.has(e)),
    [],
  );
});

t.test('resident ID numbers', async (t) => {
  const said = (base: string, value: unknown, expression: string) => {
    const resource: JsonObject = isObject(value) ? value : {};
    const context = { resource, rootResource: resource, clock: zone };
    return [
      nativeCheck(expression, value)?.(value, context),
      unmetReason(expression, value, base, context) === undefined,
    ];
  };
  const [checkDigit = '', ...ofPatients] = nativeExpressions.guide;
  const digits = [...'0123456789X'].map((last) => `31010519900101999${last}`);
  t.equal(digits.filter((id) => said('string', id, checkDigit)[0]).length, 1, 'one check digit fits');
  for (const id of [...digits, '310105900101999', 'x']) {
    const [native, fhirpath] = said('string', id, checkDigit);
    t.equal(native, fhirpath, id);
  }
  const system = 'urn:oid:2.16.156.10011.1.3';
  const unknown = { extension: [{ url: 'http://x.example/e', valueCode: 'unknown' }] };
  for (const gender of [{ gender: 'male' }, { gender: 'female' }, { gender: 'other' }, { _gender: unknown }, {}]) {
    for (const birthDate of ['1990', '1990-01', '1990-01-01', '1991-01-01', undefined]) {
      for (const value of ['310105199001019990', '310105199001019980', 'x', undefined]) {
        const identifier = [{ system, value }, { value: 'y' }];
        const patient = JSON.parse(JSON.stringify({ resourceType: 'Patient', ...gender, birthDate, identifier }));
        for (const expression of ofPatients) {
          const [native, fhirpath] = said('Patient', patient, expression);
          t.equal(native, fhirpath, `${JSON.stringify(patient)}: ${expression}`);
        }
      }
    }
  }
});
