import type { SearchParameter } from '#fhir/model/definitions.ts';
import { children, type ElementType, isSubtype, typeName } from '#fhir/model/model.ts';
import { repeats } from '#fhir/patch/element.ts';
import { branches, type PathStep, readPath } from '#search/extract/path.ts';

type Json = Readonly<Record<string, unknown>>;

/** A value of an element, and how a search asks for it. */
interface SampleValue {
  readonly value: unknown;
  readonly asked: string;
}

const period = { start: '2025-01-02', end: '2025-01-02' };
const quantity = { value: 5, unit: 'u', system: 'http://units.example', code: 'u' };

const ofTypes: Readonly<Record<string, SampleValue>> = {
  Address: { value: { city: 'some' }, asked: 'some' },
  boolean: { value: true, asked: 'true' },
  canonical: { value: 'http://u.example/a', asked: 'http://u.example/a' },
  code: { value: 'c', asked: 'c' },
  CodeableConcept: { value: { coding: [{ system: 'http://s', code: 'c' }] }, asked: 'http://s|c' },
  Coding: { value: { system: 'http://s', code: 'c' }, asked: 'http://s|c' },
  ContactPoint: { value: { system: 'phone', value: 'c' }, asked: 'c' },
  date: { value: '2025-01-02', asked: '2025-01-02' },
  dateTime: { value: '2025-01-02', asked: '2025-01-02' },
  decimal: { value: 5, asked: '5' },
  HumanName: { value: { family: 'some' }, asked: 'some' },
  id: { value: 'c', asked: 'c' },
  Identifier: { value: { system: 'http://s', value: 'c' }, asked: 'http://s|c' },
  instant: { value: '2025-01-02T08:00:00+08:00', asked: '2025-01-02T08:00:00+08:00' },
  integer: { value: 5, asked: '5' },
  markdown: { value: 'some', asked: 'some' },
  Money: { value: { value: 5, currency: 'CNY' }, asked: '5' },
  Period: { value: period, asked: '2025-01-02' },
  Quantity: { value: quantity, asked: '5|http://units.example|u' },
  Range: { value: { low: quantity, high: quantity }, asked: '5' },
  SampledData: { value: { origin: quantity, period: 1, dimensions: 1, data: '0 0' }, asked: '5' },
  string: { value: 'some', asked: 'some' },
  'System.String': { value: 'c', asked: 'c' },
  Timing: { value: { event: ['2025-01-02'] }, asked: '2025-01-02' },
  uri: { value: 'http://u.example/a', asked: 'http://u.example/a' },
  url: { value: 'http://u.example/a', asked: 'http://u.example/a' },
};

function sampleOf({ type, targets }: ElementType): SampleValue {
  if (type === 'Reference') {
    const reference = `${targets[0] ?? 'Patient'}/x`;
    return { value: { reference }, asked: reference };
  }
  // Location.position: what lies there.
  if (type === 'BackboneElement') return { value: { latitude: 31, longitude: 121 }, asked: '31|121' };
  const found = ofTypes[type] ?? (isSubtype(type, 'Quantity') ? ofTypes.Quantity : undefined);
  return found ?? { value: { any: type }, asked: 'some' };
}

/** A resource with one element that a search parameter looks at, and the search that should find it. */
export interface Sample {
  /** The branch of the expression, and the type of the element where it may have several. */
  readonly at: string;
  readonly resource: Json;
  readonly asked: string;
}

/** What is said in FHIRPath otherwise than by a path. */
const byHand: Readonly<Record<string, readonly Sample[]>> = {
  'Patient.deceased.exists() and Patient.deceased != false': [
    { at: 'deceased', resource: { resourceType: 'Patient', deceasedBoolean: true }, asked: 'true' },
    { at: 'deceased since', resource: { resourceType: 'Patient', deceasedDateTime: '2025' }, asked: 'true' },
    { at: 'not deceased', resource: { resourceType: 'Patient', deceasedBoolean: false }, asked: 'false' },
    { at: 'not said', resource: { resourceType: 'Patient' }, asked: 'false' },
  ],
};

/** A resource for each element that the parameter's expression names, in each of its types; or why there is none. */
export function samplesOf(type: string, parameter: SearchParameter): readonly (Sample | string)[] {
  return branches(parameter.expression).flatMap((branch): readonly (Sample | string)[] => {
    const path = readPath(branch);
    if (path === undefined) return byHand[branch] ?? [`${branch} is no path`];
    if (/^[A-Z]/.test(path.root) && !isSubtype(type, path.root)) return [];
    const root = { type, path: type, targets: [] };
    const made =
      parameter.type === 'composite'
        ? ends(path.steps, root, (element) => tuple(parameter, type, element))
        : ends(path.steps, root, (element) => [{ ...sampleOf(element), type: element.type }]);
    if (made.length === 0) return [`${branch} leads to nothing`];
    return made.map(({ value, asked, type: of, beside }) => ({
      at: `${branch} (${of})`,
      resource: { resourceType: type, ...(value as Json), ...beside },
      asked,
    }));
  });
}

interface Made extends SampleValue {
  readonly type: string;
  /** What a component looks at elsewhere in the resource. */
  readonly beside?: Json;
}

/** What stands in an element in order that the rest of the path leads to a value that `make` gives, which is told with it. */
function ends(
  steps: readonly PathStep[],
  element: ElementType,
  make: (element: ElementType) => readonly Made[],
): readonly Made[] {
  const [step, ...rest] = steps;
  if (step === undefined) return make(element);
  switch (step.op) {
    case 'child':
      return [...(children(element.path, step.name) ?? [])].flatMap(([key, child]) => {
        const all = repeats(element.path, step.name);
        return ends(rest, child, make).map((made) => ({ ...made, value: { [key]: all ? [made.value] : made.value } }));
      });
    case 'ofType':
      return isSubtype(element.type, typeName(step.type)) ? ends(rest, element, make) : [];
    case 'equals':
      return ends(rest, element, make).map((made) => ({
        ...made,
        value: { ...(made.value as Json), [step.name]: step.value },
      }));
    case 'resolvesTo':
      if (element.targets.length > 0 && !element.targets.includes(step.type)) return [];
      return ends(rest, { ...element, targets: [step.type] }, make);
    case 'index':
      return ends(rest, element, make);
  }
}

/** One value of each component, in one element; of a component that leads nowhere there is none. */
function tuple(parameter: SearchParameter, type: string, context: ElementType): readonly Made[] {
  let tuples: readonly Made[] = [{ value: {}, asked: '', type: '' }];
  for (const component of parameter.components) {
    const found = branches(component.expression).flatMap((branch) => {
      const path = readPath(branch);
      const make = (element: ElementType): readonly Made[] => [{ ...sampleOf(element), type: element.type }];
      if (path?.root !== '%resource') return ends(path?.steps ?? [], context, make);
      const made = ends(path.steps, { type, path: type, targets: [] }, make);
      return made.map((one): Made => ({ ...one, value: {}, beside: one.value as Json }));
    });
    tuples = tuples.flatMap((before) => found.map((made) => joined(before, made)));
  }
  return tuples;
}

function joined(a: Made, b: Made): Made {
  const first = a.type === '';
  return {
    value: { ...(a.value as Json), ...(b.value as Json) },
    beside: { ...a.beside, ...b.beside },
    asked: first ? b.asked : `${a.asked}$${b.asked}`,
    type: first ? b.type : `${a.type}, ${b.type}`,
  };
}
