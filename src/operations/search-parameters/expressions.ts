import { compile } from '#fhir/fhirpath/fhirpath.ts';
import type { SearchType } from '#fhir/model/definitions.ts';
import { children, type ElementType, isSubtype, typeName } from '#fhir/model/model.ts';
import { atMost, limits } from '#limits';
import { branches, type Path, readPath } from '#search/extract/path.ts';
import { resourceElement } from '#search/extract/walk.ts';

/** What is wrong with an expression. */
export interface ExpressionFault {
  readonly found: string;
  readonly expected: string;
}

/** Characters; the longest of R4's has 1,485. */
/** What a client's expression may call: it runs at every write, so each takes time in proportion to the resource, and none gives
 * another result tomorrow. */
const functions: ReadonlySet<string> = new Set(
  'where exists empty not first last ofType as is extension hasValue resolve startsWith endsWith contains'.split(' '),
);

const operators: ReadonlySet<string> = new Set('and or xor implies in contains is as div mod'.split(' '));

/** What the values of a parameter may be (R4 search.html#ptypes); primitives derived from these are meant too. */
const searched: Readonly<Record<Exclude<SearchType, 'composite' | 'special'>, readonly string[]>> = {
  number: ['integer', 'decimal'],
  date: ['date', 'dateTime', 'instant', 'Period', 'Timing'],
  string: ['string', 'HumanName', 'Address'],
  token: ['Coding', 'CodeableConcept', 'Identifier', 'ContactPoint', 'boolean', 'string', 'uri'],
  reference: ['Reference', 'uri'],
  quantity: ['Quantity', 'Money', 'Range'],
  uri: ['uri'],
};

/** An expression of a parameter of the resource type `base` as far as its form tells; undefined if it may be used. */
export function faultOf(expression: string, type: SearchType, base: string): ExpressionFault | undefined {
  return faultOfForm(expression) ?? faultOfValues(expression, type, base);
}

