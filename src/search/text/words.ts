import { Failure, fail, type Outcome } from '#errors';
import { atMost, limits } from '#limits';
import type { Words } from '../model/entry.ts';
import { and, type Filter, or } from '../model/filter.ts';
import { fold } from './fold.ts';
import { memoizeText } from './memoize.ts';

/** Characters of one word; what follows does not count. */
const maxWord = 40;

const runs = /\p{Script=Han}+|(?:(?!\p{Script=Han})[\p{L}\p{N}])+/gu;
const han = /^\p{Script=Han}/u;

/** The words of a text as the index has them, each once: folded; of Chinese each character and each pair of neighbours. */
export const wordsOf: (text: string) => readonly string[] = memoizeText((text) =>
  distinctWords(text, (run) => [...run, ...pairs(run)]),
);

/** The words that a text must have in order to have this one: of Chinese the pairs, or the one character. */
function askedWords(text: string): readonly string[] {
  return distinctWords(text, (run) => {
    const two = pairs(run);
    return two.length === 0 ? [run] : two;
  });
}

function distinctWords(text: string, ofChinese: (run: string) => readonly string[]): readonly string[] {
  const words = new Set<string>();
  for (const run of fold(text).match(runs) ?? []) {
    if (!han.test(run)) words.add(run.slice(0, maxWord));
    else for (const word of ofChinese(run)) words.add(word);
  }
  return [...words];
}

function pairs(run: string): string[] {
  const characters = [...run];
  return characters.slice(1).map((character, i) => `${characters[i]}${character}`);
}

interface Token {
  readonly kind: 'and' | 'or' | 'not' | '(' | ')' | 'term';
  readonly text: string;
  /** From 1. */
  readonly position: number;
}

/**
 * Reads the value of `_text` or `_content` (R4 search.html#content): words, all of which must occur, with `and`, `or`, `not`,
 * parentheses, and quoted phrases, which stand for all their words.
 */
export function readWords(of: keyof Words, value: string): Outcome<Filter> {
  const reader = new WordExpressionParser(of, value);
  return reader.read();
}

class WordExpressionParser {
  readonly #of: keyof Words;
  readonly #value: string;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(of: keyof Words, value: string) {
    this.#of = of;
    this.#value = value;
    this.#tokens = tokensOf(value);
  }

  read(): Outcome<Filter> {
    const terms = this.#tokens.filter((t) => t.kind === 'term').length;
    if (terms > limits['search-words'].most) return this.#bad(`${atMost('search-words')}; found ${terms}`);
    const filter = this.#any(0);
    if (filter instanceof Failure || this.#next === undefined) return filter;
    return this.#expected('the end, a word or one of and, or, not');
  }

  get #next(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #takes(kind: Token['kind']): boolean {
    const is = this.#next?.kind === kind;
    if (is) this.#at++;
    return is;
  }

  #any(depth: number): Outcome<Filter> {
    const filters: Filter[] = [];
    do {
      const filter = this.#all(depth);
      if (filter instanceof Failure) return filter;
      filters.push(filter);
    } while (this.#takes('or'));
    return or(filters);
  }

  #all(depth: number): Outcome<Filter> {
    const filters: Filter[] = [];
    const ends = (token: Token | undefined) => token === undefined || token.kind === 'or' || token.kind === ')';
    do {
      const filter = this.#one(depth);
      if (filter instanceof Failure) return filter;
      filters.push(filter);
    } while (this.#takes('and') || !ends(this.#next));
    return this.#joined(filters);
  }

  /** Words side by side are one filter: a store looks them up together. */
  #joined(filters: readonly Filter[]): Filter {
    const words = filters.flatMap((f) => (f.op === 'words' ? f.words : []));
    const others = filters.filter((f) => f.op !== 'words');
    return and(words.length === 0 ? others : [this.#words([...new Set(words)]), ...others]);
  }

  #words(words: readonly string[]): Filter {
    return { op: 'words', of: this.#of, words };
  }

  #one(depth: number): Outcome<Filter> {
    if (depth > limits['search-words-depth'].most) {
      return this.#bad(`${atMost('search-words-depth')} of parentheses and "not"`);
    }
    if (this.#takes('not')) {
      const filter = this.#one(depth + 1);
      return filter instanceof Failure ? filter : { op: 'not', of: filter };
    }
    if (this.#takes('(')) {
      const filter = this.#any(depth + 1);
      if (filter instanceof Failure) return filter;
      return this.#takes(')') ? filter : this.#expected('a word or ")"');
    }
    const token = this.#next;
    if (token?.kind !== 'term') return this.#expected('a word');
    this.#at++;
    const words = askedWords(token.text);
    if (words.length > 0) return this.#words(words);
    return this.#bad(`a word of letters or digits at character ${token.position}`);
  }

  #expected(what: string): Failure {
    const { position, text } = this.#next ?? { position: this.#value.length + 1, text: '' };
    return this.#bad(`${what} at character ${position}, ${text === '' ? 'where it ends' : `not "${text}"`}`);
  }

  #bad(expected: string): Failure {
    return fail('bad-parameter-value', { found: this.#value, parameter: `_${this.#of}`, expected });
  }
}

/** A quote that is not closed reaches to the end. */
function tokensOf(value: string): readonly Token[] {
  return [...value.matchAll(/"([^"]*)"?|[()]|[^\s()"]+/g)].map(([text, phrase], i, all) => {
    const position = (all[i]?.index ?? 0) + 1;
    if (phrase !== undefined) return { kind: 'term', text: phrase, position };
    return { kind: operators.get(text.toLowerCase()) ?? 'term', text, position };
  });
}

const operators: ReadonlyMap<string, Token['kind']> = new Map(
  (['and', 'or', 'not', '(', ')'] as const).map((kind) => [kind, kind]),
);
