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
  'sanzhang',
  'san feng zhang',
  'fengzhuge',
];

/** Whole names, in some order, with and without what stands between words, as others spell them. */
export const askedWholes = [
  ...['张三', '三张', '張 三', '三豐・張', '诸葛三丰', '諸葛·三', '三诸葛', '丰三'],
  ...[
    'WEISS Ute',
    'ute weiß',
    'maria weiss',
    'weiss maria',
    'utemariaweiss',
    'Juergensen',
    'Bø Jürgensen',
    'boe',
    'Mueller',
    'mueller-emil',
  ],
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
 * full (with the given name first too) or by its initials, and without its middle names. One Latin word is looked for at the
 * beginning of wholes and readings alone, unless it may have an umlaut spelled out.
 */
export function isNamed(
  name: unknown,
  texts: readonly string[],
  asked: string,
  how: Comparing,
  fold: (text: string) => string,
): boolean {
  const { wholes, read, givenFirst } = partsOf(name);
  const spelled = [...new Set([asked, spelledOut(asked)])];
  const written = spelled.flatMap((text) => [fold(text), closed(fold(text))]).filter((text) => text !== '');
  if (texts.some((text) => written.some((one) => compares(how, fold(text), one)))) return true;
  const known = [
    ...wholes.flatMap((whole) => orders(whole, fold)),
    ...read.flatMap((text) => readings(fold(text))),
    ...givenFirst.flatMap((text) => readings(fold(text)).slice(0, 1)),
  ];
  return spelled.some((text) => {
    const [folded, whole] = [fold(text), closed(fold(text))];
    const isWithin = whole.length > 1 && (/[^a-z]|[aou]e|aa/.test(whole) || whole !== folded);
    const applied = how === 'contains' && /^[a-z]{2,}$/.test(whole) && !isWithin ? 'starts' : how;
    if (applied === 'starts' ? !/^\p{L}+$/u.test(whole) : !isWithin) return false;
    return known.some((one) => compares(applied, one, whole));
  });
}

/** The parts of a name; without a family name, its last word may be one if it is a whole. */
interface Whole {
  readonly parts: readonly string[];
  readonly family?: string;
  readonly isText?: boolean;
}

/**
 * From each word on, which those before it follow; and without some given names, of which those that stay stand together before
 * the family name, or are the last ones after it. With umlauts as they are, and spelled out.
 */
function orders({ parts, family, isText }: Whole, fold: (text: string) => string): readonly string[] {
  return [(text: string) => text, spelledOut].flatMap((spell) => {
    const wordsOf = (part: string) =>
      fold(spell(part))
        .split(/[\s·•・-]+/u)
        .map(closed);
    const ofParts = parts.flatMap(wordsOf);
    const words = [...ofParts, ...(family === undefined ? [] : wordsOf(family))];
    const rotated = words.map((_, i) => [...words.slice(i), ...words.slice(0, i)].join(''));
    const givens = isText ? ofParts.slice(0, -1) : ofParts;
    const last = isText ? (ofParts.at(-1) ?? '') : words.slice(ofParts.length).join('');
    if (last === '' || han.test(last)) return rotated;
    const runs = givens.flatMap((_, from) =>
      givens.slice(from).map((_, n) => givens.slice(from, from + n + 1).join('')),
    );
    return [...rotated, ...runs.map((run) => run + last), ...givens.map((_, i) => last + givens.slice(i).join(''))];
  });
}

/** A Chinese family name stands before the given one without a blank. */
function partsOf(name: unknown): {
  readonly wholes: readonly Whole[];
  readonly read: readonly string[];
  readonly givenFirst: readonly string[];
} {
  if (typeof name === 'string') return { wholes: [{ parts: [name] }], read: [name], givenFirst: [] };
  const { text, family, given } = fieldsOf(name);
  const isText = (part: unknown): part is string => typeof part === 'string';
  const givens = listOf(given).filter(isText);
  const joined = isText(family) && givens.length > 0 ? [[family, ...givens].join(han.test(family) ? '' : ' ')] : [];
  const surname =
    isText(text) && /^\p{Script=Han}+$/u.test(text) ? surnames.find((s) => text.startsWith(s)) : undefined;
  const rest = isText(text) && surname !== undefined ? text.slice(surname.length) : '';
  const whole = isText(text)
    ? [surname === undefined || rest === '' ? { parts: [text], isText: true } : { parts: [surname, rest] }]
    : [];
  const [first = '', ...more] = isText(text) ? text.split(/[\s·・]+/u) : [];
  const turned = surname === undefined || rest === '' ? [...more, first].join('') : rest + surname;
  return {
    wholes: [...whole, { parts: givens, ...(isText(family) && { family }) }],
    read: [text, family, ...joined, ...givens, givens.length === 0 ? rest : undefined].filter(isText),
    givenFirst: [turned, ...(isText(family) && givens.length > 0 ? [[...givens, family].join('')] : [])],
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
