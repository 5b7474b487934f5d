import { Failure, fail, type Outcome } from '#errors';
import type { SearchParameter } from '#fhir/model/definitions.ts';
import { atMost, limits } from '#limits';
import { referredTo } from '../match/contained.ts';
import { and, type Filter, or } from '../model/filter.ts';
import { type ReadingScope, readCriterion, splitModifier } from './criteria.ts';
import { notReady, unknownModifier } from './lists.ts';
import { isSpecial, readSpecial } from './special.ts';

/** One parameter of a search as it was sent, and what its parts were read as so far, for the types that share them. */
interface NamedParameter {
  readonly scope: ReadingScope;
  readonly name: string;
  readonly value: string;
  readonly known: Map<unknown, Map<string, Outcome<Filter>>>;
}

/**
 * Reads one parameter of a search over `types`, each of which must know it: `code`, `code:modifier`, a chain
 * (`subject:Patient.name`) or a reverse chain (`_has:Observation:patient:code`), with its comma list of values.
 */
export function readOverTypes(
  scope: ReadingScope,
  types: readonly string[],
  name: string,
  value: string,
): Outcome<Filter> {
  if (name.length > limits['search-name-length'].most) {
    const text = `The name of a parameter has ${name.length} characters; expected ${atMost('search-name-length')}.`;
    return fail('too-costly', { text });
  }
  const links = name.split(/\.|_has:/).length - 1;
  if (links > limits['search-chain'].most) {
    const text = `The chain of the parameter "${name}" has ${links} links; expected ${atMost('search-chain')}.`;
    return fail('too-costly', { text });
  }
  const asked: NamedParameter = { scope, name, value, known: new Map() };
  const readings: OfType[] = [];
  for (const type of types) {
    const where = readPath(asked, type, name);
    if (where instanceof Failure) return where;
    readings.push({ type, where });
  }
  return acrossTypes(readings);
}

/** What a criterion reads as for one type. */
interface OfType {
  readonly type: string;
  readonly where: Filter;
}

/** Several types share what reads the same, and branch where it does not. */
export function acrossTypes(readings: readonly OfType[]): Filter {
  const groups = shared(readings);
  const [only] = groups;
  if (groups.length === 1 && only !== undefined) return only.where;
  return or(groups.map((g) => and([{ op: 'type', types: g.types }, g.where])));
}

/** The types for which it reads the same share a branch. */
function shared(readings: readonly OfType[]) {
  const same = Map.groupBy(readings, (r) => r.where);
  const groups = new Map<string, { types: string[]; where: Filter }>();
  for (const [where, alike] of same) {
    const key = JSON.stringify(where);
    const group = groups.get(key) ?? { types: [], where };
    groups.set(key, group);
    group.types.push(...alike.map((r) => r.type));
  }
  return [...groups.values()];
}

/** Whether a failure says only that a parameter is not known, which lenient handling forgives. */
export function isUnknownParameter(failure: Failure): boolean {
  return failure.issues.every((i) => i.code === 'unknown-parameter');
}

function unknownParameter({ definitions }: ReadingScope, code: string, types: readonly string[]): Failure {
  const target = types.join(' or ');
  const early = notReady(definitions, types, code);
  if (early !== undefined) return early;
  const known = new Set(types.flatMap((t) => [...definitions.searchParameters(t).keys()]));
  return fail('unknown-parameter', { found: code, target, expected: [...known].sort().join(', ') });
}

function readPath(asked: NamedParameter, type: string, path: string): Outcome<Filter> {
  const { scope, name, value } = asked;
  if (path.startsWith('_has:')) return readHas(asked, type, path);
  const dot = path.indexOf('.');
  const [code, modifier] = splitModifier(dot < 0 ? path : path.slice(0, dot));
  if (dot < 0 && isSpecial(code)) {
    return once(asked, code, path, () => readSpecial(name, code, modifier, value, scope.reading));
  }
  const parameter = scope.definitions.searchParameters(type).get(code);
  if (parameter === undefined) return unknownParameter(scope, code, [type]);
  if (dot < 0) return once(asked, parameter, path, () => readCriterion(scope, name, parameter, modifier, value));
  if (parameter.type !== 'reference') {
    const known = [...scope.definitions.searchParameters(type).values()].filter((p) => p.type === 'reference');
    const expected = known
      .map((p) => p.code)
      .sort()
      .join(', ');
    return fail('unknown-parameter', { found: code, target: `chains from ${type}`, expected });
  }
  return once(asked, parameter, path, () => readChain(asked, parameter, modifier, path.slice(dot + 1)));
}

