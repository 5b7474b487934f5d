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

/** A name that has Chinese characters is also found by its reading, or by the initials of two syllables and more. */
export function reads(name: unknown, asked: string): boolean {
  const { text, family, given } = fieldsOf(name);
  const whole = [family, ...listOf(given)].filter((part) => typeof part === 'string').join(' ');
  const texts = [text, family, ...listOf(given), whole].filter((part) => typeof part === 'string');
  return texts.some((part) => {
    const found = part.match(/\p{Script=Han}|\p{Script=Latin}+/gu) ?? [];
    if (!/\p{Script=Han}/u.test(part)) return false;
    const syllablesOf = found.map((piece) => syllables[piece] ?? piece.toLowerCase());
    const initials = syllablesOf.length < 2 ? '' : syllablesOf.map((s) => s.charAt(0)).join('');
    return syllablesOf.join('').startsWith(asked) || initials.startsWith(asked);
  });
}
