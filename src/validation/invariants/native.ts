import { isObject, type JsonObject } from '#fhir/json/object.ts';
import { parseReference, referenceType } from '#fhir/values/references.ts';
import { areDistinct, type Checks, type ConstraintContext, has, type NativeCheck, objects } from './check.ts';
import { corrected } from './corrections.ts';
import { isAbove, isLate } from './ordering.ts';
import { checkDigit, residentChecks } from './resident.ts';
import { structureChecks } from './structure-definition.ts';

/** What FHIRPath cannot say: dates of unlike precision and quantities of unlike units are not comparable to it, and references lead nowhere. */
const unsayable: Checks = [
  // per-1
  [
    'start.hasValue().not() or end.hasValue().not() or (start <= end)',
    ({ start, end }, { clock }) => !isLate(start, end, clock),
  ],
  // mdd-1
  [
    'whenHandedOver.empty() or whenPrepared.empty() or whenHandedOver >= whenPrepared',
    ({ whenPrepared, whenHandedOver }, { clock }) => !isLate(whenPrepared, whenHandedOver, clock),
  ],
  // inv-1 of Task
  [
    'lastModified.exists().not() or authoredOn.exists().not() or lastModified >= authoredOn',
    ({ authoredOn, lastModified }, { clock }) => !isLate(authoredOn, lastModified, clock),
  ],
  // rng-2
  ['low.empty() or high.empty() or (low <= high)', ({ low, high }) => !isAbove(low, high)],
  // ctm-1
  [
    'onBehalfOf.exists() implies (member.resolve().iif(empty(), true, ofType(Practitioner).exists()))',
    (participant, context) =>
      !has(participant, 'onBehalfOf') || ['Practitioner', undefined].includes(typeOf(participant.member, context)),
  ],
];

/** What takes FHIRPath long: the engine compares every text with every other, or evaluates the whole for each part. */
const costly: Checks = [
  // bdl-7
  [
    "(type = 'history') or entry.where(fullUrl.exists()).select(fullUrl&resource.meta.versionId).isDistinct()",
    ({ type, entry }) =>
      type === 'history' || areDistinct(objects(entry).flatMap((e) => (has(e, 'fullUrl') ? [versionOf(e)] : []))),
  ],
  // con-3
  [
    "clinicalStatus.exists() or verificationStatus.coding.where(system='http://terminology.hl7.org/CodeSystem/condition-ver-status' and code = 'entered-in-error').exists() or category.select($this='problem-list-item').empty()",
    (condition) =>
      has(condition, 'clinicalStatus') ||
      isCoded(condition.verificationStatus, 'condition-ver-status', 'entered-in-error') ||
      !objects(condition.category).some((c) => isCoded(c, 'condition-category', 'problem-list-item')),
  ],
  // csd-1
  [
    'concept.code.combine($this.descendants().concept.code).isDistinct()',
    (v) => areDistinct(below(v, 'concept', 'code')),
  ],
  // cpb-9, cpb-12
  ['resource.select(type).isDistinct()', ({ resource }) => areDistinct(objects(resource).map((r) => r.type))],
  ['searchParam.select(name).isDistinct()', ({ searchParam }) => areDistinct(objects(searchParam).map((p) => p.name))],
  // ig-1
  [
    'resource.groupingId.all(%context.grouping.id contains $this)',
    ({ resource, grouping }) => {
      const ids = new Set(objects(grouping).map(({ id }) => id));
      return objects(resource).every((r) => !has(r, 'groupingId') || ids.has(r.groupingId));
    },
  ],
  // ig-2
  [
    'definition.resource.fhirVersion.all(%context.fhirVersion contains $this)',
    ({ definition, fhirVersion }) => {
      const versions = new Set(Array.isArray(fhirVersion) ? fhirVersion : []);
      const resources = objects(isObject(definition) ? definition.resource : undefined);
      return resources.every(({ fhirVersion: own }) => !Array.isArray(own) || own.every((v) => versions.has(v)));
    },
  ],
  // obs-7
  [
    'value.empty() or component.code.where(coding.intersect(%resource.code.coding).exists()).empty()',
    (observation) => {
      if (!Object.keys(observation).some((key) => /^_?value[A-Z]/.test(key))) return true;
      const own = new Set(codesOf(observation.code));
      return !objects(observation.component).some((c) => codesOf(c.code).some((code) => own.has(code)));
    },
  ],
  // que-2
  ['descendants().linkId.isDistinct()', (v) => areDistinct(below(v, 'item', 'linkId'))],
  ...structureChecks,
];

const checks: ReadonlyMap<string, NativeCheck<JsonObject>> = new Map(
  [...unsayable, ...costly, ...residentChecks].map(([expression, check]) => [corrected(expression), check]),
);

/** The native form of an expression on this value, if it has one. */
export function nativeCheck(expression: string, value: unknown): NativeCheck<unknown> | undefined {
  if (isObject(value)) return checks.get(expression) as NativeCheck<unknown> | undefined;
  return expression === checkDigit[0] ? (checkDigit[1] as NativeCheck<unknown>) : undefined;
}

/** The expressions, as published, that are not left to FHIRPath. It would answer those that it cannot say otherwise. */
export const nativeExpressions: Readonly<Record<'unsayable' | 'costly' | 'guide', readonly string[]>> = {
  unsayable: unsayable.map(([expression]) => expression),
  costly: costly.map(([expression]) => expression),
  guide: [checkDigit, ...residentChecks].map(([expression]) => expression),
};

/** The type of what a Reference leads to, as far as its text, its `type` or a contained resource tells. */
function typeOf(reference: unknown, { rootResource }: ConstraintContext): string | undefined {
  if (!isObject(reference)) return undefined;
  const target = typeof reference.reference === 'string' ? parseReference(reference.reference) : undefined;
  if (target?.kind === 'contained') {
    const found = containedTypes(rootResource).get(target.id);
    return typeof found === 'string' ? found : undefined;
  }
  if (target !== undefined && 'type' in target) return target.type;
  return typeof reference.type === 'string' ? referenceType(reference.type) : undefined;
}

const containedIn = new WeakMap<JsonObject, ReadonlyMap<unknown, unknown>>();

/** By id: the first that has it counts. Kept, since thousands of references may be asked for. */
function containedTypes(resource: JsonObject): ReadonlyMap<unknown, unknown> {
  const known = containedIn.get(resource);
  if (known !== undefined) return known;
  const types = new Map(
    objects(resource.contained)
      .toReversed()
      .map(({ id, resourceType }) => [id, resourceType]),
  );
  containedIn.set(resource, types);
  return types;
}

function isCoded(concept: unknown, system: string, code: string): boolean {
  const url = `http://terminology.hl7.org/CodeSystem/${system}`;
  return isObject(concept) && objects(concept.coding).some((c) => c.system === url && c.code === code);
}

/** `system|code` of the codings of a concept. */
function codesOf(concept: unknown): readonly string[] {
  if (!isObject(concept)) return [];
  return objects(concept.coding).flatMap(({ system, code }) => (code === undefined ? [] : [`${system ?? ''}|${code}`]));
}

function versionOf({ fullUrl, resource }: JsonObject): string {
  const meta = isObject(resource) && isObject(resource.meta) ? resource.meta : {};
  return `${fullUrl}|${meta.versionId ?? ''}`;
}

/** The values of `key` in the tree of a CodeSystem or a Questionnaire. */
function below(value: JsonObject, children: string, key: string): readonly unknown[] {
  const found: unknown[] = [];
  const open: JsonObject[] = [value];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const child of objects(node[children])) {
      found.push(child[key]);
      open.push(child);
    }
  }
  return found;
}
