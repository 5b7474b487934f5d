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

const surnames = ['张', '李', '诸葛'];

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

const han = /\p{Script=Han}/u;

/** Without what stands between words and syllables. */
function closed(text: string): string {
  return text.replace(/[\s'·•・-]+/gu, '');
}

/**
 * How a person's name, a family or a given name may begin besides its text: at each of its words (R4 search.html has Quinones
 * find "Carreno Quinones"), with the given name of a Chinese text, and as it is read, in full or by its initials. `asked` and
 * the names are folded.
 */
export function begins(name: unknown, asked: string, fold: (text: string) => string): boolean {
  if (!/^\p{L}[\p{L}\s'·•・-]*$/u.test(asked)) return false;
  const start = closed(asked);
  const { whole, within } = partsOf(name);
  const texts = [...whole, ...within];
  const words = whole.flatMap((text) => {
    const all = fold(text).split(/[\s·•・-]+/u);
    return all.slice(1).map((_, i) => closed(all.slice(i + 1).join('')));
  });
  return [...words, ...within.map(fold), ...texts.flatMap((t) => readings(fold(t)))].some((t) => t.startsWith(start));
}

/** A Chinese family name stands before the given one without a blank. */
function partsOf(name: unknown): { readonly whole: readonly string[]; readonly within: readonly string[] } {
  if (typeof name === 'string') return { whole: [name], within: [] };
  const { text, family, given } = fieldsOf(name);
  const isText = (part: unknown): part is string => typeof part === 'string';
  const givens = listOf(given).filter(isText);
  const joined = isText(family) && givens.length > 0 ? [[family, ...givens].join(han.test(family) ? '' : ' ')] : [];
  const whole = [text, family, ...joined, ...givens].filter(isText);
  const surname =
    isText(text) && /^\p{Script=Han}+$/u.test(text) ? surnames.find((s) => text.startsWith(s)) : undefined;
  const rest = isText(text) && surname !== undefined && givens.length === 0 ? text.slice(surname.length) : '';
  return { whole, within: rest === '' ? [] : [rest] };
}

/** In full, and by the initials of two syllables or more; of texts with Chinese characters alone. */
function readings(text: string): readonly string[] {
  if (!han.test(text)) return [];
  const pieces = (text.match(/\p{Script=Han}|\p{Script=Latin}+/gu) ?? []).map((piece) => syllables[piece] ?? piece);
  const full = pieces.join('');
  return pieces.length < 2 ? [full] : [full, pieces.map((piece) => piece.charAt(0)).join('')];
}
