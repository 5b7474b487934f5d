import { Failure, fail, failIfAny, type Issue, issue, type Outcome, shown } from '#errors';
import { Issues } from '#fhir/json/issues.ts';
import { digitsOf } from '#fhir/json/json.ts';
import { asObject, isObject } from '#fhir/json/object.ts';
import { isSubtype } from '#fhir/model/model.ts';
import { atMost, limits } from '#limits';
import { orPlus } from '#search/criteria/escapes.ts';
import { isPrimitive } from '#validation/primitive.ts';
import type { GivenArguments, OperationCall } from './context.ts';
import { checkElements, checkTexts } from './elements.ts';
import {
  inputOf,
  isResource,
  isText,
  type OperationLevel,
  type OperationParameter,
  type OperationSignature,
  soleResource,
} from './operation.ts';
import { checkDataType, readPrimitive } from './operation-values.ts';
import { type Pairs, pageToken, presentation } from './parameters.ts';

/** One parameter as it was sent, as an element of Parameters; a pair of the URL stands as its `valueString`. */
interface Argument {
  readonly name: string;
  readonly element: Readonly<Record<string, unknown>>;
  /** FHIRPath of the element in the body; undefined for the URL. */
  readonly path: string | undefined;
}

/**
 * Reads what a request gives an operation: the pairs of its URL, and its body (R4 operations.html#request), which is a Parameters resource or, where
 * the operation takes exactly one resource, that resource. Everything that is wrong is told, each at its FHIRPath, with what `check` finds in
 * what could be read.
 */
export function readArguments(
  operation: OperationSignature,
  level: OperationLevel,
  query: Pairs,
  body: unknown,
  check: (input: OperationCall['input'], given: GivenArguments) => readonly Issue[] = () => [],
): Outcome<Pick<OperationCall, 'input' | 'page'>> {
  const issues = new Issues();
  const parameters = inputOf(operation, level);
  const sent = body === undefined ? [] : argumentsOfBody(parameters, body, issues);
  if (sent instanceof Failure) return sent;
  const given = [...query.map(([name, text]) => inUrl(name, text)), ...sent].filter((a) => !presentation.has(a.name));
  if (given.length > limits['operation-parameters'].most) {
    const text = `The operation has ${given.length} parameters; expected ${atMost('operation-parameters')}.`;
    return failIfAny(issues.list) ?? fail('too-costly', { text });
  }
  const declared = { parameters, unsupported: operation.unsupported ?? [], prefix: '', path: undefined };
  if (operation.paged === true) {
    const page = pageToken(given.map((a) => [a.name, String(textOf(a.element) ?? '')]));
    if (page instanceof Failure) return page;
    if (page !== undefined) return failIfAny(issues.list) ?? { input: readAll(declared, [], new Issues()), page };
  }
  const input = readAll(declared, given, issues);
  issues.addAll(check(input, new Map(given.map((a) => [a.name, contentPath(a)]))));
  return failIfAny(issues.list) ?? { input };
}

/** What is wrong with the form of a body, by the paths of the resource, whether it is the body or stands in Parameters. */
export function issuesOfResource({ issues }: Failure, body: unknown, type = ''): readonly Issue[] {
  const { parameter } = asObject(body);
  return issues.map(({ expression, ...told }) => {
    const [, i, path = ''] = /^Parameters\.parameter\[(\d+)\]\.resource\b\.?(.*)$/.exec(expression ?? '') ?? [];
    if (i === undefined) return expression === undefined ? told : { ...told, expression };
    const { resourceType = type } = asObject(asObject(Array.isArray(parameter) ? parameter[Number(i)] : {}).resource);
    return { ...told, expression: [String(resourceType), path].filter((part) => part !== '').join('.') };
  });
}

/** The failure of a body that says of no type that it is of it; undefined for any other, or none. */
export function missingType(body: unknown, type = ''): Failure | undefined {
  if (body === undefined || typeof asObject(body).resourceType === 'string') return undefined;
  return fail('missing-resource-type', {}, type);
}

function inUrl(name: string, text: string): Argument {
  return { name, element: { valueString: text }, path: undefined };
}

function argumentsOfBody(
  parameters: readonly OperationParameter[],
  body: unknown,
  issues: Issues,
): Outcome<readonly Argument[]> {
  if (!isObject(body) || !('resourceType' in body)) return fail('missing-resource-type', {}, 'Parameters');
  const { resourceType, ...parametersBody } = body;
  if (resourceType !== 'Parameters') {
    const only = soleResource(parameters);
    if (only !== undefined && isOfType(body, only)) {
      return [{ name: only.name, element: { resource: body }, path: undefined }];
    }
    const expected = only === undefined ? 'Parameters' : `Parameters or ${only.type}`;
    return fail('type-mismatch', { found: shown(resourceType), expected }, 'resourceType');
  }
  checkElements(parametersBody, 'Parameters', 'Parameters', issues);
  const { parameter = [] } = parametersBody;
  return argumentsIn(parameter, 'Parameters.parameter', 'parameter', issues);
}

