import { Failure, fail, failIfAny, type Issue, type Outcome } from '#errors';
import { Issues } from '#fhir/json/issues.ts';
import type { Pairs } from './parameters.ts';

/** What a query or a form says, and what of it cannot be read. */
export interface DecodedQuery {
  /** Those that can be read. */
  readonly pairs: Pairs;
  readonly issues: readonly Issue[];
}

/**
 * The parameters of a query, a form or criteria (application/x-www-form-urlencoded). Where URLSearchParams puts U+FFFD, or leaves a
 * broken escape as it is, the text is refused: who searches by another value than was meant finds nothing, and makes again what is there.
 */
export function decodeQuery(text: string): DecodedQuery {
  if (text === '') return nothing;
  const pairs: (readonly [string, string])[] = [];
  const issues = new Issues();
  for (const [i, part] of text.split('&').entries()) {
    if (part === '') continue;
    const mark = part.indexOf('=');
    const name = decode(mark < 0 ? part : part.slice(0, mark), `name of parameter ${i + 1}`);
    if (name instanceof Failure) {
      issues.addAll(name.issues);
      continue;
    }
    const value = decode(mark < 0 ? '' : part.slice(mark + 1), `parameter "${name}"`);
    if (value instanceof Failure) issues.addAll(value.issues);
    else pairs.push([name, value]);
  }
  return { pairs, issues: issues.list };
}

const nothing: DecodedQuery = { pairs: [], issues: [] };

/** The same, or everything that is wrong with it, told of this element, if there is one. */
export function readQuery(text: string, expression?: string): Outcome<Pairs> {
  const { pairs, issues } = decodeQuery(text);
  if (issues.length === 0) return pairs;
  return failIfAny(issues.map((i) => (expression === undefined ? i : { ...i, expression }))) ?? pairs;
}

/** A path without its escapes. None of FHIR has a `%` left, and what hides behind one must not be echoed. */
export function decodePath(path: string): Outcome<string> {
  if (!path.includes('%')) return path;
  const decoded = unescaped(path, 'path');
  if (decoded instanceof Failure || !decoded.includes('%')) return decoded;
  return notEncoded('path', 'an escape within an escape');
}

/** The text of a header, whose bytes Node gives as characters of Latin-1. */
export function readHeaderText(name: string, value: string): Outcome<string> {
  if (!beyondAscii.test(value)) return value;
  const bytes = Buffer.from(value, 'latin1');
  try {
    return utf8.decode(bytes);
  } catch {
    return notEncoded(`header ${name}`, notUtf8(bytes));
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: what is beyond them is meant
const beyondAscii = /[^\x00-\x7f]/;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(text: string, place: string): Outcome<string> {
  return unescaped(text.includes('+') ? text.replaceAll('+', ' ') : text, place);
}

function unescaped(text: string, place: string): Outcome<string> {
  if (!text.isWellFormed()) return notEncoded(place, 'half a character');
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return notEncoded(place, faultIn(text));
  }
}

function notEncoded(place: string, found: string): Failure {
  return fail('bad-encoding', { place, found });
}

/** The first escape that is none, or is no UTF-8; never what stands before it, which may be a resident's. */
function faultIn(text: string): string {
  for (const [run] of text.matchAll(/(?:%[\da-f]{2})+|%/gi)) {
    if (run === '%') return 'a % that begins no escape';
    const bytes = Buffer.from(run.replaceAll('%', ''), 'hex');
    const fault = notUtf8(bytes);
    if (fault !== '') return fault;
  }
  return 'half a character';
}

/** The first byte that is no part of a character; empty if there is none. */
function notUtf8(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  let at = 0;
  for (const character of text) {
    const size = Buffer.byteLength(character);
    if (character === '\ufffd' && bytes.toString('hex', at, at + size) !== 'efbfbd') {
      return `the byte ${escapeOf(bytes[at] ?? 0)}, which is no part of a character there`;
    }
    at += size;
  }
  return '';
}

function escapeOf(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}
