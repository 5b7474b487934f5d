import folding from './folding.json' with { type: 'json' };

/** ASCII without white space, and Chinese characters that Unicode does not decompose. */
const plain = /^[\x21-\x7e\u3400-\u4dbf\u4e00-\u9fff]*$/;

/**
 * The form in which strings are compared: without case, accents and the difference of full and half width, white space
 * collapsed (R4 search.html, string); letters that do not decompose as ASCII writes them (ø o, ß ss), final sigma as any
 * other, and Chinese characters simplified.
 */
export function fold(text: string): string {
  return simplify(foldLetters(text));
}

/** The same, but for Chinese characters, which stay as they are. */
export function foldLetters(text: string): string {
  if (plain.test(text)) return text.toLowerCase();
  return text
    .normalize('NFKD')
    .toLowerCase()
    .normalize('NFKD')
    .replace(unseen, '')
    .replace(undecomposed, (letter) => letters.get(letter) ?? letter)
    .replace(/\s+/g, ' ')
    .trim();
}

/** Traditional characters as the simplified ones that are written for them, one by one. */
export function simplify(text: string): string {
  for (let i = 0; i < text.length; i++) if (simplified(text.charCodeAt(i)) !== 0) return simplifiedFrom(text, i);
  return text;
}

function simplifiedFrom(text: string, first: number): string {
  const codes = Array.from({ length: text.length - first }, (_, i) => text.charCodeAt(first + i));
  return codes.reduce((done, code) => done + String.fromCharCode(simplified(code) || code), text.slice(0, first));
}

const [firstHan, lastHan] = [0x3400, 0x9fff];

/** The code of the simplified character; 0 where it is no other. */
function simplified(code: number): number {
  return code < firstHan || code > lastHan ? 0 : (characters[code - firstHan] ?? 0);
}

/** Accents, and what is not seen: soft hyphens, zero-width blanks. */
const unseen = /[\p{M}\p{Default_Ignorable_Code_Point}]+/gu;

/** What may be a letter of the table below. */
const undecomposed = /[\u00df-\u02ff\u1d00-\u1dff\u1e9d-\u1eff\u2c60-\u2c7f\ua720-\ua7ff\u03c2]/g;
const letters: ReadonlyMap<string, string> = new Map(pairsOf([...folding.letters, 'ςσ']));
const characters = new Uint16Array(lastHan - firstHan + 1);
for (const [from, to] of pairsOf(folding.simplified)) characters[from.charCodeAt(0) - firstHan] = to.charCodeAt(0);

function pairsOf(rows: readonly string[]): readonly (readonly [from: string, to: string])[] {
  return rows.flatMap((row) => row.split(' ')).map((pair) => [pair.slice(0, 1), pair.slice(1)]);
}
