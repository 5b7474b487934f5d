/** Resident ID numbers (GB 11643): 18 digits, the last of which may be X, or 15 of before 2000; in whatever way they are spelled. */

/** A digit, or an X, and where it stands in its text. */
interface Sign {
  /** `0` to `9`, or `X`. */
  readonly value: string;
  readonly start: number;
  readonly end: number;
  /** Characters between it and the sign before: Infinity where there is none, or a letter. */
  readonly gap: number;
}

/** From the first sign to the last. */
interface Span {
  readonly first: number;
  readonly last: number;
}

/** Provinces and the like (GB/T 2260), 83 and 9: residence permits of Taiwan, and of foreigners. */
const regions = new Set(
  '11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83 91'.split(
    ' ',
  ),
);

const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/** The check digit of the first 17 (ISO 7064, MOD 11-2). */
function checkDigit(digits: string): string {
  const sum = weights.reduce((all, weight, i) => all + weight * Number(digits[i]), 0);
  return '10X98765432'[sum % 11] ?? '';
}

/** Whether region and date of birth are possible. */
function isPossible(digits: string): boolean {
  const date = digits.length < 17 ? `19${digits.slice(6, 12)}` : digits.slice(6, 14);
  const [year, month, day] = [date.slice(0, 4), date.slice(4, 6), date.slice(6)].map(Number) as [
    number,
    number,
    number,
  ];
  if (!regions.has(digits.slice(0, 2)) || year < 1870 || year > 2100 || month < 1 || month > 12) return false;
  return day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** Characters that may stand between two signs of 18, and of 15, which have no check digit to know them by: a dot is too many, for OIDs. */
const [widest, narrowest] = [3, 1];

/**
 * Numbers that stand in a text with region, date and check digit as they must be; 15 digits have no check digit. UUIDs, of which tens in
 * a million have such digits by chance, hold none.
 */
export function holdsResidentNumber(text: string): boolean {
  if (!mayHold(text)) return false;
  const signs = signsOf(text.replace(uuid, 'uuid'));
  return signs.some((_, at) => {
    const long = longAt(signs, at);
    if (long !== undefined && checkDigit(valuesOf(signs, at, 17)) === signs[long.last]?.value) return true;
    return shortAt(signs, at) !== undefined;
  });
}

/** Of any version and variant, since many programs make theirs of random digits alone. */
const uuid = /\b[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}\b/gi;

/**
 * Masks resident ID numbers, mistyped ones too: 15 digits and more in a row whatever they say, and, with blanks or hyphens or the like
 * between them, those that begin with a region and a date of birth.
 */
export function mask(text: string): string {
  if (!mayHold(text)) return text;
  const signs = signsOf(text);
  let [masked, copied] = ['', 0];
  for (let at = 0; at < signs.length; at++) {
    const span = rowAt(signs, at) ?? longAt(signs, at) ?? shortAt(signs, at);
    const [kept, end] = [signs[at + 5], signs[span?.last ?? at]];
    if (span === undefined || kept === undefined || end === undefined) continue;
    masked += `${text.slice(copied, kept.end)}…`;
    copied = end.end;
    at = span.last;
  }
  return masked + text.slice(copied);
}

/** A look that costs little: most texts have no 15 digits without a letter among them. */
function mayHold(text: string): boolean {
  let digits = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    // Escapes have letters of their own.
    if (code === 0x25 || code === 0x26 || code === 0x5c) return /\d/.test(text);
    if ((code >= 0x30 && code <= 0x39) || code > 0x7f) digits++;
    else if ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a) digits = 0;
    if (digits >= 15) return true;
  }
  return false;
}

/** 15 digits or more in a row. */
function rowAt(signs: readonly Sign[], first: number): Span | undefined {
  let last = first;
  while (signs[last]?.value !== 'X' && signs[last + 1]?.gap === 0) last++;
  const digits = signs[last]?.value === 'X' ? last - first : last - first + 1;
  return digits >= 15 ? { first, last } : undefined;
}

