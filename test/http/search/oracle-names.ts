import { fieldsOf, listOf } from './oracle-world.ts';

/** How the Chinese characters of the vocabulary are read. */
const syllables: Readonly<Record<string, string>> = {
  张: 'zhang',
  李: 'li',
  诸: 'zhu',
  葛: 'ge',
  三: 'san',
  丰: 'feng',
};

const surnames = ['张', '張', '李', '诸葛', '諸葛'];

/** Beginnings of readings and of initials of names that can be made of them. */
export const askedReadings = [
  'zhang',
  'zhangsan',
  'zhangfeng',
  'zs',
  'li',
  'lisan',
  'ls',
  'zhuge',
  'zhugef',
  'zgs',
  'san',
];

/** Whole names, in some order, with and without what stands between words, as others spell them. */
export const askedWholes = [
  ...['张三', '三张', '張 三', '三豐・張', '诸葛三丰', '諸葛·三', '三诸葛', '丰三'],
  ...['WEISS Ute', 'ute weiß', 'utemariaweiss', 'Juergensen', 'Bø Jürgensen', 'boe', 'Mueller', 'mueller-emil'],
  ...['okey', 'O’Key', 'Key O Ute', 'thorgeirlos', 'Los Þorgeir', 'κωστοπουλοσ', 'Κώστας Κωστόπουλος'],
];

const han = /\p{Script=Han}/u;

/** Without what stands within and between words and syllables. */
function closed(text: string): string {
  return text.replace(/[\s\p{P}]+/gu, '');
}

/** How a string is compared with what is asked. */
export type Comparing = 'starts' | 'contains' | 'ends' | 'equals';

export function compares(how: Comparing, text: string, asked: string): boolean {
  if (how === 'starts') return text.startsWith(asked);
  if (how === 'ends') return text.endsWith(asked);
  return how === 'equals' ? text === asked : text.includes(asked);
}

/** Umlauts, where they are not at hand. */
function spelledOut(name: string): string {
  const two: Readonly<Record<string, string>> = { ä: 'ae', ö: 'oe', ü: 'ue', ø: 'oe', å: 'aa' };
  return name.normalize('NFC').replace(/[äöüøå]/gi, (letter) => two[letter.toLowerCase()] ?? letter);
}

/**
 * Whether a person's name, a family or a given name is what was asked for besides by its texts: without punctuation, with umlauts
 * spelled out, as a whole in any order of its words (R4 search.html has Quinones find "Carreno Quinones"), and as it is read, in
 * full or by its initials. One Latin word is looked for at the
 * beginning of wholes and readings alone, unless it may have an umlaut spelled out.
 */
export function isNamed(
  name: unknown,
  texts: readonly string[],
  asked: string,
  how: Comparing,
  fold: (text: string) => string,
): boolean {
  const { wholes, read } = partsOf(name);
  const spelled = [...new Set([asked, spelledOut(asked)])];
  const written = spelled.flatMap((text) => [fold(text), closed(fold(text))]).filter((text) => text !== '');
  if (texts.some((text) => written.some((one) => compares(how, fold(text), one)))) return true;
  const wanted = spelled.filter((text) => {
    const [folded, whole] = [fold(text), closed(fold(text))];
    if (how === 'starts') return /^\p{L}+$/u.test(whole);
    return whole.length > 1 && (/[^a-z]|[aou]e|aa/.test(whole) || whole !== folded);
  });
  const known = [...wholes.flatMap((words) => orders(words, fold)), ...read.flatMap((text) => readings(fold(text)))];
  return wanted.some((text) => known.some((one) => compares(how, one, closed(fold(text)))));
}

/** From each word on, which those before it follow; with umlauts as they are, and spelled out. */
function orders(parts: readonly string[], fold: (text: string) => string): readonly string[] {
  return [parts, parts.map(spelledOut)].flatMap((spelled) => {
    const words = spelled.flatMap((part) => fold(part).split(/[\s·•・-]+/u)).map(closed);
    return words.map((_, i) => [...words.slice(i), ...words.slice(0, i)].join(''));
  });
}

/** A Chinese family name stands before the given one without a blank. */
function partsOf(name: unknown): { readonly wholes: readonly (readonly string[])[]; readonly read: readonly string[] } {
  if (typeof name === 'string') return { wholes: [[name]], read: [name] };
  const { text, family, given } = fieldsOf(name);
  const isText = (part: unknown): part is string => typeof part === 'string';
  const givens = listOf(given).filter(isText);
  const joined = isText(family) && givens.length > 0 ? [[family, ...givens].join(han.test(family) ? '' : ' ')] : [];
  const surname =
    isText(text) && /^\p{Script=Han}+$/u.test(text) ? surnames.find((s) => text.startsWith(s)) : undefined;
  const rest = isText(text) && surname !== undefined ? text.slice(surname.length) : '';
  const whole = isText(text) ? [surname === undefined || rest === '' ? [text] : [surname, rest]] : [];
  return {
    wholes: [...whole, [...givens, family].filter(isText)],
    read: [text, family, ...joined, ...givens, givens.length === 0 ? rest : undefined].filter(isText),
  };
}

/** In full, and by the initials of two syllables or more; of texts with Chinese characters alone. */
function readings(text: string): readonly string[] {
  if (!han.test(text)) return [];
  const pieces = (text.match(/\p{Script=Han}|(?:(?!\p{Script=Han})\p{L})+/gu) ?? []).map(
    (piece) => syllables[piece] ?? piece,
  );
  const full = pieces.join('');
  return pieces.length < 2 ? [full] : [full, pieces.map((piece) => piece.charAt(0)).join('')];
}
