import type { SearchParameter as Resource } from '@medplum/fhirtypes';
import { type Issue, issue, shown } from '#errors';
import { asObject, type JsonObject } from '#fhir/json/object.ts';
import {
  type CustomParameter,
  type Definitions,
  isBase,
  readParameter,
  type SearchLimits,
  type SearchParameter,
} from '#fhir/model/definitions.ts';
import { holdsResidentNumber } from '#resident-numbers';
import { faultOf, faultOfComponent, faultOfForm, meaningFor, targetsOf } from './expressions.ts';

/** A parameter that a SearchParameter of the store defines. */
export interface Custom extends Omit<CustomParameter, 'progress'> {
  /** Of the resource. */
  readonly id: string;
}

/** What the checks of a SearchParameter look at beside it. */
export interface DefinedParameters {
  readonly definitions: Definitions;
  /** Those in force. */
  readonly custom: readonly Custom[];
}

/**
 * The parameter that a SearchParameter defines: undefined if its status is not active, if it is one of R4's, or repeats R4's for all its
 * types, and if a check refuses it.
 */
export function customOf(resource: Resource, known: DefinedParameters): Custom | undefined {
  const { definitions } = known;
  const { id, status, url } = resource;
  if (id === undefined || status !== 'active' || definitions.isPublished(url)) return undefined;
  if (checkSearchParameter(resource, known).some((i) => i.severity === 'error')) return undefined;
  const find = (wanted: string) => findParameter(known, wanted);
  const parameter = readParameter(resource, find);
  const base = basesOf(resource);
  const isNew = [...definitions.resourceTypes].some(
    (type) => isBase(base, type) && publishedOf(definitions, type, resource.code) === undefined,
  );
  if (parameter === undefined || !isNew) return undefined;
  const targets = readTargets(parameter, base, definitions);
  return { id, base, parameter: { ...parameter, targets, ...limits(resource) } };
}

/** Those that the resource names, or else those to which its expression leads; abstract types stand for all of theirs. */
function readTargets(
  { type, targets, expression }: SearchParameter,
  base: readonly string[],
  { resourceTypes }: Definitions,
): readonly string[] {
  const all = [...resourceTypes];
  if (targets.length > 0) return [...new Set(targets.flatMap((named) => all.filter((t) => isBase([named], t))))];
  if (type !== 'reference') return [];
  const found = new Set(all.filter((t) => isBase(base, t)).flatMap((t) => targetsOf(expression, t) ?? all));
  return all.filter((t) => found.has(t));
}

/** Whether entries that were made for one are those of the other. */
export function entriesOf({ base, parameter }: Custom): string {
  const { limits: _, ...rest } = parameter;
  return JSON.stringify([rest, base]);
}

/**
 * Every problem of a SearchParameter that is to come into force (R4 searchparameter.html). A draft or a retired one is only kept, and
 * may have any.
 */
export function checkSearchParameter(resource: object, known: DefinedParameters): readonly Issue[] {
  const fields = resource as JsonObject;
  if (fields.status !== 'active') return [];
  return [
    ...checkNumbers(fields),
    ...checkName(fields, known),
    ...checkBase(fields, known),
    ...checkType(fields),
    ...checkExpression(fields, known),
    ...checkTargets(fields, known),
    ...checkComponents(fields, known),
    ...checkLimits(fields),
  ];
}

function bad(target: string, found: unknown, expected: string, severity: Issue['severity'] = 'error'): Issue {
  const place = `SearchParameter.${target}`;
  return issue('bad-element-value', { target: place, found: shown(found), expected }, place, severity);
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((v) => typeof v === 'string') : [];
}

function basesOf(resource: { readonly base?: unknown }): readonly string[] {
  return texts(resource.base);
}

function publishedOf(definitions: Definitions, type: string, code: string): SearchParameter | undefined {
  const found = definitions.indexParameters(type).get(code);
  return found !== undefined && definitions.isPublished(found.url) ? found : undefined;
}

function findParameter({ definitions, custom }: DefinedParameters, canonical: string): SearchParameter | undefined {
  const url = canonical.replace(/\|.*$/, '');
  if (definitions.isPublished(url)) return definitions.parameter(url);
  return custom.find((c) => c.parameter.url === url)?.parameter;
}

/** A code is a name in URLs; `_` begins R4's own, `.` and `:` have a meaning there. */
const codeForm = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