function longAt(signs: readonly Sign[], first: number): Span | undefined {
  const last = first + 17;
  if (!isJoined(signs, first, last, widest)) return undefined;
  const digits = valuesOf(signs, first, 17);
  return !digits.includes('X') && isPossible(digits) ? { first, last } : undefined;
}

/** No part of other digits on either side. */
function shortAt(signs: readonly Sign[], first: number): Span | undefined {
  const last = first + 14;
  if (signs[first]?.gap === 0 || signs[last + 1]?.gap === 0 || !isJoined(signs, first, last, narrowest))
    return undefined;
  const digits = valuesOf(signs, first, 15);
  return !digits.includes('X') && isPossible(digits) ? { first, last } : undefined;
}

function isJoined(signs: readonly Sign[], first: number, last: number, most: number): boolean {
  if (last >= signs.length) return false;
  for (let i = first + 1; i <= last; i++) if ((signs[i]?.gap ?? most + 1) > most) return false;
  return true;
}

function valuesOf(signs: readonly Sign[], first: number, count: number): string {
  let values = '';
  for (let i = first; i < first + count; i++) values += signs[i]?.value ?? '';
  return values;
}

/** Characters, and what stands for them in URLs, JSON and XML. */
const character = /(?:%[0-9a-f]{2})+|\\u[0-9a-f]{4}|&#x?[0-9a-f]{1,8};|./gisu;

function signsOf(text: string): Sign[] {
  const signs: Sign[] = [];
  let gap = Number.POSITIVE_INFINITY;
  const add = (char: string, start: number, end: number) => {
    for (const value of plain(char)) {
      if (isSign(value)) {
        signs.push({ value, start, end, gap });
        gap = 0;
      } else gap += letter.test(value) ? Number.POSITIVE_INFINITY : value === '.' ? narrowest + 1 : 1;
    }
  };
  for (const { 0: found, index } of text.matchAll(character)) {
    let start = index;
    for (const [char, length] of decoded(found)) {
      add(char, start, start + length);
      start += length;
    }
  }
  return signs;
}

const letter = /\p{L}/u;

function isSign(value: string): boolean {
  return value === 'X' || (value >= '0' && value <= '9');
}

/** What a match of `character` says, and how much of the text each character of it takes. */
function decoded(found: string): readonly (readonly [string, number])[] {
  if (found.length < 3) return [[found, found.length]];
  if (found.startsWith('%')) {
    return [...bytesOf(found)].map((char) => [char, 3 * Buffer.byteLength(char)]);
  }
  const [, hexadecimal, decimal] = /^(?:\\u|&#x)([0-9a-f]+)|^&#(\d+)/i.exec(found) ?? [];
  const code = hexadecimal === undefined ? Number(decimal) : Number.parseInt(hexadecimal, 16);
  return [[code <= 0x10ffff ? String.fromCodePoint(code) : ' ', found.length]];
}

/** Of bytes that are no UTF-8, those that are ASCII. */
function bytesOf(escaped: string): string {
  try {
    return decodeURIComponent(escaped);
  } catch {
    return Buffer.from(escaped.replaceAll('%', ''), 'hex')
      .toString('latin1')
      .replace(/[^\0-\x7f]/g, ' ');
  }
}

const chinese = '〇一二三四五六七八九';

/** A character in its plain form: digits of all scripts and widths, and what is taken for an X. */
function plain(char: string): string {
  if (char <= '\x7f') return char.toUpperCase();
  const form = char.normalize('NFKC').toUpperCase();
  if (/^[ХΧ×]$/.test(form)) return 'X';
  if (form === '零') return '0';
  return form.replace(/[〇一二三四五六七八九]/g, (c) => String(chinese.indexOf(c))).replace(/\p{Nd}/gu, decimalOf);
}

/** The digits of a script stand together, from its zero on. */
function decimalOf(digit: string): string {
  const code = digit.codePointAt(0) ?? 0;
  let before = 0;
  while (/\p{Nd}/u.test(String.fromCodePoint(code - before - 1))) before++;
  return String(before % 10);
}
