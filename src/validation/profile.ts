import type { ElementDefinition, StructureDefinition } from '@medplum/fhirtypes';
import { children } from '#fhir/model/model.ts';
import { type Constraint, compileConstraints, compileExpression } from './invariants/constraint.ts';
import { bound, capitalize } from './schema.ts';

/** What a profile adds to one element. Its own structure is checked before, so that only the differences stand here. */
export interface Rule {
  /** `identifier`, or `value` for `value[x]`. */
  readonly name: string;
  /** For texts: the path without slices and `[x]`. */
  readonly path: string;
  /** What expressions are evaluated on: the type, or the path of a backbone element; undefined for a choice. */
  readonly base: string | undefined;
  min: number;
  max: number;
  /** The allowed JSON keys of a choice element, each with its type; undefined leaves them all. */
  keys: ReadonlyMap<string, string> | undefined;
  /** The type, where the profile names exactly one. */
  type: string | undefined;
  /** Resource types that a Reference may lead to. */
  targets: readonly string[];
  fixed: unknown;
  pattern: unknown;
  valueSet: string | undefined;
  /** The url of the extension, for a slice of `extension`. */
  extension: string | undefined;
  constraints: readonly Constraint[];
  readonly choice: boolean;
  readonly children: Map<string, Rule>;
  slicing: Slicing | undefined;
}

export interface Slicing {
  /** Paths from the element to what tells the slices apart, `$this` for the element. */
  readonly discriminators: readonly string[];
  readonly closed: boolean;
  readonly slices: Map<string, Rule>;
}

/** The differential of a profile as a tree of rules. `structures` gives the profiles by url, for targets. */
function compileProfile(profile: StructureDefinition, structures: ReadonlyMap<string, StructureDefinition>): Rule {
  const root = newRule(profile.type, profile.type, profile.type, false);
  for (const element of profile.differential?.element ?? []) {
    const rule = ruleAt(root, element);
    applyElement(rule, element, structures);
  }
  return root;
}

/** What the definition of a profile or an extension says of what is in it, as plain data. */
export interface ProfileRules {
  readonly url: string;
  /** Its own rules, and those of the definitions that it builds on. */
  readonly rules: readonly Rule[];
  /** The urls of the extensions that it defines. */
  readonly nested: readonly string[];
}

/** The rules of a structure and of what it builds on, as far as that is held. Throws on what is not supported: discriminators other than
 * value and pattern. */
export function compileRules(
  structure: StructureDefinition,
  held: ReadonlyMap<string, StructureDefinition>,
): ProfileRules {
  const base = held.get(structure.baseDefinition ?? '');
  const rules = [...(base === undefined ? [] : compileRules(base, held).rules), compileProfile(structure, held)];
  const slices = rules.flatMap((rule) => [...(rule.children.get('extension')?.slicing?.slices.values() ?? [])]);
  const urls = slices.map((slice) => slice.extension ?? slice.children.get('url')?.fixed);
  return { url: structure.url, rules, nested: urls.filter((url) => typeof url === 'string') };
}

/** Throws if an invariant of the rule, or of what is below it, is not FHIRPath. */
export function parseInvariants(rule: Rule): void {
  for (const { expression } of rule.constraints) compileExpression(expression, rule.base ?? rule.type ?? '');
  for (const below of [...rule.children.values(), ...(rule.slicing?.slices.values() ?? [])]) parseInvariants(below);
}

function newRule(name: string, path: string, base: string | undefined, choice: boolean): Rule {
  return {
    name,
    path,
    base,
    choice,
    min: 0,
    max: Number.POSITIVE_INFINITY,
    keys: undefined,
    type: undefined,
    targets: [],
    fixed: undefined,
    pattern: undefined,
    valueSet: undefined,
    extension: undefined,
    constraints: [],
    children: new Map(),
    slicing: undefined,
  };
}

/** Walks the id of an element (`Patient.identifier:residentId.value`) down the tree, making what is missing. */
function ruleAt(root: Rule, element: ElementDefinition): Rule {
  let rule = root;
  for (const step of (element.id ?? element.path).split('.').slice(1)) {
    const [declared = '', slice] = step.split(':');
    const name = declared.replace('[x]', '');
    const path = `${rule.path}.${name}`;
    const base = children(rule.base ?? rule.type ?? '', name)?.get(name)?.path;
    rule = getOrMake(rule.children, name, () => newRule(name, path, base, declared.endsWith('[x]')));
    if (slice === undefined) continue;
    rule.slicing ??= { discriminators: name === 'extension' ? ['url'] : [], closed: false, slices: new Map() };
    rule = getOrMake(rule.slicing.slices, slice, () => newRule(name, path, base, false));
  }
  return rule;
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const held = map.get(key);
  if (held !== undefined) return held;
  const made = make();
  map.set(key, made);
  return made;
}

function applyElement(
  rule: Rule,
  element: ElementDefinition,
  structures: ReadonlyMap<string, StructureDefinition>,
): void {
  rule.min = element.min ?? 0;
  rule.max = bound(element.max);
  rule.fixed = prefixed(element, 'fixed');
  rule.pattern = prefixed(element, 'pattern');
  if (element.binding?.strength === 'required') rule.valueSet = element.binding.valueSet?.replace(/\|.*$/, '');
  rule.constraints = compileConstraints(element.constraint);
  const types = element.type ?? [];
  if (rule.choice && types.length > 0) rule.keys = new Map(types.map((t) => [rule.name + capitalize(t.code), t.code]));
  if (types.length === 1) rule.type = types[0]?.code;
  const targets = types.flatMap((t) => t.targetProfile ?? []);
  const leading = targets.map((url) => structures.get(url)?.type ?? url.slice(url.lastIndexOf('/') + 1));
  rule.targets = leading.includes('Resource') ? [] : leading;
  if (rule.type === 'Extension') rule.extension = types[0]?.profile?.[0];
  if (element.slicing !== undefined) rule.slicing = slicingOf(element, element.slicing);
}

function slicingOf(element: ElementDefinition, slicing: NonNullable<ElementDefinition['slicing']>): Slicing {
  const discriminators = (slicing.discriminator ?? []).map(({ type, path }) => {
    if (type !== 'value' && type !== 'pattern')
      throw new Error(`Slicing of ${element.id} by ${type} is not supported; use value or pattern`);
    return path;
  });
  return { discriminators, closed: slicing.rules === 'closed', slices: new Map() };
}

/** The value of `fixed[x]` or `pattern[x]`, whatever its type. */
function prefixed(element: ElementDefinition, prefix: string): unknown {
  return Object.entries(element).find(([key]) => key.startsWith(prefix))?.[1];
}
