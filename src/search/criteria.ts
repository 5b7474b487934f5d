import { Failure, fail, type Outcome } from '#errors';
import type { Definitions, SearchParameter } from '#fhir/definitions.ts';
import { isValidId } from '#fhir/references.ts';
import { compareMoments, splitPrefix } from './compare.ts';
import { and, type Filter, or, type Test } from './filter.ts';
import {
  type Alternatives,
  aroundDate,
  forms,
  type Reading,
  readReference,
  readString,
  readToken,
  readValue,
  splitEscaped,
  unescapeValue,
} from './values.ts';

/** What the reading of a criterion depends on besides its text. */
export interface Scope {
  readonly definitions: Definitions;
  readonly reading: Reading;
}

const maxValues = 1_000;
/** Links of one chain; each may fan out over many types. */
const maxLinks = 4;

/**
 * Reads one parameter of a search on `type` into a filter: `code`, `code:modifier`, a chain (`subject:Patient.name`) or a
 * reverse chain (`_has:Observation:patient:code`), with its comma list of values.
 */
export function readCriterion(scope: Scope, type: string, name: string, value: string, links = 0): Outcome<Filter> {
  if (links > maxLinks) return fail('too-costly', { text: `A chain has more than ${maxLinks} links.` });
  if (name.startsWith('_has:')) return readHas(scope, type, name, value, links);
  const dot = name.indexOf('.');
  if (dot > 0) return readChain(scope, type, name.slice(0, dot), name.slice(dot + 1), value, links);
  const [code, modifier] = splitModifier(name);
  const parameter = scope.definitions.searchParameters(type).get(code);
  if (parameter === undefined) return unknownParameter(scope, code, [type]);
  const values = splitEscaped(value, ',');
  if (values.length > maxValues) {
    const text = `The parameter "${code}" has ${values.length} values; at most ${maxValues} are allowed.`;
    return fail('too-costly', { text });
  }
  if (code === '_id' || code === '_lastUpdated') {
    if (modifier !== undefined) return unknownModifier(name, modifier, 'none');
    return code === '_id' ? readIds(values) : readLastUpdated(values, scope.reading);
  }
  if (modifier === 'missing') return readMissing(parameter, value);
  return readValues(parameter, modifier, values, scope.reading);
}

/** What a criterion reads as for one type. */
interface OfType {
  readonly type: string;
  readonly where: Filter;
}

/** The types for which it reads the same share a branch. */
function shared(readings: readonly OfType[]) {
  const groups = new Map<string, { types: string[]; where: Filter }>();
  for (const { type, where } of readings) {
    const key = JSON.stringify(where);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { types: [type], where });
    else group.types.push(type);
  }
  return [...groups.values()];
}

function splitModifier(name: string): [code: string, modifier: string | undefined] {
  const colon = name.indexOf(':');
  return colon < 0 ? [name, undefined] : [name.slice(0, colon), name.slice(colon + 1)];
}

/** Whether a failure says only that a parameter is not known, which lenient handling forgives. */
export function isUnknownParameter(failure: Failure): boolean {
  return failure.issues.every((i) => i.code === 'unknown-parameter');
}

function unknownParameter({ definitions }: Scope, code: string, types: readonly string[]): Failure {
  const known = new Set(types.flatMap((t) => [...definitions.searchParameters(t).keys()]));
  return fail('unknown-parameter', { found: code, target: types.join(' or '), expected: [...known].sort().join(', ') });
}

function unknownModifier(parameter: string, found: string, expected: string): Failure {
  return fail('unknown-modifier', { found, parameter, expected });
}

function badValue(parameter: string, found: string, expected: string): Failure {
  return fail('bad-parameter-value', { found, parameter, expected });
}

function readIds(values: readonly string[]): Outcome<Filter> {
  const ids = values.map(unescapeValue);
  const bad = ids.find((id) => !isValidId(id));
  return bad === undefined ? { op: 'id', ids } : badValue('_id', bad, 'ids: 1 to 64 of A-Z a-z 0-9 - .');
}

function readLastUpdated(values: readonly string[], { clock, now }: Reading): Outcome<Filter> {
  const filters: Filter[] = [];
  for (const value of values) {
    const { prefix, rest } = splitPrefix(value);
    const range = clock.range(rest);
    if (range === undefined) return badValue('_lastUpdated', value, forms.date);
    for (const where of compareMoments(prefix, range, aroundDate(range, now)))
      filters.push({ op: 'lastUpdated', where });
  }
  return or(filters);
}

function readMissing(parameter: SearchParameter, value: string): Outcome<Filter> {
  const { code, type } = parameter;
  const present: Filter = { op: 'present', param: type === 'composite' ? `${code}.0` : code };
  if (value === 'true') return { op: 'not', of: present };
  return value === 'false' ? present : badValue(`${code}:missing`, value, 'true or false');
}

/** A modifier that all types share, or that the type of the parameter has (R4 search.html#modifiers). */
function modifiersOf({ type, targets }: SearchParameter): string[] {
  const own = { string: ['exact', 'contains'], token: ['not'], reference: ['identifier', ...targets] };
  return ['missing', ...(type in own ? own[type as keyof typeof own] : [])];
}

