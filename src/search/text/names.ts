import { fold } from './fold.ts';
import { withoutSurname } from './pinyin.ts';

const lettersAlone = /^[A-Za-z\u3400-\u4dbf\u4e00-\u9fff]*$/;
/** White space, punctuation, and apostrophes that Unicode counts as letters. */
const separators = /[\s\p{P}\p{S}\u02b9-\u02bf]+/gu;
/** What parts the words of a name; an apostrophe or a dot stands within one, but for a dot in a Chinese name. */
const betweenWords = /[\s\p{Pd}·•・‧∙⋅|,;/]+|(?<=\p{Script=Han})\.+/u;
/** Words, and characters, of one name that count. */
const maxWords = 8;
const maxLength = 100;
/** Words of given names of which some may be left out. */
const maxGivens = 4;

/** The form in which the whole of a name is kept and asked for: folded, without what stands between syllables and words. */
export function closed(name: string): string {
  const folded = fold(name);
  return lettersAlone.test(folded) ? folded : folded.replace(separators, '');
}

/** The words of a name, closed. */
export function wordsOfName(name: string): readonly string[] {
  if (lettersAlone.test(name)) return [fold(name)];
  const words = fold(name.slice(0, maxLength)).split(betweenWords, maxWords + 1);
  return words.map(closed).filter((word) => word !== '');
}

/** Whether it is one word as it stands, letters of ASCII or Chinese characters. */
export function isOneWord(name: string): boolean {
  return lettersAlone.test(name);
}

/** The words of a name with Chinese characters as they are written, its surname, or what stands first, moved to the end. */
export function givenFirst(text: string): readonly string[] {
  const rest = withoutSurname(text);
  if (rest !== undefined) return [rest, text.slice(0, -rest.length)];
  const [first = '', ...more] = text.split(separators, maxWords).filter((word) => word !== '');
  return more.length === 0 ? [] : [...more, first];
}

/** A name from each of its words on, which those before it follow. */
export function inAnyOrder(words: readonly string[]): readonly string[] {
  const some = words.slice(0, maxWords);
  return some.map((_, i) => [...some.slice(i), ...some.slice(0, i)].join(''));
}

/**
 * Given names that follow each other before the family name, and the last ones after it, where the whole in any order has other
 * given names between.
 */
export function withoutMiddle(givens: readonly string[], family: string): readonly string[] {
  if (givens.length < 2) return [];
  const some = givens.slice(0, maxGivens);
  const runs = some.slice(0, -1).flatMap((_, i) => some.slice(i, -1).map((_, n) => some.slice(i, i + n + 1).join('')));
  const last = some.slice(1).map((_, i) => some.slice(i + 1).join(''));
  return [...runs.map((run) => run + family), ...last.map((run) => family + run)];
}

const umlauts: Readonly<Record<string, string>> = { ä: 'ae', ö: 'oe', ü: 'ue', ø: 'oe', å: 'aa' };

/** A name, and how it is written where its umlauts are not at hand: Müller, Mueller; Sørensen, Soerensen (as ICAO 9303-3 does). */
export function spellings(name: string): readonly string[] {
  if (lettersAlone.test(name)) return [name];
  const composed = name.normalize('NFC');
  const other = composed.replace(/[äöüøå]/giu, (letter) => umlauts[letter.toLowerCase()] ?? letter);
  return other === composed ? [name] : [name, other];
}
