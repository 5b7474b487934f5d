import type { SearchParameter } from '#fhir/model/definitions.ts';
import { isNamePart, isSearchable, stringTest, type Test, testOf } from './oracle-matching.ts';
import type { Comparing } from './oracle-names.ts';
import type { Stored } from './oracle-values.ts';
import type { World } from './oracle-world.ts';

/** Whether a resource satisfies a criterion; undefined in place of one that cannot be read for its type. */
export type Criterion = ((resource: Stored) => boolean) | undefined;

/** How one parameter of a search is read. */
export type ReadCriterion = (world: World, type: string, name: string, value: string) => Criterion;

/** `not`, `and`, `or`, parentheses, and comparisons `path op value` (R4 search_filter.html). */
const lexeme = /\s*([()]|"(?:[^"\\]|\\.)*"|[^\s()"]+)/y;

function lexemes(text: string): string[] {
  const found: string[] = [];
  lexeme.lastIndex = 0;
  for (let m = lexeme.exec(text); m !== null; m = lexeme.exec(text)) found.push(m[1] ?? '');
  return found.reverse();
}

/** Reads a `_filter`; `and` and `or` bind alike and from the left. */
export function readFilter(read: ReadCriterion): ReadCriterion {
  return (world, type, _name, text) => new Reader(world, read).sequence(type, lexemes(text));
}

const comparing: Readonly<Record<string, Comparing>> = { eq: 'equals', co: 'contains', sw: 'starts', ew: 'ends' };

class Reader {
  readonly #world: World;
  readonly #read: ReadCriterion;

  constructor(world: World, read: ReadCriterion) {
    this.#world = world;
    this.#read = read;
  }

  sequence(type: string, rest: string[]): Criterion {
    let left = this.#single(type, rest);
    while (rest.at(-1) === 'and' || rest.at(-1) === 'or') {
      const word = rest.pop();
      const [a, b] = [left, this.#single(type, rest)];
      if (a === undefined || b === undefined) return undefined;
      left = word === 'and' ? (r) => a(r) && b(r) : (r) => a(r) || b(r);
    }
    return left;
  }

  #single(type: string, rest: string[]): Criterion {
    const first = rest.pop() ?? '';
    if (first === 'not') {
      const inner = this.#single(type, rest);
      return inner && ((r) => !inner(r));
    }
    if (first === '(') {
      const inner = this.sequence(type, rest);
      return rest.pop() === ')' ? inner : undefined;
    }
    const [op = '', value = ''] = [rest.pop(), rest.pop()];
    return this.#comparison(type, first, op, value.startsWith('"') ? JSON.parse(value) : value);
  }

  #comparison(type: string, path: string, op: string, value: string): Criterion {
    const dot = path.indexOf('.');
    if (dot < 0) {
      const parameter = this.#world.parameter(type, path);
      return parameter && this.#compared(type, parameter, op, value);
    }
    const parameter = this.#world.parameter(type, path.slice(0, dot));
    if (parameter?.type !== 'reference') return undefined;
    const goOn = new Map(parameter.targets.map((t) => [t, this.#comparison(t, path.slice(dot + 1), op, value)]));
    return (r) => this.#world.targets(r, parameter).some((target) => goOn.get(target.resourceType)?.(target) === true);
  }

  #compared(type: string, parameter: SearchParameter, op: string, value: string): Criterion {
    const over = (test: Test | undefined): Criterion => test && ((r) => this.#world.values(r, parameter).some(test));
    if (op === 'pr')
      return this.#read(this.#world, type, `${parameter.code}:missing`, value === 'true' ? 'false' : 'true');
    if (op === 're')
      return over(
        (v) => isSearchable(this.#world, v, parameter) && testOf(this.#world, parameter, value)?.(v) === true,
      );
    if (op === 'in') return this.#read(this.#world, type, `${parameter.code}:in`, value);
    if (op === 'ni') return this.#read(this.#world, type, `${parameter.code}:not-in`, value);
    // The value subsumes a concept of the set, or is subsumed by one.
    if (op === 'ss') return this.#read(this.#world, type, `${parameter.code}:below`, value);
    if (op === 'sb') return this.#read(this.#world, type, `${parameter.code}:above`, value);
    if (parameter.type === 'string') {
      const how = comparing[op];
      return over(how && stringTest(value, how, isNamePart(parameter)));
    }
    if (parameter.type === 'token' || parameter.type === 'uri')
      return op === 'eq' ? over(testOf(this.#world, parameter, value)) : undefined;
    return over(testOf(this.#world, parameter, `${op}${value}`));
  }
}