function readValues(
  parameter: SearchParameter,
  modifier: string | undefined,
  values: readonly string[],
  reading: Reading,
): Outcome<Filter> {
  const { code } = parameter;
  const name = modifier === undefined ? code : `${code}:${modifier}`;
  if (modifier !== undefined && !modifiersOf(parameter).includes(modifier)) {
    return unknownModifier(code, modifier, modifiersOf(parameter).join(', '));
  }
  const filters: Filter[] = [];
  for (const value of values) {
    const read = parameter.type === 'composite' ? readTuples(parameter, value, reading) : undefined;
    const filter = read ?? readMatches(parameter, modifier, value, reading);
    if ('expected' in filter) return badValue(name, unescapeValue(value), filter.expected);
    for (const one of filter) filters.push(one);
  }
  return modifier === 'not' ? { op: 'not', of: or(filters) } : or(filters);
}

type Filters = readonly Filter[] | { readonly expected: string };

function readMatches(
  parameter: SearchParameter,
  modifier: string | undefined,
  value: string,
  reading: Reading,
): Filters {
  const tests = readModified(parameter, modifier, value, reading);
  if ('expected' in tests) return tests;
  const param = modifier === 'identifier' ? `${parameter.code}:identifier` : parameter.code;
  return tests.map((test) => ({ op: 'match', param, test }));
}

function readModified(
  parameter: SearchParameter,
  modifier: string | undefined,
  value: string,
  reading: Reading,
): Alternatives {
  switch (modifier) {
    case undefined:
    case 'not':
      return readValue(parameter, value, reading);
    case 'exact':
    case 'contains':
      return readString(value, modifier);
    case 'identifier':
      return readToken(value);
    default: {
      const tests = readReference(value, [modifier], reading.baseUrl);
      if ('expected' in tests || tests.every((t) => t.kind !== 'reference' || t.type === modifier)) return tests;
      return { expected: `id or ${modifier}/id` };
    }
  }
}

/** `a$b` of a composite; a component that reads as alternatives multiplies the tuples. */
function readTuples(parameter: SearchParameter, value: string, reading: Reading): Filters {
  const { code, components } = parameter;
  const parts = splitEscaped(value, '$');
  const expected = components.map((c) => `(${forms[c.parameter.type]})`).join(' $ ');
  if (parts.length !== components.length) return { expected };
  let tuples: (readonly Test[])[] = [[]];
  for (const [i, component] of components.entries()) {
    const tests = readValue(component.parameter, parts[i] ?? '', reading);
    if ('expected' in tests) return { expected };
    tuples = tuples.flatMap((tuple) => tests.map((test) => [...tuple, test]));
  }
  return tuples.map((tests) => ({ op: 'tuple', param: code, tests }));
}

function readChain(
  scope: Scope,
  type: string,
  head: string,
  rest: string,
  value: string,
  links: number,
): Outcome<Filter> {
  const [code, modifier] = splitModifier(head);
  const parameter = scope.definitions.searchParameters(type).get(code);
  if (parameter?.type !== 'reference') return unknownParameter(scope, code, [type]);
  const { targets } = parameter;
  if (modifier !== undefined && !targets.includes(modifier)) return unknownModifier(code, modifier, targets.join(', '));
  const wanted = modifier === undefined ? targets : [modifier];
  const able = wanted.filter((t) => rest.startsWith('_has:') || knows(scope, t, rest));
  if (able.length === 0) return unknownParameter(scope, rest, wanted);
  // A name may mean another kind of parameter to one of the types: the value then leads to none of that type.
  const readings: OfType[] = [];
  let failure: Failure | undefined;
  for (const target of able) {
    const where = readCriterion(scope, target, rest, value, links + 1);
    if (where instanceof Failure) failure ??= where;
    else readings.push({ type: target, where });
  }
  if (readings.length === 0 && failure !== undefined) return failure;
  return or(shared(readings).map(({ types, where }) => ({ op: 'chain', param: code, types, where })));
}

/** Whether the first parameter of a chain's rest is one of the type. */
function knows({ definitions }: Scope, type: string, rest: string): boolean {
  return definitions.searchParameters(type).has(/^[^.:]+/.exec(rest)?.[0] ?? '');
}

function readHas(scope: Scope, type: string, name: string, value: string, links: number): Outcome<Filter> {
  const [, from = '', param = '', rest = ''] = /^_has:([^:]*):([^:]*):(.*)$/s.exec(name) ?? [];
  const parameter = scope.definitions.searchParameters(from).get(param);
  if (parameter?.type !== 'reference' || !parameter.targets.includes(type)) {
    const expected = `_has:Type:reference:parameter, where the reference parameter of Type leads to ${type}`;
    return fail('unknown-parameter', { found: name, target: type, expected });
  }
  const where = readCriterion(scope, from, rest, value, links + 1);
  return where instanceof Failure ? where : { op: 'has', type: from, param, where };
}

/** The criterion on a search over several types: each must know the parameter. */
export function readOverTypes(scope: Scope, types: readonly string[], name: string, value: string): Outcome<Filter> {
  const readings: OfType[] = [];
  for (const type of types) {
    const where = readCriterion(scope, type, name, value);
    if (where instanceof Failure) return where;
    readings.push({ type, where });
  }
  const groups = shared(readings);
  const [only] = groups;
  if (groups.length === 1 && only !== undefined) return only.where;
  return or(groups.map((g) => and([{ op: 'type', types: g.types }, g.where])));
}
