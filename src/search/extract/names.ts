import { fold } from '../text/fold.ts';
import { sounds, wordsIn } from '../text/phonetic.ts';
import { hasHan, type NameReading, readings, withoutSurname } from '../text/pinyin.ts';
import type { Value } from './convert.ts';
import type { TypedElement } from './walk.ts';

/** Pieces of names as they are asked for. */
interface NamePart {
  readonly text: string;
  readonly as: NameReading;
  /** It stands within another part, and nowhere alone. */
  readonly isWithin?: boolean;
}

/**
 * How else a HumanName, its family or its given name may begin when it is asked for: its readings, its later words ("Quinones"
 * of "Carreno Quinones"), and the given name of a Chinese text; none of anything else.
 */
export function nameBeginnings(value: unknown, place: TypedElement): readonly Value[] {
  const parts = nameParts(value, place);
  const later = parts.flatMap(({ text, isWithin }) => [...(isWithin ? [text] : []), ...laterWords(text)]);
  return later.length === 0 ? readingsOf(parts) : [...readingsOf(parts), ...later.map(string)];
}

/** The form in which such a beginning is kept and asked for: folded, without what stands between syllables and words. */
export function beginning(text: string): string {
  return fold(text).replace(separators, '');
}

const separators = /[\s'·•・-]+/gu;
const parted = /[\s·•・-]/u;
/** Words, and characters, of one name that count. */
const maxWords = 8;
const maxLength = 100;

/** From each word but the first to the end. */
function laterWords(text: string): readonly string[] {
  if (!parted.test(text)) return [];
  const words = fold(text.slice(0, maxLength))
    .split(/[\s·•・-]+/u, maxWords)
    .map(beginning);
  return words.flatMap((_, i) => (i === 0 ? [] : [words.slice(i).join('')])).filter((word) => word !== '');
}

/** The readings of a name or another string. */
export function textReadings(value: unknown, place: TypedElement): readonly Value[] {
  return readingsOf(partsOf(value, place));
}

/** The sounds of a name or another string, as a whole and for each Latin word. */
export function soundsIn(value: unknown, place: TypedElement): readonly Value[] {
  return partsOf(value, place).flatMap(({ text, as }) => {
    const words = hasHan(text) ? [] : wordsIn(text);
    return [text, ...(words.length < 2 ? [] : words)].flatMap((t) => sounds(t, as)).map(string);
  });
}

function readingsOf(parts: readonly NamePart[]): readonly Value[] {
  return parts.flatMap(({ text, as }) => readings(text, as)).map(string);
}

function string(text: string): Value {
  return { kind: 'string', value: text, exact: text };
}

function partsOf(value: unknown, place: TypedElement): readonly NamePart[] {
  const parts = nameParts(value, place);
  return parts.length === 0 && typeof value === 'string' ? [{ text: value, as: 'plain' }] : parts;
}

function nameParts(value: unknown, { type, member }: TypedElement): readonly NamePart[] {
  if (type === 'HumanName') return ofHumanName(value);
  if (typeof value !== 'string') return [];
  if (member === 'HumanName.text' || member === 'HumanName.family') return [{ text: value, as: 'person' }];
  return member === 'HumanName.given' ? [{ text: value, as: 'plain' }] : [];
}

/** The whole name is `text`, or the family name before the given ones, as Chinese names are written; then each part alone. */
function ofHumanName(value: unknown): readonly NamePart[] {
  if (typeof value !== 'object' || value === null) return [];
  const { text, family, given } = value as {
    readonly text?: unknown;
    readonly family?: unknown;
    readonly given?: unknown;
  };
  const givens = (Array.isArray(given) ? given : [given]).filter(isText);
  const joined = isText(family) && givens.length > 0 ? [family, ...givens].join(hasHan(family) ? '' : ' ') : undefined;
  const persons = new Set([text, joined, family].filter(isText));
  const rest = isText(text) && givens.length === 0 ? withoutSurname(text) : undefined;
  return [
    ...[...persons].map((t): NamePart => ({ text: t, as: 'person' })),
    ...givens.map((t): NamePart => ({ text: t, as: 'plain' })),
    ...(rest === undefined ? [] : [{ text: rest, as: 'plain', isWithin: true } as const]),
  ];
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