function argumentsIn(list: unknown, at: string, target: string, issues: Issues): Argument[] {
  if (!Array.isArray(list)) {
    issues.add(issue('wrong-shape', { target, found: shown(list), expected: 'a list' }, at));
    return [];
  }
  return list.flatMap((element, i) => {
    const path = `${at}[${i}]`;
    if (!isObject(element)) {
      issues.add(issue('wrong-shape', { target, found: shown(element), expected: 'an object' }, path));
      return [];
    }
    const { name } = element;
    checkTexts(element, ['name'], path, issues);
    if (name === undefined) issues.add(issue('missing-element', { target: 'name', expected: 'text' }, `${path}.name`));
    return typeof name === 'string' && name !== '' ? [{ name, element, path }] : [];
  });
}

/** What may stand at one place: at the top, or among the parts of a parameter. */
interface Declared {
  readonly parameters: readonly OperationParameter[];
  readonly unsupported: readonly string[];
  /** `dependency.` of the parts of `dependency`. */
  readonly prefix: string;
  readonly path: string | undefined;
}

/** The values by name. What is wrong with a parameter counts as given: it is not told to be missing as well. */
function readAll(
  { parameters, unsupported, prefix, path }: Declared,
  given: readonly Argument[],
  issues: Issues,
): Readonly<Record<string, unknown>> {
  const expected = parameters.map((p) => p.name).join(', ');
  const values = new Map<string, unknown[]>();
  const firsts = new Map<string, Argument>();
  for (const argument of given) {
    const found = prefix + argument.name;
    const at = argument.path === undefined ? undefined : `${argument.path}.name`;
    const parameter = parameters.find((p) => p.name === argument.name);
    if (parameter === undefined) {
      issues.add(
        unsupported.includes(found)
          ? issue('unsupported-operation-parameter', { found }, at)
          : issue('unknown-operation-parameter', { found, expected: expected === '' ? 'none' : expected }, at),
      );
      continue;
    }
    const read = values.get(parameter.name) ?? [];
    values.set(parameter.name, read);
    const before = issues.list.length;
    const value = readValue(parameter, argument, found, issues);
    if (value !== undefined) read.push(value);
    // What has not the shape of a value is not one more of them.
    else if (issues.list.slice(before).some(({ code }) => code !== 'bad-parameter-value')) continue;
    const first = firsts.get(parameter.name);
    if (first === undefined) firsts.set(parameter.name, argument);
    else if (parameter.max === 1) {
      const details = { parameter: found, found: `${described(first)}, ${described(argument)}`, expected: 'one value' };
      issues.add(issue('bad-parameter-value', details, argument.path));
    }
  }
  for (const { name, min, documentation } of parameters) {
    if (min === 0 || values.has(name)) continue;
    issues.add(issue('missing-parameter', { parameter: prefix + name, expected: documentation }, path));
  }
  return Object.fromEntries(
    parameters.map((p) => [p.name, p.max === 1 ? values.get(p.name)?.[0] : (values.get(p.name) ?? [])]),
  );
}

function described({ element }: Argument): string {
  const text = textOf(element);
  return text === undefined || isObject(text) ? 'an object' : String(text);
}

/** FHIRPath of what an argument of the body holds. */
function contentPath({ element, path }: Argument): string | undefined {
  const key = Object.keys(element).find((k) => kindOf(k) !== undefined);
  return path === undefined || key === undefined ? path : `${path}.${key}`;
}

/** Undefined if it is not as declared, which the issues tell then. */
function readValue(parameter: OperationParameter, argument: Argument, name: string, issues: Issues): unknown {
  const { element, path } = argument;
  const { type = '', parts } = parameter;
  if (path === undefined && !isText(parameter)) {
    // The body is this resource itself.
    if ('resource' in element) return element.resource;
    const expected = `${parts === undefined ? type : 'parts'} in the body of a POST`;
    issues.add(issue('bad-parameter-value', { parameter: name, found: shown(element.valueString), expected }));
    return undefined;
  }
  if (parts !== undefined) {
    const key = contentKey(element, 'part', 'parts', path, issues);
    if (key === undefined) return undefined;
    const within = argumentsIn(element[key], `${path}.part`, 'part', issues);
    return readAll({ parameters: parts, unsupported: [], prefix: `${name}.`, path }, within, issues);
  }
  if (isResource(parameter)) return readResource(parameter, element, path, issues);
  if (isPrimitive(type)) return readText(parameter, argument, name, issues);
  const key = contentKey(element, 'value', `a ${type}`, path, issues);
  if (key === undefined) return undefined;
  const text = element[key];
  if (type !== 'Reference' || key === 'valueReference' || typeof text !== 'string') {
    return readComplex(type, element, key, path, issues);
  }
  if (text.trim() !== '') return { reference: text };
  const details = { parameter: name, found: text, expected: '[type]/[id] or a URL' };
  issues.add(issue('bad-parameter-value', details, path === undefined ? undefined : `${path}.${key}`));
  return undefined;
}

