import { createRequire } from 'node:module';
import { foldLetters, simplify } from './fold.ts';
import { memoizeText } from './memoize.ts';

interface PinyinLibrary {
  readonly pinyin: typeof import('pinyin-pro').pinyin;
  readonly polyphonic: typeof import('pinyin-pro').polyphonic;
  readonly surnames: Readonly<Record<string, string>>;
}

/** Loaded when a Chinese name first comes: its dictionary takes some 35 MB and 50 ms. */
let library: PinyinLibrary | undefined;

function load(): PinyinLibrary {
  if (library !== undefined) return library;
  const require = createRequire(import.meta.url);
  const { default: surnames } = require('pinyin-pro/dist/esm/data/surname.mjs');
  library = { ...require('pinyin-pro'), surnames } as PinyinLibrary;
  return library;
}

/** What a text is: a `person`'s name begins with the surname, anything else is `plain`, a given name too. */
export type NameReading = 'person' | 'plain';

/** The most readings of one text; the likelier are kept. */
const maxReadings = 8;
/** Characters of one text; what follows is not read. */
const maxLength = 32;

const han = /\p{Script=Han}/u;
const runs = /\p{Script=Han}+|(?:(?!\p{Script=Han})[\p{L}\p{N}])+/gu;

/**
 * The ways to read a text with Chinese characters, likelier ones first: a syllable for each such character (`ü` as `v`), the
 * words of other scripts as they are, folded. None for a text without Chinese characters.
 */
export function syllables(text: string, as: NameReading = 'person'): readonly (readonly string[])[] {
  return combinations(asChoices[as](text));
}

/**
 * How a Chinese name is written in Latin letters without tones and blanks, and its initials: 张三 as `zhangsan` and `zs`. Of
 * `ü` each form in use: 吕 as `lv` (typed), `lu` (without the dots) and `lyu` (passports). A surname has its reading as one
 * (单 `shan`, 欧阳 `ouyang`), any other character its reading in context and all others it has.
 */
export function readings(text: string, as: NameReading = 'person'): readonly string[] {
  return asReadings[as](text);
}

const asChoices = of(choices);

/** The same without the initials. */
export function readInFull(text: string, as: NameReading): readonly string[] {
  return asLetters[as](text);
}

const inLetters = (text: string, as: NameReading) =>
  combinations(asChoices[as](text).map((c) => c.flatMap(spellings))).map((read) => read.join(''));
const asLetters = of(inLetters);

const asReadings = of((text, as) => {
  const letters = inLetters(text, as);
  // The initial of one character is the beginning of its reading.
  const initials = syllables(text, as).map((read) => (read.length < 2 ? '' : read.map(initial).join('')));
  return [...new Set([...letters, ...initials])].filter((reading) => reading !== '');
});

function of<V>(make: (text: string, as: NameReading) => V): Readonly<Record<NameReading, (text: string) => V>> {
  return { person: memoizeText((text) => make(text, 'person')), plain: memoizeText((text) => make(text, 'plain')) };
}

function initial(part: string): string {
  return String.fromCodePoint(part.codePointAt(0) ?? 0);
}

function spellings(syllable: string): readonly string[] {
  return /^[ln]ve?$/.test(syllable) ? ['v', 'u', 'yu'].map((u) => syllable.replace('v', u)) : [syllable];
}

/** What each part of the text may be read as. */
function choices(text: string, as: NameReading): readonly (readonly string[])[] {
  const cut = foldLetters(text.slice(0, maxLength));
  if (!hasHan(cut)) return [];
  const found = cut.match(runs) ?? [];
  const first = found.find((run) => han.test(run));
  return found.flatMap((run) => (han.test(run) ? ofCharacters(run, as === 'person' && run === first) : [[run]]));
}

const form = { type: 'array', toneType: 'none', v: true, toneSandhi: false } as const;

/** Of each character in a run of Chinese ones; one that the dictionary does not have drops out. */
function ofCharacters(run: string, withSurname: boolean): (readonly string[])[] {
  const { pinyin } = load();
  const surname = withSurname ? surnameLength(run) : 0;
  // The dictionary of surnames has simplified characters alone; elsewhere they may have other readings (著 zhu, 着 zhao).
  const written = surname === 0 ? run : simplify(run.slice(0, surname)) + run.slice(surname);
  const inContext = pinyin(written, { ...form, surname: surname > 0 ? 'head' : 'off' });
  return [...run].flatMap((character, i) => {
    const others = i < surname ? [] : readingsOf(character);
    const known = [...new Set([inContext[i] ?? '', ...others])].filter((reading) => /^[a-z]+$/.test(reading));
    return known.length === 0 ? [] : [known];
  });
}

/** The given name of a Chinese name: what follows the surname; undefined where it has no surname, or is no Chinese name. */
export const withoutSurname: (name: string) => string | undefined = memoizeText((name) => {
  if (!/^\p{Script=Han}{2,6}$/u.test(name)) return undefined;
  const length = surnameLength(name);
  return length === 0 || length === name.length ? undefined : name.slice(length);
});

const firstOfHan = 0x2e80;

export function hasHan(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= firstOfHan) return han.test(text);
  return false;
}

function surnameLength(name: string): number {
  const { surnames } = load();
  const isSurname = (text: string) => Object.hasOwn(surnames, simplify(text));
  if (isSurname(name.slice(0, 2))) return 2;
  return isSurname(name.slice(0, 1)) ? 1 : 0;
}

const readingsOf = memoizeText((character) => load().polyphonic(character, form)[0] ?? []);

/** Every choice with every other, those of the likelier parts first. */
export function combinations(choices: readonly (readonly string[])[]): readonly (readonly string[])[] {
  if (choices.length === 0) return [];
  let best: readonly { readonly of: readonly string[]; readonly rank: number }[] = [{ of: [], rank: 0 }];
  for (const choice of choices) {
    const longer = best.flatMap((b) => choice.map((c, i) => ({ of: [...b.of, c], rank: b.rank + i })));
    best = choice.length < 2 ? longer : longer.sort((a, b) => a.rank - b.rank).slice(0, maxReadings);
  }
  return best.map((b) => b.of);
}
