import { Failure, type Outcome } from '#errors';
import { Issues } from '#fhir/json/issues.ts';
import { acrossTypes, once, throughReference } from '../criteria/chain.ts';
import type { ReadingScope } from '../criteria/criteria.ts';
import { orPlus } from '../criteria/escapes.ts';
import { badValue, notReady } from '../criteria/lists.ts';
import type { ValueFault } from '../criteria/ranges.ts';
import { isSpecial } from '../criteria/special.ts';
import { and, type Filter, or } from '../model/filter.ts';
import { compareParameter, compareSpecial } from './operators.ts';
import { type Comparing, type Expression, type PathLink, parseFilter } from './parse.ts';

/** One `_filter`, and what its parts were read as so far, for each type. */
interface FilterParameter {
  readonly scope: ReadingScope;
  readonly text: string;
  readonly known: Map<unknown, Map<string, Outcome<Filter>>>;
}

/** Reads the parameter `_filter` of a search over `types` (R4 search_filter.html). */
export function readFilter(scope: ReadingScope, types: readonly string[], text: string): Outcome<Filter> {
  const expression = parseFilter(text);
  if ('expected' in expression) return wrong(text, expression);
  const asked: FilterParameter = { scope, text, known: new Map() };
  const readings: { type: string; where: Filter }[] = [];
  for (const type of types) {
    const where = evaluate(asked, type, expression);
    if (where instanceof Failure) return where;
    readings.push({ type, where });
  }
  return acrossTypes(readings);
}

function wrong(text: string, { expected, at }: ValueFault): Failure {
  const place = at === undefined ? expected : `${expected} (character ${at + 1})`;
  // Blanks are everywhere in an expression, but before the offset of a time.
  return badValue('_filter', text, orPlus(/T[\d:.]+ \d\d:\d\d/.exec(text)?.[0] ?? '', place));
}

function evaluate(asked: FilterParameter, type: string, expression: Expression): Outcome<Filter> {
  switch (expression.op) {
    case 'and':
    case 'or': {
      const parts = combined(expression.of.map((part) => evaluate(asked, type, part)));
      if (parts instanceof Failure) return parts;
      return expression.op === 'and' ? and(parts) : or(parts);
    }
    case 'not': {
      const of = evaluate(asked, type, expression.of);
      return of instanceof Failure ? of : { op: 'not', of };
    }
    case 'test':
      return follow(asked, type, expression, 0);
  }
}

/** All filters, or all that is wrong with them, each once. */
function combined(filters: readonly Outcome<Filter>[]): Outcome<readonly Filter[]> {
  const found: Filter[] = [];
  const issues = new Issues();
  for (const filter of filters) {
    if (filter instanceof Failure) issues.addAll(filter.issues);
    else found.push(filter);
  }
  const [first, ...more] = issues.list;
  return first === undefined ? found : new Failure([first, ...more]);
}

/** The path of a comparison from its link `index` on. */
function follow(asked: FilterParameter, type: string, test: Comparing, index: number): Outcome<Filter> {
  const link = test.path[index];
  if (link === undefined) throw new Error('a path has no such link');
  return once(asked, link, type, () => {
    const next = test.path[index + 1];
    return next === undefined ? compare(asked, type, link, test) : through(asked, type, link, next, test, index);
  });
}

function through(
  asked: FilterParameter,
  type: string,
  link: PathLink,
  next: PathLink,
  test: Comparing,
  index: number,
): Outcome<Filter> {
  const { scope, text } = asked;
  const parameter = scope.definitions.searchParameters(type).get(link.code);
  if (parameter === undefined) return unknown(asked, type, link);
  const { targets } = parameter;
  if (parameter.type !== 'reference') {
    return wrong(text, { expected: `a reference before ${link.where ? '[' : 'the dot'}`, at: link.at });
  }
  if (link.type !== undefined && !targets.includes(link.type)) {
    return wrong(text, { expected: `${link.code}: with one of ${targets.join(', ')}`, at: link.at });
  }
  const wanted = link.type === undefined ? targets : [link.type];
  if (!wanted.some((t) => isSpecial(next.code) || scope.definitions.searchParameters(t).has(next.code))) {
    const early = notReady(scope.definitions, wanted, next.code);
    return early ?? wrong(text, { expected: `a search parameter of ${wanted.join(' or ')}`, at: next.at });
  }
  return throughReference(scope, parameter, link.type, next.code, (target) => {
    const rest = follow(asked, target, test, index + 1);
    if (link.where === undefined) return rest;
    const parts = combined([evaluate(asked, target, link.where), rest]);
    return parts instanceof Failure ? parts : and(parts);
  });
}

function unknown({ scope, text }: FilterParameter, type: string, { code, at }: PathLink): Failure {
  const early = notReady(scope.definitions, [type], code);
  if (early !== undefined) return early;
  const known = [...scope.definitions.searchParameters(type).keys()].sort().join(', ');
  return wrong(text, { expected: `a search parameter of ${type}, one of ${known}`, at });
}

function compare(asked: FilterParameter, type: string, link: PathLink, test: Comparing): Outcome<Filter> {
  const { scope, text } = asked;
  if (link.type !== undefined) return wrong(text, { expected: 'a dot after the type', at: test.operatorAt - 1 });
  const parameter = scope.definitions.searchParameters(type).get(link.code);
  const special = isSpecial(link.code) ? link.code : undefined;
  const { operator, value, valueAt, operatorAt } = test;
  const read =
    special !== undefined
      ? compareSpecial(special, operator, value, scope.reading)
      : parameter !== undefined && compareParameter(parameter, operator, value, scope.reading);
  if (read === false) return unknown(asked, type, link);
  if (read instanceof Failure) return read;
  if ('operators' in read) {
    const expected = `one of ${read.operators.join(', ')} for the parameter "${link.code}"`;
    return wrong(text, { expected, at: operatorAt });
  }
  if (!('expected' in read)) return or(read);
  // Of a string the quotation mark is not part of the value.
  const start = valueAt + (text[valueAt] === '"' ? 1 : 0);
  return wrong(text, { expected: read.expected, at: start + (read.at ?? 0) });
}
