import { createRequire } from 'node:module';
import { fold } from './fold.ts';
import { memoizeText } from './memoize.ts';
import { combinations, type NameReading, syllables } from './pinyin.ts';

/** Characters of one text; what follows is not heard. */
const maxLength = 64;
/** The most ways to divide one word into syllables. */
const maxDivisions = 8;

/**
 * The keys under which a text is found by its sound, and that a search by sound asks for: two texts sound alike if they have a
 * key in common, and a text begins like another if its key does. Chinese, and Latin letters that divide into syllables of
 * pinyin, give their syllables without tones and without the differences that many speakers do not make (`zan'san'`); Latin
 * words give their Double Metaphone codes, in any order (`jn.sm0.`).
 */
export function sounds(text: string, as: NameReading = 'person'): readonly string[] {
  return heard[as](text);
}

const heard = {
  person: memoizeText((text) => keysOf(text, 'person')),
  plain: memoizeText((text) => keysOf(text, 'plain')),
} as const;

function keysOf(text: string, as: NameReading): readonly string[] {
  const cut = text.slice(0, maxLength);
  const chinese = syllables(cut, as).map((read) => read.map(alike));
  if (chinese.length > 0) return unique(chinese.map(pinyinKey));
  const words = wordsIn(cut);
  const divided = words.map((word) => divisions(word).map(pinyinKey));
  const coded = words.map(codes).filter((c) => c.length > 0);
  return unique([...joined(divided), ...joined(coded, byLetters)]);
}

/** The Latin words of a text, each of which may be searched alone. */
export function wordsIn(text: string): readonly string[] {
  return fold(text).match(/[a-z]+/g) ?? [];
}

function unique(keys: readonly string[]): readonly string[] {
  return [...new Set(keys)];
}

function joined(choices: readonly (readonly string[])[], sort?: (a: string, b: string) => number): string[] {
  return combinations(choices).map((parts) => (sort === undefined ? parts : [...parts].sort(sort)).join(''));
}

function byLetters(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function pinyinKey(syllables: readonly string[]): string {
  return syllables.map((syllable) => `${syllable}'`).join('');
}

/**
 * A syllable without the differences of the usual "fuzzy" pinyin: zh ch sh are z c s, n is l at the beginning, ang eng ing are an
 * en in (with them iang and uang). f and h, l and r stay apart: fewer speakers confuse them. ü is u.
 */
const alike = memoizeText((syllable) =>
  syllable
    .replace(/^([zcs])h/, '$1')
    .replace(/^n(?=[aeiouvy])/, 'l')
    .replace(/([aei])ng$/, '$1n')
    .replace(/^ly?[uv]/, 'lu')
    .replace('v', 'u'),
);

/** The finals that each initial goes with. */
const finals: Readonly<Record<string, string>> = {
  '': 'a ai an ang ao e ei en eng er o ou',
  b: 'a ai an ang ao ei en eng i ian iao ie in ing o u',
  p: 'a ai an ang ao ei en eng i ian iao ie in ing o ou u',
  m: 'a ai an ang ao e ei en eng i ian iao ie in ing iu o ou u',
  f: 'a an ang ei en eng o ou u',
  d: 'a ai an ang ao e ei en eng i ia ian iao ie ing iu ong ou u uan ui un uo',
  t: 'a ai an ang ao e eng i ian iao ie ing ong ou u uan ui un uo',
  n: 'a ai an ang ao e ei en eng i ian iang iao ie in ing iu ong ou u uan uo v ve',
  l: 'a ai an ang ao e ei eng i ia ian iang iao ie in ing iu ong ou u uan un uo v ve',
  g: 'a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo',
  k: 'a ai an ang ao e en eng ong ou u ua uai uan uang ui un uo',
  h: 'a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo',
  j: 'i ia ian iang iao ie in ing iong iu u uan ue un',
  q: 'i ia ian iang iao ie in ing iong iu u uan ue un',
  x: 'i ia ian iang iao ie in ing iong iu u uan ue un',
  zh: 'a ai an ang ao e ei en eng i ong ou u ua uai uan uang ui un uo',
  ch: 'a ai an ang ao e en eng i ong ou u ua uai uan uang ui un uo',
  sh: 'a ai an ang ao e ei en eng i ong ou u ua uai uan uang ui un uo',
  r: 'an ang ao e en eng i ong ou u uan ui un uo',
  z: 'ei',
  y: 'a an ang ao e i in ing o ong ou u uan ue un',
  w: 'a ai an ang ao ei en eng o u',
};

/** Every syllable of pinyin, and so what is said for it where the differences are not made: `zuang` is `zhuang`. */
const known: ReadonlySet<string> = new Set(
  Object.entries(finals).flatMap(([initial, list]) => list.split(' ').map((final) => alike(initial + final))),
);
const longestSyllable = 6;

/** The ways to divide a word into syllables, `xian` as one or as `xi an`; none if it is no pinyin. */
function divisions(word: string): readonly (readonly string[])[] {
  const from: (readonly (readonly string[])[])[] = [];
  from[word.length] = [[]];
  for (let at = word.length - 1; at >= 0; at--) {
    const found: (readonly string[])[] = [];
    for (let end = Math.min(word.length, at + longestSyllable); end > at; end--) {
      const syllable = alike(word.slice(at, end));
      if (known.has(syllable)) for (const rest of from[end] ?? []) found.push([syllable, ...rest]);
    }
    from[at] = found.slice(0, maxDivisions);
  }
  return from[0] ?? [];
}

let metaphone: typeof import('double-metaphone') | undefined;

function codes(word: string): string[] {
  metaphone ??= createRequire(import.meta.url)('double-metaphone') as typeof import('double-metaphone');
  const found = metaphone.doubleMetaphone(word).filter((code) => code !== '');
  return [...unique(found)].map((code) => `${code.toLowerCase()}.`);
}