function readResource(
  parameter: OperationParameter,
  element: Argument['element'],
  path: string | undefined,
  issues: Issues,
): unknown {
  const expected = parameter.type === 'Resource' ? 'a resource' : `a ${parameter.type}`;
  const key = contentKey(element, 'resource', expected, path, issues);
  if (key === undefined) return undefined;
  const { resource } = element;
  // Whether it says of what type it is, is for whoever takes resources of all types.
  if (isObject(resource) && (parameter.type === 'Resource' || isOfType(resource, parameter))) return resource;
  const found = isObject(resource) ? `of type ${shown(resource.resourceType)}` : shown(resource);
  issues.add(issue('wrong-shape', { target: 'resource', found, expected }, `${path}.resource`));
  return undefined;
}

const readable = 'one value, primitive or a Reference with its reference';

function readText({ type = '' }: OperationParameter, { element, path }: Argument, name: string, issues: Issues) {
  const key = contentKey(element, 'value', readable, path, issues);
  if (key === undefined) return undefined;
  const at = path === undefined ? undefined : `${path}.${key}`;
  const text = textOf(element);
  if (typeof text !== 'string' && typeof text !== 'number' && typeof text !== 'boolean') {
    issues.add(issue('wrong-shape', { target: key, found: shown(text), expected: readable }, at));
    return undefined;
  }
  const found = digitsOf(element, key) ?? String(text);
  const read = readPrimitive(type, found);
  if ('value' in read) return read.value;
  const expected = path === undefined ? orPlus(found, read.expected) : read.expected;
  issues.add(issue('bad-parameter-value', { parameter: name, found, expected }, at));
  return undefined;
}

function readComplex(
  type: string,
  element: Argument['element'],
  key: string,
  path: string | undefined,
  issues: Issues,
): unknown {
  const held = element[key];
  const expected = `value${type}`;
  if (key !== expected || !isObject(held)) {
    const details = { target: key, found: shown(held), expected: key === expected ? 'an object' : expected };
    issues.add(issue('wrong-shape', details, `${path}.${key}`));
    return undefined;
  }
  const before = issues.list.length;
  checkDataType(held, type, `${path}.${key}`, issues);
  return issues.list.length === before ? held : undefined;
}

/** The key of what an element holds: of this kind, and that once; undefined otherwise, which the issues tell then. */
function contentKey(
  element: Argument['element'],
  kind: 'value' | 'resource' | 'part',
  expected: string,
  path: string | undefined,
  issues: Issues,
): string | undefined {
  const [key, ...more] = Object.keys(element).filter((k) => kindOf(k) === kind);
  const others = Object.keys(element).filter((k) => kindOf(k) !== undefined && kindOf(k) !== kind);
  for (const target of others) {
    issues.add(issue('wrong-shape', { target, found: shown(element[target]), expected }, `${path}.${target}`));
  }
  for (const target of more) {
    issues.add(issue('wrong-shape', { target, found: 'one more value', expected }, `${path}.${target}`));
  }
  if (key === undefined) issues.add(issue('missing-element', { target: kind, expected }, `${path}.${kind}`));
  return others.length + more.length > 0 ? undefined : key;
}

/** Which of what an element of Parameters may hold a key belongs to. */
function kindOf(key: string): string | undefined {
  if (key.startsWith('value')) return 'value';
  return ['resource', 'part', 'modifierExtension'].includes(key) ? key : undefined;
}

/** The value of an element where it is a primitive one or a Reference. */
function textOf(element: Argument['element']): unknown {
  const key = Object.keys(element).find((k) => kindOf(k) === 'value') ?? '';
  const held = element[key];
  return key === 'valueReference' && isObject(held) ? held.reference : held;
}

function isOfType({ resourceType }: Readonly<Record<string, unknown>>, { type = '' }: OperationParameter): boolean {
  // Whether there is such a type is for whoever takes resources of all types.
  if (typeof resourceType !== 'string' || type === 'Resource') return typeof resourceType === 'string';
  return isSubtype(resourceType, type) && resourceType !== 'DomainResource';
}