/** What is wrong with an expression wherever it stands. */
export function faultOfForm(expression: string): ExpressionFault | undefined {
  if (expression.length > limits['expression-length'].most) {
    return { found: `${expression.length} characters`, expected: atMost('expression-length') };
  }
  // What stands between quotes is no part of the form.
  const form = expression.replace(/'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|"(?:[^"\\]|\\.)*"/g, "''");
  for (const [, dot, name = ''] of form.matchAll(/(\.?)\s*([A-Za-z_]\w*)\s*\(/g)) {
    if (functions.has(name) || (dot === '' && operators.has(name))) continue;
    return { found: `${name}()`, expected: `one of ${[...functions].join(', ')}` };
  }
  const variable = /[%$]\w*/.exec(form.replaceAll('$this', ''))?.[0];
  if (variable !== undefined) return { found: variable, expected: 'a path that begins with a resource type' };
  if (/\/\/|\/\*/.test(form)) return { found: 'a comment', expected: 'a path alone' };
  if (depth(form) > limits['expression-depth'].most) {
    return { found: 'more parentheses', expected: `${atMost('expression-depth')} within each other` };
  }
  const all = branches(expression);
  if (all.some((branch) => readPath(branch) === undefined && branch.replace(/'(?:[^'\\]|\\.)*'/g, '').includes('|'))) {
    return { found: '| within a path', expected: 'one between paths (its time grows with the square of the values)' };
  }
  try {
    compile(expression);
    return undefined;
  } catch {
    return { found: expression, expected: 'FHIRPath' };
  }
}

function depth(form: string): number {
  let now = 0;
  let most = 0;
  for (const c of form) {
    if (c === '(') most = Math.max(most, ++now);
    if (c === ')') now--;
  }
  return most;
}

/** Whether the parts that can give values of the type give what such a parameter is searched by. */
function faultOfValues(expression: string, type: SearchType, base: string): ExpressionFault | undefined {
  const own = ownBranches(expression, base);
  if (own.length === 0) return { found: expression, expected: `a path that begins with ${base}` };
  const types: string[] = [];
  for (const branch of own) {
    const path = readPath(branch);
    // What needs the engine is known by its results alone.
    if (path === undefined) return undefined;
    const found = elementsOf(path, resourceElement(base), base);
    if ('expected' in found) return found;
    types.push(...found.map(typeOf));
  }
  return faultOfTypes(types, type);
}

/** Whether a component of a composite gives, from what the composite's expression leads to, what its parameter is searched by. */
export function faultOfComponent(
  { composite, component }: { readonly composite: string; readonly component: string },
  type: SearchType,
  base: string,
): ExpressionFault | undefined {
  const types: string[] = [];
  for (const branch of ownBranches(composite, base)) {
    const context = readPath(branch);
    const from = context && elementsOf(context, resourceElement(base), base);
    // What needs the engine is known by its results alone; what leads nowhere is told of the expression.
    if (from === undefined || 'expected' in from) return undefined;
    for (const path of branches(component).map(readPath)) {
      if (path === undefined || path.root !== '$this') return undefined;
      const found = from.map((element) => elementsOf(path, element, base));
      const fault = found.find((f) => 'expected' in f);
      if (fault !== undefined) return fault;
      types.push(...found.flatMap((f) => ('expected' in f ? [] : f.map(typeOf))));
    }
  }
  return faultOfTypes(types, type);
}

function faultOfTypes(types: readonly string[], type: SearchType): ExpressionFault | undefined {
  if (type === 'composite' || type === 'special') return undefined;
  const expected = searched[type];
  if (types.some((t) => expected.some((e) => isSubtype(t, e)))) return undefined;
  return { found: `a path to ${[...new Set(types)].join(', ')}`, expected: `one to ${expected.join(', ')} (${type})` };
}

/**
 * The resource types to which the values of a reference parameter of the type `base` may lead, by what R4 allows in the elements and what
 * the expression asks of `resolve()`; undefined if that may be any.
 */
export function targetsOf(expression: string, base: string): readonly string[] | undefined {
  const targets = new Set<string>();
  for (const branch of ownBranches(expression, base)) {
    const path = readPath(branch);
    const elements = path === undefined ? undefined : elementsOf(path, resourceElement(base), base);
    if (path === undefined || elements === undefined || 'expected' in elements) return undefined;
    const asked = path.steps.flatMap((step) => (step.op === 'resolvesTo' ? [typeName(step.type)] : []));
    for (const { type, targets: allowed } of elements) {
      // What has another type is no reference; a uri may be the url of anything.
      if (type !== 'Reference' && !isSubtype(type, 'uri')) continue;
      const found = asked.length > 0 ? asked : allowed;
      if (found.length === 0) return undefined;
      for (const target of found) targets.add(target);
    }
  }
  return [...targets];
}

/** The branches of a union that may give values of a resource of the type. */
function ownBranches(expression: string, type: string): readonly string[] {
  return branches(expression).filter((branch) => {
    const root = readPath(branch)?.root ?? /^\(*\s*([A-Z]\w*)/.exec(branch)?.[1];
    return root !== undefined && isSubtype(type, root);
  });
}

/** What an expression says of one type, for a comparison with another. */
export function meaningFor(expression: string, type: string): string {
  return ownBranches(expression, type)
    .map((branch) => JSON.stringify(readPath(branch) ?? branch.replace(/\s+/g, '')))
    .sort()
    .join();
}

/** Where a path leads from an element, as R4 declares it. */
function elementsOf({ steps }: Path, from: ElementType, base: string): readonly ElementType[] | ExpressionFault {
  let at: readonly ElementType[] = [from];
  for (const step of steps) {
    const before = at;
    if (step.op === 'child') at = at.flatMap((e) => [...(children(e.path, step.name)?.values() ?? [])]);
    if (step.op === 'ofType') at = at.filter((e) => isOfType(e.type, typeName(step.type)));
    if (step.op === 'equals') at = at.filter((e) => children(e.path, step.name) !== undefined);
    if (at.length > 0) continue;
    const name = 'name' in step ? step.name : 'type' in step ? step.type : '';
    const types = [...new Set(before.map((e) => e.type))].join(', ');
    return { found: `"${name}"`, expected: `what R4 has in ${types} (of ${base})` };
  }
  return at;
}

/** Ids and the urls of extensions are strings. */
function typeOf({ type }: ElementType): string {
  return type === 'System.String' ? 'string' : type;
}

/** `Bundle.entry.resource.ofType(Patient)`: any resource may stand there. */
function isOfType(type: string, asked: string): boolean {
  return isSubtype(type, asked) || isSubtype(asked, type);
}
