import { isObject, type JsonObject } from '#fhir/json/object.ts';
import { areDistinct, type Checks, has, objects } from './check.ts';

/** What a binding may stand at; a type of its own has a URL. */
const bindable = ['code', 'Coding', 'CodeableConcept', 'Quantity', 'string', 'uri', 'Duration'];

/** Invariants of StructureDefinitions, which may have thousands of elements, and of elements, whose choices have fifty types. */
export const structureChecks: Checks = [
  // eld-5, eld-6, eld-7, eld-8, eld-11, eld-15
  [
    'contentReference.empty() or (type.empty() and defaultValue.empty() and fixed.empty() and pattern.empty() and example.empty() and minValue.empty() and maxValue.empty() and maxLength.empty() and binding.empty())',
    (element) =>
      !has(element, 'contentReference') ||
      !(
        ['type', 'example', 'maxLength', 'binding'].some((key) => has(element, key)) ||
        ['defaultValue', 'fixed', 'pattern', 'minValue', 'maxValue'].some((name) => hasChoice(element, name))
      ),
  ],
  ['fixed.empty() or (type.count()  <= 1)', (element) => !hasChoice(element, 'fixed') || types(element).length <= 1],
  ['pattern.empty() or (type.count() <= 1)', (element) => !hasChoice(element, 'pattern') || types(element).length <= 1],
  ['pattern.empty() or fixed.empty()', (element) => !hasChoice(element, 'pattern') || !hasChoice(element, 'fixed')],
  [
    "binding.empty() or type.code.empty() or type.select((code = 'code') or (code = 'Coding') or (code='CodeableConcept') or (code = 'Quantity') or (code = 'string') or (code = 'uri')).exists()",
    (element) => {
      const codes = types(element).flatMap((type) => (has(type, 'code') ? [String(type.code)] : []));
      return (
        !has(element, 'binding') || codes.length === 0 || codes.some((c) => bindable.includes(c) || c.includes(':'))
      );
    },
  ],
  [
    'defaultValue.empty() or meaningWhenMissing.empty()',
    (element) => !has(element, 'meaningWhenMissing') || !hasChoice(element, 'defaultValue'),
  ],
  // sdf-1, sdf-8, sdf-8a, sdf-9, sdf-16, sdf-17, sdf-23
  [
    "derivation = 'constraint' or snapshot.element.select(path).isDistinct()",
    ({ derivation, snapshot }) => derivation === 'constraint' || areDistinct(elements(snapshot).map((e) => e.path)),
  ],
  [
    "children().element.where(path.contains('.').not()).label.empty() and children().element.where(path.contains('.').not()).code.empty() and children().element.where(path.contains('.').not()).requirements.empty()",
    (structure) => roots(structure).every((e) => !has(e, 'label') && !has(e, 'code') && !has(e, 'requirements')),
  ],
  [
    "(snapshot | differential).element.all(path.contains('.').not() implies sliceName.empty())",
    (structure) => roots(structure).every((e) => !has(e, 'sliceName')),
  ],
  [
    "(%resource.kind = 'logical' or element.first().path = %resource.type) and element.tail().all(path.startsWith(%resource.snapshot.element.first().path&'.'))",
    (snapshot, { resource }) => {
      const [first, ...tail] = elements(snapshot);
      const start = `${first?.path}.`;
      return (
        (resource.kind === 'logical' || (first !== undefined && first.path === resource.type)) &&
        tail.every(({ path }) => typeof path === 'string' && path.startsWith(start))
      );
    },
  ],
  [
    "(%resource.kind = 'logical' or element.first().path.startsWith(%resource.type)) and (element.tail().empty() or element.tail().all(path.startsWith(%resource.differential.element.first().path.replaceMatches('\\\\..*','')&'.')))",
    (differential, { resource }) => {
      const [first, ...tail] = elements(differential).map(({ path }) => String(path));
      const start = `${first?.replace(/\..*/s, '')}.`;
      return (
        (resource.kind === 'logical' || first?.startsWith(String(resource.type)) === true) &&
        tail.every((path) => path.startsWith(start))
      );
    },
  ],
  [
    "snapshot.element.all(id.exists()) and snapshot.element.id.trace('ids').isDistinct()",
    ({ snapshot }) => haveDistinctIds(elements(snapshot)),
  ],
  [
    "differential.element.all(id.exists()) and differential.element.id.trace('ids').isDistinct()",
    ({ differential }) => haveDistinctIds(elements(differential)),
  ],
];

function types(element: JsonObject): readonly JsonObject[] {
  return objects(element.type);
}

/** Whether `name[x]` stands there, in some type. */
function hasChoice(element: JsonObject, name: string): boolean {
  for (const key in element) {
    const from = key.startsWith('_') ? 1 : 0;
    const type = key.charAt(from + name.length);
    if (key.startsWith(name, from) && type >= 'A' && type <= 'Z') return true;
  }
  return false;
}

function elements(view: unknown): readonly JsonObject[] {
  return isObject(view) ? objects(view.element) : [];
}

/** The elements of both views that stand for the type itself. */
function roots({ snapshot, differential }: JsonObject): readonly JsonObject[] {
  const all = [...elements(snapshot), ...elements(differential)];
  return all.filter(({ path }) => typeof path === 'string' && !path.includes('.'));
}

function haveDistinctIds(list: readonly JsonObject[]): boolean {
  return list.every(({ id }) => id !== undefined) && areDistinct(list.map(({ id }) => id));
}
