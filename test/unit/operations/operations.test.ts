import t from 'tap';
import { loadDefinitions } from '#fhir/model/definitions.ts';
import { isSubtype, modelTypes } from '#fhir/model/model.ts';
import { operationDefinitions } from '#operations/conformance/operation-definitions.ts';
import { operations } from '#operations/operations.ts';
import type { OperationParameter } from '#operations/request/operation.ts';
import { checker } from '../validation/fixture.ts';

const { resourceTypes } = loadDefinitions();

t.test('no two operations of the table have one place', async (t) => {
  const places = operations.flatMap(({ name, levels, types = [...resourceTypes] }) =>
    levels.flatMap((level) => (level === 'system' ? [`$${name}`] : types.map((type) => `${type} ${level} $${name}`))),
  );
  t.equal(new Set(places).size, places.length);
  const definitions = operations.map((o) => o.definition);
  t.equal(new Set(definitions).size, definitions.length, 'nor one definition');
});

t.test('their types and parameters are of R4', async (t) => {
  const known = new Set(['Resource', ...modelTypes()]);
  const check = (parameters: readonly OperationParameter[], path: string): void => {
    for (const level of ['system', 'type', 'instance'] as const) {
      const names = parameters.filter((p) => p.levels?.includes(level) ?? true).map((p) => `${p.use} ${p.name}`);
      t.equal(new Set(names).size, names.length, `${path}: each stands once at the level ${level}`);
    }
    for (const { name, type, parts } of parameters) {
      t.not(type === undefined, parts === undefined, `${path}.${name} has a type or parts`);
      t.ok(type === undefined || known.has(type), `${path}.${name} is of ${type}`);
      check(parts ?? [], `${path}.${name}`);
    }
  };
  for (const { name, levels, types = [], parameters } of operations) {
    t.match(name, /^[a-z][a-z0-9-]*$/);
    t.ok(levels.length > 0, `${name} has a level`);
    for (const type of types) t.ok(isSubtype(type, 'Resource'), `${name} on ${type}`);
    check(parameters, name);
  }
});

t.test('our own definitions keep the rules of operationdefinition.html', async (t) => {
  const issuesOf = checker('profile');
  const definitions = operationDefinitions(operations);
  t.same(
    definitions.map((d) => d.id),
    ['pending-references'],
  );
  for (const definition of definitions) {
    t.same(issuesOf(definition), [], definition.code);
    for (const text of [definition.title, definition.description])
      t.match(text, /\p{Script=Han}.*[a-z]/u, 'both languages');
  }
});