/** Reads a part of a name, or of an expression, once for all the ways that lead to it. */
export function once(
  asked: Pick<NamedParameter, 'scope' | 'known'>,
  of: unknown,
  path: string,
  read: () => Outcome<Filter>,
): Outcome<Filter> {
  const known = asked.known.get(of) ?? new Map<string, Outcome<Filter>>();
  asked.known.set(of, known);
  const before = known.get(path);
  if (before !== undefined) return before;
  const filter = read();
  const made = filter instanceof Failure ? filter : asked.scope.budget.accept(filter);
  known.set(path, made);
  return made;
}

function readChain(
  asked: NamedParameter,
  parameter: SearchParameter,
  modifier: string | undefined,
  rest: string,
): Outcome<Filter> {
  const next = firstOf(rest);
  const { limits, code } = parameter;
  if (limits?.chain !== undefined && !rest.startsWith('_has:') && !limits.chain.includes(next)) {
    return fail('unknown-parameter', { found: rest, target: `chains over ${code}`, expected: limits.chain.join(', ') });
  }
  return throughReference(asked.scope, parameter, modifier, rest, (target) => readPath(asked, target, rest));
}

/** What a reference leads to, here or in the resource itself, must pass `read` for its type; types to which `next` is no
 * parameter, or its value none of theirs, are left out. */
export function throughReference(
  scope: ReadingScope,
  { code, targets }: SearchParameter,
  type: string | undefined,
  next: string,
  read: (target: string) => Outcome<Filter>,
): Outcome<Filter> {
  if (type !== undefined && !targets.includes(type)) return unknownModifier(code, type, targets.join(', '));
  const wanted = type === undefined ? targets : [type];
  const early = notReady(scope.definitions, wanted, firstOf(next));
  if (early !== undefined) return early;
  const able = wanted.filter((t) => knows(scope, t, next));
  if (able.length === 0) return unknownParameter(scope, firstOf(next), wanted);
  // A name may mean another kind of parameter to one of the types: the value then leads to none of that type.
  const readings: OfType[] = [];
  let failure: Failure | undefined;
  for (const target of able) {
    const where = read(target);
    if (where instanceof Failure) failure ??= where;
    else readings.push({ type: target, where });
  }
  if (failure !== undefined && (readings.length === 0 || isOfAll(failure))) return failure;
  return or([
    ...shared(readings).map(({ types, where }): Filter => ({ op: 'chain', param: code, types, where })),
    ...readings.map(({ type, where }) => referredTo(code, type, where)),
  ]);
}

/** Whether a failure for one type of target is one of the whole search. */
function isOfAll(failure: Failure): boolean {
  return failure.issues.some((i) => i.code === 'too-costly' || i.code === 'parameter-not-ready');
}

/** The first parameter of a chain's rest. */
function firstOf(rest: string): string {
  return /^[^.:]+/.exec(rest)?.[0] ?? rest;
}

/** Whether the first parameter of a chain's rest is one of the type. */
function knows({ definitions }: ReadingScope, type: string, rest: string): boolean {
  const code = firstOf(rest);
  return rest.startsWith('_has:') || isSpecial(code) || definitions.searchParameters(type).has(code);
}

function readHas(asked: NamedParameter, type: string, path: string): Outcome<Filter> {
  const { scope } = asked;
  const [, from = '', param = '', rest = ''] = /^_has:([^:.]*):([^:.]*):(.*)$/s.exec(path) ?? [];
  const parameter = scope.definitions.searchParameters(from).get(param);
  if (parameter?.type !== 'reference' || !parameter.targets.includes(type)) {
    const early = notReady(scope.definitions, [from], param);
    if (early !== undefined) return early;
    const expected = `_has:Type:reference:parameter, where the reference parameter of Type leads to ${type}`;
    return fail('unknown-parameter', { found: path, target: type, expected });
  }
  const where = readPath(asked, from, rest);
  return where instanceof Failure ? where : scope.budget.accept({ op: 'has', type: from, param, where });
}
