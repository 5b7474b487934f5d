import { type Failure, fail, failIfAny, issue, type Outcome, shown } from '#errors';
import { Issues } from '#fhir/json/issues.ts';
import { checkElements, checkTexts, isObject } from './elements.ts';
import type { Interaction } from './route.ts';

export type Pairs = readonly (readonly [string, string])[];

/** Parameters of the answer's form, which every interaction takes (R4 http.html#parameters). */
export const presentation: ReadonlySet<string> = new Set(['_format', '_pretty']);

/** Parameters that ask for a part of each resource (R4 search.html#summary, #elements). */
const partial: ReadonlySet<string> = new Set(['_summary', '_elements']);

/** Interactions that have no parameters of their own. */
const plain: ReadonlySet<Interaction['code']> = new Set([
  'create',
  'update',
  'patch',
  'delete',
  'bundle',
  'job',
  'cancel-job',
]);

/** Refuses parameters that the interaction would not heed: whoever sends one expects something of it. */
export function refuseParameters({ code }: Interaction, pairs: Pairs): Failure | undefined {
  if (code === 'read' || code === 'vread') return refuseOthers(withoutPartial(pairs), code);
  return plain.has(code) ? refuseOthers(pairs, code) : undefined;
}

/** The parameters but `_summary` and `_elements`. */
export function withoutPartial(pairs: Pairs): Pairs {
  return pairs.filter(([name]) => !partial.has(name));
}

/** The page that `_after` asks for, which no other parameter can change; undefined if there is none. */
export function pageToken(pairs: Pairs): string | Failure | undefined {
  const after = pairs.find(([name]) => name === '_after');
  if (after === undefined) return undefined;
  return (
    refuseOthers(
      pairs.filter((p) => p !== after),
      'a page link',
    ) ?? after[1]
  );
}

function refuseOthers(pairs: Pairs, target: string): Failure | undefined {
  const other = pairs.find(([name]) => !presentation.has(name));
  if (other === undefined) return undefined;
  return fail('unknown-parameter', { found: other[0], target, expected: [...presentation].join(', ') });
}

/** The parameters of an operation that stand in its body, a Parameters resource: primitive values and References, as text. */
export function bodyParameters(body: unknown): Outcome<Pairs> {
  if (!isObject(body) || !('resourceType' in body)) return fail('missing-resource-type', {}, 'Parameters');
  const { resourceType, ...parameters } = body;
  if (resourceType !== 'Parameters') {
    return fail('type-mismatch', { found: shown(resourceType), expected: 'Parameters' }, 'resourceType');
  }
  const issues = new Issues();
  checkElements(parameters, 'Parameters', 'Parameters', issues);
  const { parameter = [] } = parameters;
  const wrong = (found: unknown, expected: string, target: string, path: string) =>
    issues.add(issue('wrong-shape', { target, found: shown(found), expected }, path));
  const pairs: [string, string][] = [];
  if (Array.isArray(parameter)) {
    for (const [i, one] of parameter.entries()) {
      const path = `Parameters.parameter[${i}]`;
      if (isObject(one)) pairs.push(readParameter(one, path, issues));
      else wrong(one, 'an object', 'parameter', path);
    }
  } else wrong(parameter, 'a list', 'parameter', 'Parameters.parameter');
  return failIfAny(issues.list) ?? pairs;
}

const readable = 'one value, primitive or a Reference with its reference';

/** Adds what is wrong with it to the issues; the pair counts only if nothing is. */
function readParameter(parameter: Readonly<Record<string, unknown>>, path: string, issues: Issues): [string, string] {
  const { name } = parameter;
  checkTexts(parameter, ['name'], path, issues);
  if (name === undefined) issues.add(issue('missing-element', { target: 'name', expected: 'text' }, `${path}.name`));
  for (const target of ['resource', 'part', 'modifierExtension']) {
    if (parameter[target] === undefined) continue;
    const found = shown(parameter[target]);
    issues.add(issue('wrong-shape', { target, found, expected: readable }, `${path}.${target}`));
  }
  const [first, ...more] = Object.keys(parameter).filter((key) => key.startsWith('value'));
  for (const key of more) {
    issues.add(issue('wrong-shape', { target: key, found: 'one more value', expected: readable }, `${path}.${key}`));
  }
  if (first === undefined) {
    issues.add(issue('missing-element', { target: 'value', expected: readable }, `${path}.value`));
    return ['', ''];
  }
  const held = parameter[first];
  const value = first === 'valueReference' && isObject(held) ? held.reference : held;
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    const found = shown(value);
    issues.add(issue('wrong-shape', { target: first, found, expected: readable }, `${path}.${first}`));
  }
  return [shown(name), shown(value)];
}
