import { fold } from '../text/fold.ts';
import { memoizeText } from '../text/memoize.ts';
import { closed, givenFirst, inAnyOrder, isOneWord, spellings, withoutMiddle, wordsOfName } from '../text/names.ts';
import { sounds, wordsIn } from '../text/phonetic.ts';
import { combinations, hasHan, type NameReading, readInFull, readings, withoutSurname } from '../text/pinyin.ts';
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
  if (place.type === 'HumanName') return [...readingsOf(value, place), ...wholeNames(value).map(string)];
  if (typeof value !== 'string' || nameParts(value, place).length === 0) return [];
  return [...readingsOf(value, place), ...wholesOfPart(value).map(string)];
}

/** A HumanName as a whole, from each of its words on, closed; and without its middle names. */
export function wholeNames(value: unknown): readonly string[] {
  const { text, family, givens } = fieldsOf(value);
  const ofParts = wholesOfParts(givens, family);
  return text === undefined ? ofParts : [...wholesOfText(text), ...ofParts];
}

/** The words of a name as they are written and, if it has umlauts, with these spelled out. */
interface Worded {
  readonly own: readonly string[];
  readonly spelled?: readonly string[];
}

function worded(text: string): Worded {
  const [as = '', spelled] = spellings(text);
  return { own: wordsOfName(as), ...(spelled !== undefined && { spelled: wordsOfName(spelled) }) };
}

const wordedPart = memoizeText(worded);

function wholesOfText(text: string): readonly string[] {
  const rest = hasHan(text) ? withoutSurname(text) : undefined;
  if (rest === undefined) return wholesOfWritten(text);
  const [given, surname] = [fold(rest), fold(text.slice(0, -rest.length))];
  return [surname + given, given + surname];
}

const wholesOfWritten = memoizeText((text) => {
  const { own, spelled } = worded(text);
  const others = spelled === undefined ? [] : wholesOfWords(spelled);
  return [...(isKept(own, text) ? [] : wholesOfWords(own)), ...others];
});

/** The last word of a name in letters is the family name. */
function wholesOfWords(words: readonly string[]): readonly string[] {
  const last = words.at(-1) ?? '';
  return [...inAnyOrder(words), ...(hasHan(last) ? [] : withoutMiddle(words.slice(0, -1), last))];
}

const wholesOfPart = (part: string): readonly string[] => {
  if (isOneWord(part)) return [];
  const { own, spelled } = wordedPart(part);
  return [...(isKept(own, part) ? [] : inAnyOrder(own)), ...(spelled === undefined ? [] : inAnyOrder(spelled))];
};

/** What is one word, and stands so among the strings already. */
function isKept(words: readonly string[], text: string): boolean {
  return words.length === 1 && words[0] === fold(text);
}

function wholesOfParts(givens: readonly string[], family: string | undefined): readonly string[] {
  const [only = ''] = givens;
  if (givens.length === 1 && family !== undefined && isOneWord(only) && isOneWord(family)) {
    const [given, surname] = [fold(only), fold(family)];
    return [given + surname, surname + given];
  }
  if (family === undefined)
    return givens.length === 1 ? wholesOfPart(only) : wholesOf(givens.map(wordedPart), undefined);
  return givens.length === 0 ? wholesOfPart(family) : wholesOf(givens.map(wordedPart), wordedPart(family));
}

function wholesOf(givens: readonly Worded[], family: Worded | undefined): readonly string[] {
  const wholes = (words: (of: Worded) => readonly string[]): readonly string[] => {
    const [first, last] = [givens.flatMap(words), family === undefined ? [] : words(family)];
    const name = last.join('');
    const without = first.length < 2 || name === '' || hasHan(name) ? [] : withoutMiddle(first, name);
    return [...inAnyOrder([...first, ...last]), ...without];
  };
  const own = wholes((of) => of.own);
  const isSpelled = family?.spelled !== undefined || givens.some((given) => given.spelled !== undefined);
  return isSpelled ? [...own, ...wholes((of) => of.spelled ?? of.own)] : own;
}

/** The sounds of a name or another string, as a whole and for each Latin word. */
export function soundsIn(value: unknown, place: TypedElement): readonly Value[] {
  return partsOf(value, place).flatMap(({ text, as }) => {
    const words = hasHan(text) ? [] : wordsIn(text);
    return [text, ...(words.length < 2 ? [] : words)].flatMap((t) => sounds(t, as)).map(string);
  });
}

/** The readings of a name or another string. */
export function readingsOf(value: unknown, place: TypedElement): readonly Value[] {
  const read: Value[] = [];
  for (const { text, as } of partsOf(value, place)) {
    if (hasHan(text)) for (const reading of readings(text, as)) read.push(string(reading));
  }
  if (read.length > 0 && place.type === 'HumanName') for (const one of readGivenFirst(value)) read.push(string(one));
  return read;
}

/** How a name with Chinese characters is read with the given name first, as English texts write it. */
function readGivenFirst(value: unknown): readonly string[] {
  const { text, family, givens } = fieldsOf(value);
  const isText = text !== undefined && hasHan(text) && text !== (family ?? '') + givens.join('');
  return [
    ...(isText ? inFull(givenFirst(text)) : []),
    ...(family === undefined || givens.length === 0 ? [] : inFull([...givens, family])),
  ];
}

/** Each of the words, of which the last one is a surname. */
function inFull(words: readonly string[]): readonly string[] {
  const last = words.length - 1;
  if (last < 0) return [];
  const choices = words.map((word, i) =>
    hasHan(word) ? readInFull(word, i === last ? 'person' : 'plain') : [closed(word)],
  );
  return choices.every((read) => read.length === 1)
    ? [choices.join('')]
    : combinations(choices).map((read) => read.join(''));
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