function* checkName(fields: JsonObject, known: DefinedParameters): Iterable<Issue> {
  const { id, url, code } = fields;
  const { definitions, custom } = known;
  if (typeof url !== 'string' || url === '') yield bad('url', url, 'an absolute URL');
  else if (definitions.isPublished(url)) {
    const own = definitions.parameter(url);
    if (own !== undefined && own.code !== code) yield bad('code', code, `"${own.code}", or another url than R4's`);
    if (own === undefined) return;
  } else if (custom.some((c) => c.id !== id && c.parameter.url === url)) {
    yield bad('url', url, 'a URL of its own: another active SearchParameter has this one');
  }
  if (typeof code !== 'string' || !codeForm.test(code)) {
    yield bad('code', code, 'a letter, then up to 63 letters, digits, - or _');
    return;
  }
  const bases = basesOf(fields);
  for (const type of definitions.resourceTypes) {
    if (!isBase(bases, type)) continue;
    const own = publishedOf(definitions, type, code);
    const other = custom.find((c) => c.id !== id && c.parameter.code === code && isBase(c.base, type));
    if (own !== undefined && !meansTheSame(fields, own, type)) {
      yield bad('code', code, `another code: ${type}?${code} is R4's ${own.url}, and means something else`);
    } else if (other !== undefined) {
      yield bad('code', code, `another code: ${type}?${code} is that of SearchParameter/${other.id}`);
    } else continue;
    return;
  }
}

function meansTheSame({ type, expression }: JsonObject, own: SearchParameter, base: string): boolean {
  if (type !== own.type || typeof expression !== 'string') return false;
  return meaningFor(expression, base) === meaningFor(own.expression, base);
}

/** What is told to everyone: in the CapabilityStatement, and in URLs. */
function* checkNumbers(fields: JsonObject): Iterable<Issue> {
  for (const name of ['url', 'code'] as const) {
    const { [name]: found } = fields;
    if (typeof found !== 'string' || !holdsResidentNumber(found)) continue;
    yield issue('resident-number-as-id', { found }, `SearchParameter.${name}`);
  }
}

function* checkBase(fields: JsonObject, { definitions }: DefinedParameters): Iterable<Issue> {
  const { base } = fields;
  if (!Array.isArray(base) || base.length === 0) yield bad('base', base, 'one resource type or more');
  for (const [i, type] of (Array.isArray(base) ? base : []).entries()) {
    if (typeof type === 'string' && isTypeName(definitions, type)) continue;
    yield bad(`base[${i}]`, type, 'a resource type of R4');
  }
}

function isTypeName(definitions: Definitions, type: string): boolean {
  return definitions.resourceTypes.has(type) || type === 'Resource' || type === 'DomainResource';
}

const types = ['number', 'date', 'string', 'token', 'reference', 'composite', 'quantity', 'uri'] as const;

function typeOf(fields: JsonObject): (typeof types)[number] | undefined {
  return types.find((type) => type === fields.type);
}

function* checkType(fields: JsonObject): Iterable<Issue> {
  const { type, xpathUsage, url } = fields;
  // `Location?near` is R4's, and repeating it does no harm.
  if (type === 'special' && typeof url === 'string' && url.startsWith('http://hl7.org/fhir/SearchParameter/')) return;
  if (typeOf(fields) === undefined) yield bad('type', type, types.join(', '));
  if (xpathUsage === 'nearby' || xpathUsage === 'distance') {
    yield bad('xpathUsage', xpathUsage, 'normal, phonetic or other');
  }
  if (xpathUsage === 'phonetic' && type !== 'string') {
    yield bad('xpathUsage', xpathUsage, 'normal: only a parameter of type string is compared by sound');
  }
}

function* checkExpression(fields: JsonObject, { definitions }: DefinedParameters): Iterable<Issue> {
  const { expression, url } = fields;
  const type = typeOf(fields);
  if (typeof url === 'string' && definitions.isPublished(url)) return;
  if (typeof expression !== 'string') {
    yield bad('expression', expression, 'the FHIRPath of what is searched');
    return;
  }
  const form = faultOfForm(expression);
  if (form !== undefined) {
    yield bad('expression', form.found, form.expected);
    return;
  }
  if (type === undefined) return;
  const seen = new Set<string>();
  for (const base of basesOf(fields).filter((b) => isTypeName(definitions, b))) {
    const fault = faultOf(expression, type, base);
    if (fault === undefined || seen.has(fault.found + fault.expected)) continue;
    seen.add(fault.found + fault.expected);
    yield bad('expression', fault.found, fault.expected);
  }
}

