import { fold } from '../text/fold.ts';
import { memoizeText } from '../text/memoize.ts';
import { inAnyOrder, spellings, wordsOfName, wordsOfWhole } from '../text/names.ts';
import { sounds, wordsIn } from '../text/phonetic.ts';
import { hasHan, type NameReading, readings, withoutSurname } from '../text/pinyin.ts';
import type { Value } from './convert.ts';
import type { TypedElement } from './walk.ts';

/** Pieces of names as they are read. */
interface NamePart {
  readonly text: string;
  readonly as: NameReading;
}

/**
 * How else a HumanName, its family or its given name may begin when it is asked for: its readings, and its whole from each word
 * on (丽张 and 张丽 of family 张 and given 丽; "quinonescarreno" of "Carreno Quinones"), closed; none of anything else.
 */
export function nameBeginnings(value: unknown, place: TypedElement): readonly Value[] {
  const parts = nameParts(value, place);
  return parts.length === 0 ? [] : [...readingsOf(parts), ...wholesAt(value, place).map(string)];
}

/** A HumanName as a whole, from each of its words on, closed. */
export function wholeNames(value: unknown): readonly string[] {
  const { text, family, givens } = fieldsOf(value);
  const ofParts = wholesOfParts([...givens, ...(family === undefined ? [] : [family])].join(between));
  return text === undefined ? ofParts : [...wholesOfText(text), ...ofParts];
}

function wholesAt(value: unknown, { type }: TypedElement): readonly string[] {
  if (type === 'HumanName') return wholeNames(value);
  return typeof value === 'string' ? wholesOfParts(value) : [];
}

/** No string of R4 has it. */
const between = '\u001f';

const wholesOfText = memoizeText((text) => wholesOf([text], wordsOfWhole));
const wholesOfParts = memoizeText((parts) => wholesOf(parts.split(between), wordsOfName));

/** In each spelling; what is one word, and stands so among the strings already, drops out. */
function wholesOf(parts: readonly string[], wordsIn: (part: string) => readonly string[]): readonly string[] {
  const own = parts.flatMap(wordsIn);
  const isKept = parts.length === 1 && own.length === 1 && own[0] === fold(parts[0] ?? '');
  const spelled = parts.map(spellings);
  const other = spelled.some((s) => s.length > 1) ? spelled.flatMap(([as, other = as]) => wordsIn(other ?? '')) : [];
  return [...(isKept ? [] : inAnyOrder(own)), ...inAnyOrder(other)];
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
  const { text, family, givens } = fieldsOf(value);
  const joined =
    family !== undefined && givens.length > 0 ? [family, ...givens].join(hasHan(family) ? '' : ' ') : undefined;
  const persons = new Set([text, joined, family].filter(isText));
  const rest = text !== undefined && givens.length === 0 ? withoutSurname(text) : undefined;
  return [
    ...[...persons].map((t): NamePart => ({ text: t, as: 'person' })),
    ...givens.map((t): NamePart => ({ text: t, as: 'plain' })),
    ...(rest === undefined ? [] : [{ text: rest, as: 'plain' } as const]),
  ];
}

interface NameFields {
  readonly text: string | undefined;
  readonly family: string | undefined;
  readonly givens: readonly string[];
}

function fieldsOf(value: unknown): NameFields {
  if (typeof value !== 'object' || value === null) return { text: undefined, family: undefined, givens: [] };
  const { text, family, given } = value as { readonly [field: string]: unknown };
  return {
    text: isText(text) ? text : undefined,
    family: isText(family) ? family : undefined,
    givens: (Array.isArray(given) ? given : [given]).filter(isText),
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
