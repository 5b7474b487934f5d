import { atMost, limits } from '#limits';
import type { ValueFault } from '../criteria/ranges.ts';

/** One name of a path: a parameter, narrowed to a type and by a filter on what it leads to. */
export interface PathLink {
  readonly code: string;
  readonly type?: string;
  readonly where?: Expression;
  /** Where it begins in the text, from 0. */
  readonly at: number;
}

export interface Comparing {
  readonly op: 'test';
  readonly path: readonly [PathLink, ...PathLink[]];
  readonly operator: Operator;
  readonly operatorAt: number;
  readonly value: string;
  readonly valueAt: number;
}

/** A `_filter` as it was written. */
export type Expression =
  | { readonly op: 'and' | 'or'; readonly of: readonly Expression[] }
  | { readonly op: 'not'; readonly of: Expression }
  | Comparing;

const operators = 'eq ne co sw ew gt lt ge le ap sa eb pr po ss sb in ni re'.split(' ') as readonly Operator[];

export type Operator =
  | ('eq' | 'ne' | 'co' | 'sw' | 'ew' | 'gt' | 'lt' | 'ge' | 'le' | 'ap')
  | ('sa' | 'eb' | 'pr' | 'po' | 'ss' | 'sb' | 'in' | 'ni' | 're');

/**
 * Reads the grammar of `_filter` (R4 search_filter.html). `and` and `or` have no precedence: they are read from left to right. A
 * name may be narrowed to a type, as in other searches (`subject:Patient.name`).
 */
export function parseFilter(text: string): Expression | ValueFault {
  const { most } = limits['filter-length'];
  if (text.length > most) return { expected: `${atMost('filter-length')}; found ${text.length}`, at: most };
  return new Parser(text).parse();
}

class Parser {
  readonly #text: string;
  #at = 0;
  #tests = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Expression | ValueFault {
    const expression = this.#expression(0);
    if ('expected' in expression) return expression;
    return this.#at === this.#text.length ? expression : this.#wrong('and, or, or the end');
  }

  /** What the pattern matches here, past which it goes on. */
  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #wrong(expected: string, at = this.#at): ValueFault {
    return { expected, at };
  }

  /** Ends at what is neither `and` nor `or`. */
  #expression(depth: number): Expression | ValueFault {
    if (depth > limits['filter-depth'].most) return this.#wrong(`${atMost('filter-depth')} of brackets`);
    const first = this.#part(depth);
    if ('expected' in first) return first;
    let left: Expression = first;
    let parts: Expression[] = [];
    while (true) {
      this.#take(/\s*/y);
      const op = this.#take(/(?:and|or)(?=[\s(]|$)/y);
      if (op !== 'and' && op !== 'or') return left;
      const right = this.#part(depth);
      if ('expected' in right) return right;
      if (left.op === op && left.of === parts) parts.push(right);
      else {
        parts = [left, right];
        left = { op, of: parts };
      }
    }
  }

  #part(depth: number): Expression | ValueFault {
    this.#take(/\s*/y);
    const not = this.#take(/not(?=\s*\()/y) !== undefined;
    this.#take(/\s*/y);
    if (this.#take(/\(/y) === undefined) return this.#test(depth);
    const inner = this.#expression(depth + 1);
    if ('expected' in inner) return inner;
    if (this.#take(/\)/y) === undefined) return this.#wrong('")", and or or');
    return not ? { op: 'not', of: inner } : inner;
  }

  #test(depth: number): Expression | ValueFault {
    if (++this.#tests > limits['filter-comparisons'].most) return this.#wrong(atMost('filter-comparisons'));
    const path = this.#path(depth);
    if ('expected' in path) return path;
    if (this.#take(/\s+/y) === undefined) return this.#wrong('a blank and an operator');
    const operatorAt = this.#at;
    const word = this.#take(/[^\s()[\]"]*/y);
    const operator = operators.find((o) => o === word);
    if (operator === undefined) return this.#wrong(`one of ${operators.join(', ')}`, operatorAt);
    if (this.#take(/\s+/y) === undefined) return this.#wrong('a blank and a value');
    const valueAt = this.#at;
    const value = this.#value();
    return typeof value === 'string' ? { op: 'test', path, operator, operatorAt, value, valueAt } : value;
  }

  #path(depth: number): readonly [PathLink, ...PathLink[]] | ValueFault {
    const first = this.#link(depth);
    if ('expected' in first) return first;
    const path: [PathLink, ...PathLink[]] = [first];
    for (let last = first; last.where !== undefined || this.#text[this.#at] === '.'; path.push(last)) {
      if (this.#take(/\./y) === undefined) return this.#wrong('a dot and a parameter of what it leads to');
      if (path.length > limits['search-chain'].most) return this.#wrong(atMost('search-chain'));
      const next = this.#link(depth);
      if ('expected' in next) return next;
      last = next;
    }
    return path;
  }

  #link(depth: number): PathLink | ValueFault {
    const at = this.#at;
    const code = this.#take(/[A-Za-z_][A-Za-z0-9_-]*/y);
    if (code === undefined) return this.#wrong('the name of a search parameter, not( or (');
    const type = this.#take(/:[A-Z][A-Za-z]*/y)?.slice(1);
    const named = type === undefined ? { code, at } : { code, type, at };
    if (this.#take(/\[/y) === undefined) return named;
    const where = this.#expression(depth + 1);
    if ('expected' in where) return where;
    return this.#take(/\]/y) === undefined ? this.#wrong('"]", and or or') : { ...named, where };
  }

  /** A string of JSON, or a token up to a blank or a closing bracket. */
  #value(): string | ValueFault {
    const at = this.#at;
    if (this.#text[at] !== '"') return this.#take(/[^\s)\]]+/y) ?? this.#wrong('a value');
    const quoted = this.#take(/"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy);
    return quoted === undefined ? this.#wrong('a string that ends, with the escapes of JSON', at) : JSON.parse(quoted);
  }
}