function* checkTargets(fields: JsonObject, { definitions }: DefinedParameters): Iterable<Issue> {
  const { target } = fields;
  for (const [i, one] of (Array.isArray(target) ? target : []).entries()) {
    if (typeof one !== 'string' || !isTypeName(definitions, one)) {
      yield bad(`target[${i}]`, one, 'a resource type of R4');
    }
  }
}

function* checkComponents(fields: JsonObject, known: DefinedParameters): Iterable<Issue> {
  const { component, type } = fields;
  const components: readonly unknown[] = Array.isArray(component) ? component : [];
  if (type === 'composite' && components.length < 2) yield bad('component', component, 'two components or more');
  if (type !== 'composite' && components.length > 0)
    yield bad('component', component, 'none: the type is not composite');
  if (type !== 'composite') return;
  for (const [i, one] of components.entries()) {
    const { definition, expression } = asObject(one);
    const at = `component[${i}]`;
    const parameter = typeof definition === 'string' ? findParameter(known, definition) : undefined;
    if (parameter === undefined || parameter.type === 'composite' || parameter.type === 'special') {
      yield bad(`${at}.definition`, definition, 'the url of a parameter that is in force, not composite nor special');
    }
    const fault =
      typeof expression === 'string'
        ? faultOfForm(expression)
        : { found: expression, expected: 'the FHIRPath of its values' };
    if (fault !== undefined) yield bad(`${at}.expression`, fault.found, fault.expected);
    else if (parameter !== undefined) yield* checkComponent(fields, String(expression), parameter.type, at, known);
  }
}

/** R4's own need no check: they are in force as they are here. */
function* checkComponent(
  fields: JsonObject,
  component: string,
  type: SearchParameter['type'],
  at: string,
  { definitions }: DefinedParameters,
): Iterable<Issue> {
  const { expression: composite, url } = fields;
  if (typeof composite !== 'string' || definitions.isPublished(String(url))) return;
  for (const base of basesOf(fields)) {
    const fault = faultOfComponent({ composite, component }, type, base);
    if (fault === undefined) continue;
    yield bad(`${at}.expression`, fault.found, fault.expected);
    return;
  }
}

/** R4 search.html#modifiers: those that a parameter of the type can have. */
const modifiers: Readonly<Record<(typeof types)[number], readonly string[]>> = {
  number: ['missing'],
  date: ['missing'],
  quantity: ['missing'],
  composite: ['missing'],
  string: ['missing', 'exact', 'contains'],
  token: ['missing', 'text', 'not', 'above', 'below', 'in', 'not-in', 'ofType'],
  reference: ['missing', 'type', 'identifier', 'above', 'below'],
  uri: ['missing', 'above', 'below'],
};

const ranges: readonly unknown[] = ['number', 'date', 'quantity'];

function* checkLimits(fields: JsonObject): Iterable<Issue> {
  const type = typeOf(fields);
  if (type === undefined) return;
  for (const [i, modifier] of texts(fields.modifier).entries()) {
    if (!modifiers[type].includes(modifier)) {
      yield bad(`modifier[${i}]`, modifier, `${modifiers[type].join(', ')} (${type})`);
    }
  }
  const comparators = texts(fields.comparator);
  if (comparators.length > 0 && !ranges.includes(type)) {
    yield bad('comparator', comparators.join(', '), `none: a parameter of type ${type} compares nothing`);
  }
}

/** What the definition says of its use in searches; a list that is absent or empty limits nothing. */
function limits(resource: Resource): { readonly limits?: SearchLimits } {
  const { modifier, comparator, chain, multipleOr, multipleAnd } = resource;
  const found: SearchLimits = {
    ...(modifier?.length ? { modifiers: modifier.map((m) => (m === ('ofType' as string) ? 'of-type' : m)) } : {}),
    ...(comparator?.length ? { comparators: comparator } : {}),
    ...(chain?.length ? { chain } : {}),
    ...(multipleOr === undefined ? {} : { multipleOr }),
    ...(multipleAnd === undefined ? {} : { multipleAnd }),
  };
  return Object.keys(found).length === 0 ? {} : { limits: found };
}
