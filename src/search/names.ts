import type { Value } from './convert.ts';
import { sounds, wordsIn } from './phonetic.ts';
import { type Reading, readings } from './pinyin.ts';
import type { Place } from './walk.ts';

/** Pieces of names as they are asked for. */
interface Part {
  readonly text: string;
  readonly as: Reading;
}

/** The readings of a HumanName, its family or its given name; none of anything else. */
export function nameReadings(value: unknown, place: Place): readonly Value[] {
  return readingsOf(nameParts(value, place));
}

/** As nameReadings, and of any other string as well. */
export function textReadings(value: unknown, place: Place): readonly Value[] {
  return readingsOf(partsOf(value, place));
}

/** The sounds of a name or another string, as a whole and for each Latin word. */
export function soundsIn(value: unknown, place: Place): readonly Value[] {
  return partsOf(value, place).flatMap(({ text, as }) => {
    const words = wordsIn(text);
    return [text, ...(words.length < 2 ? [] : words)].flatMap((t) => sounds(t, as)).map(string);
  });
}

function readingsOf(parts: readonly Part[]): readonly Value[] {
  return parts.flatMap(({ text, as }) => readings(text, as)).map(string);
}

function string(text: string): Value {
  return { kind: 'string', value: text, exact: text };
}

function partsOf(value: unknown, place: Place): readonly Part[] {
  const parts = nameParts(value, place);
  return parts.length === 0 && typeof value === 'string' ? [{ text: value, as: 'plain' }] : parts;
}

function nameParts(value: unknown, { type, member }: Place): readonly Part[] {
  if (type === 'HumanName') return ofHumanName(value);
  if (typeof value !== 'string') return [];
  if (member === 'HumanName.text' || member === 'HumanName.family') return [{ text: value, as: 'person' }];
  return member === 'HumanName.given' ? [{ text: value, as: 'plain' }] : [];
}

/** The whole name is `text`, or the family name before the given ones, as Chinese names are written; then each part alone. */
function ofHumanName(value: unknown): readonly Part[] {
  if (typeof value !== 'object' || value === null) return [];
  const { text, family, given } = value as {
    readonly text?: unknown;
    readonly family?: unknown;
    readonly given?: unknown;
  };
  const givens = (Array.isArray(given) ? given : [given]).filter(isText);
  const joined = isText(family) && givens.length > 0 ? [family, ...givens].join(' ') : undefined;
  const persons = [text, joined, family].filter(isText).map((t): Part => ({ text: t, as: 'person' }));
  return [...persons, ...givens.map((t): Part => ({ text: t, as: 'plain' }))];
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
