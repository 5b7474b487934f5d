import { randomBytes } from 'node:crypto';
import { type Failure, fail, type Issue, issue, type Outcome } from '#errors';
import { limits } from '#limits';
import { IllFormed, Issues } from './issues.ts';
import { isObject } from './object.ts';

/**
 * Lossless JSON (R4 json.html: "the precision of the decimal value has significance"). Numbers stay JavaScript numbers,
 * so that every library can work with them; where the source text of a number is not what JavaScript would print
 * (`1.00`, `1e2`), its holder keeps the digits under this symbol, and `stringify` writes them again.
 */
const digits: unique symbol = Symbol('digits');

interface DigitHolder {
  [digits]?: Record<string, string>;
  [key: string | number]: unknown;
}

interface Scan {
  readonly depth: number;
  /** Members of all objects, counted by their colons. */
  readonly members: number;
  /** How many there are at most: one for each comma and each opening bracket. */
  readonly values: number;
  /** The text, with each number that JavaScript would print otherwise as a marked string. */
  readonly marked: string;
}

/** A string that begins so stands for a number; random, so that no client can write one, and short, since a body may have
 * millions of them. */
const mark = randomBytes(9).toString('base64url');

const maxValues = limits['json-values'].most;

/** Parses UTF-8 JSON. Refuses bad UTF-8, duplicate keys, deep nesting and numbers beyond doubles. Error texts tell
 * positions, never contents. */
export function parseJson(body: Uint8Array | string, maxDepth: number): Outcome<unknown> {
  return parse(body, maxDepth, Number.POSITIVE_INFINITY, false);
}

/** As parseJson, and refuses bodies of too many values, keys and strings with control characters or lone surrogates (R4 datatypes.html, string), and the
 * key `__proto__`, which objects of JavaScript do not keep when they are copied. */
export function parseResource(body: Uint8Array | string, maxDepth: number): Outcome<unknown> {
  return parse(body, maxDepth, maxValues, true);
}

function parse(body: Uint8Array | string, maxDepth: number, most: number, fhirStrings: boolean): Outcome<unknown> {
  let text: string;
  try {
    text = typeof body === 'string' ? body : new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    return fail('invalid-utf8', {});
  }
  const scan = scanText(text, maxDepth, most);
  if (scan.depth > maxDepth) return fail('nesting-too-deep', { expected: maxDepth });
  if (scan.values > most) return fail('too-many-values', { expected: most });
  const root: DigitHolder = {};
  try {
    root.value = JSON.parse(scan.marked);
  } catch {
    return malformed(text);
  }
  const check: KeyCheck = {
    strings: fhirStrings && /\\[ubf]|__proto__/.test(text),
    numbers: scan.marked !== text,
    trail: [],
    members: 0,
    numberAsKey: false,
    issues: new Issues(),
  };
  walkMember(root, 'value', check);
  if (check.numberAsKey) return malformed(text);
  if (check.members !== scan.members) duplicates(text, check.issues);
  const [first, ...rest] = check.issues.list.map((found) => rooted(found, root.value));
  return first === undefined ? root.value : new IllFormed([first, ...rest], root.value);
}

/** FHIRPath begins with the type of the resource. */
function rooted(found: Issue, root: unknown): Issue {
  const type = isObject(root) && typeof root.resourceType === 'string' ? root.resourceType : '';
  if (found.expression === undefined || !/^[A-Z][A-Za-z]+$/.test(type)) return found;
  return { ...found, expression: [type, found.expression].filter((part) => part !== '').join('.') };
}

/** The fault of the text as it came: the marks are taken out by parsing it again. */
function malformed(text: string): Failure {
  try {
    JSON.parse(text);
    return fail('malformed-json', { found: 'a number is misplaced' });
  } catch (error) {
    return fail('malformed-json', { found: describe(error, text) });
  }
}

/** The digits that a number came with, where JavaScript would print others. */
export function digitsOf(holder: object, key: string | number): string | undefined {
  const { [digits]: known, [key]: value } = holder as DigitHolder;
  const source = known?.[key];
  return source !== undefined && Number(source) === value ? source : undefined;
}

/** Puts a number into an object or a list, with the digits that it came with. The root that is to be written needs `keepDigits`. */
export function putNumber(holder: object, key: string | number, source: string): void {
  const into = holder as DigitHolder;
  into[key] = Number(source);
  if (source !== String(into[key])) {
    into[digits] ??= {};
    into[digits][key] = source;
  } else if (into[digits]?.[key] !== undefined) {
    // A copy of the object may share the record.
    const { [key]: _, ...others } = into[digits];
    into[digits] = others;
  }
}

/** Tells `stringify` that numbers below this root have digits of their own. */
export function keepDigits(root: object): void {
  (root as DigitHolder)[digits] ??= {};
}

/** Gives a copy, whichever members it has, the digits of the original. */
export function copyDigits(original: object, copy: object): void {
  const { [digits]: known } = original as DigitHolder;
  if (known !== undefined) (copy as DigitHolder)[digits] = { ...known };
}

/** The JSON text of a value, with the digits that its numbers came with. */
export function stringify(value: unknown): string {
  return hasDigits(value) ? JSON.stringify(value, writeDigits) : JSON.stringify(value);
}

function hasDigits(value: unknown): value is DigitHolder {
  return typeof value === 'object' && value !== null && digits in value;
}

function writeDigits(this: DigitHolder, key: string, value: unknown): unknown {
  if (typeof value !== 'number') return value;
  const source = this[digits]?.[key];
  return source !== undefined && Number(source) === value ? rawJSON(source) : value;
}

/** ECMAScript's JSON.rawJSON, which TypeScript's library does not declare yet. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

const QUOTE = 34;
const BACKSLASH = 92;

/** One pass over the text before it is parsed; garbage does no harm here, JSON.parse refuses it afterwards. */
function scanText(text: string, maxDepth: number, most: number): Scan {
  let depth = 0;
  let deepest = 0;
  let members = 0;
  let values = 1;
  const parts: string[] = [];
  let copied = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) {
      i = endOfString(text, i);
      if (i < 0) break;
    } else if (c === 58) members++;
    else if (c === 44) {
      if (++values > most) break;
    } else if (c === 123 || c === 91) {
      if (++depth > deepest) deepest = depth;
      if (deepest > maxDepth || ++values > most) break;
    } else if (c === 125 || c === 93) depth--;
    else if (c === 45 || (c >= 48 && c <= 57)) {
      const end = endOfNumber(text, i);
      const token = text.slice(i, end);
      if (token !== String(Number(token)) && isNumber.test(token)) {
        parts.push(text.slice(copied, i), `"${mark}${token}"`);
        copied = end;
      }
      i = end - 1;
    }
  }
  return { depth: deepest, members, values, marked: copied === 0 ? text : parts.join('') + text.slice(copied) };
}

const isNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

function endOfString(text: string, start: number): number {
  for (let i = start + 1; ; i++) {
    i = text.indexOf('"', i);
    if (i < 0) return -1;
    let slashes = 0;
    while (text.charCodeAt(i - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return i;
  }
}

function endOfNumber(text: string, start: number): number {
  let i = start + 1;
  for (; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (!((c >= 48 && c <= 57) || c === 46 || c === 101 || c === 69 || c === 43 || c === 45)) break;
  }
  return i;
}

interface KeyCheck {
  readonly strings: boolean;
  readonly numbers: boolean;
  readonly trail: (string | number)[];
  members: number;
  /** A number stood where a key belongs; its mark made it look like one. */
  numberAsKey: boolean;
  readonly issues: Issues;
}

/** Counts the members of all objects, puts marked numbers back, and checks the leaves. True if numbers were put back. */
function walkMember(holder: DigitHolder, key: string | number, check: KeyCheck): boolean {
  const value = holder[key];
  if (typeof value === 'object' && value !== null) {
    const marked = walkChildren(value as DigitHolder, check);
    if (marked) (value as DigitHolder)[digits] ??= {};
    return marked;
  }
  if (typeof value !== 'string') return false;
  if (check.numbers && value.startsWith(mark)) return restore(holder, key, value.slice(mark.length), check);
  if (check.strings && !isText(value)) badText(check, 'such a character');
  return false;
}

function badText(check: KeyCheck, found: string): void {
  if (check.issues.full) return;
  const expected = 'text without control characters or lone surrogates';
  check.issues.add(issue('bad-text', { found, expected }, pathOf(check.trail)));
}

/** The fault is told of the object, since such a key cannot stand in a FHIRPath. */
function checkKey(key: string, check: KeyCheck): void {
  if (!isText(key)) badText(check, 'such a character in a key');
  else if (key === '__proto__') {
    check.issues.add(issue('bad-text', { found: 'the key "__proto__"', expected: 'none' }, pathOf(check.trail)));
  }
}

function walkChildren(value: DigitHolder | unknown[], check: KeyCheck): boolean {
  let marked = false;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (walkChild(value as unknown as DigitHolder, i, check)) marked = true;
    return marked;
  }
  for (const key of Object.keys(value)) {
    check.members++;
    if (check.strings) checkKey(key, check);
    if (check.numbers && key.startsWith(mark)) check.numberAsKey = true;
    if (walkChild(value, key, check)) marked = true;
  }
  return marked;
}

function walkChild(holder: DigitHolder, key: string | number, check: KeyCheck): boolean {
  check.trail.push(key);
  const marked = walkMember(holder, key, check);
  check.trail.pop();
  return marked;
}

function restore(holder: DigitHolder, key: string | number, token: string, check: KeyCheck): boolean {
  const value = Number(token);
  if (!Number.isFinite(value)) {
    check.issues.add(
      issue('bad-text', { found: 'a number out of range', expected: 'at most 1.8e308' }, pathOf(check.trail)),
    );
  }
  holder[key] = value;
  holder[digits] ??= {};
  holder[digits][key] = token;
  return true;
}

function pathOf(trail: readonly (string | number)[]): string {
  return trail.map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`)).join('');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what FHIR forbids in a string
const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/;

function isText(value: string): boolean {
  return value.isWellFormed() && !control.test(value);
}

/** Names each key that stands twice in its object, by the FHIRPath of its second place. Slow: only run when the count says so. */
function duplicates(text: string, issues: Issues): void {
  const colon = /\s*:/y;
  const stack: { path: string; keys: Set<string> | undefined; index: number; key: string }[] = [];
  const place = () => {
    const top = stack.at(-1);
    if (top === undefined) return '';
    return top.keys === undefined ? `${top.path}[${top.index}]` : top.path === '' ? top.key : `${top.path}.${top.key}`;
  };
  for (let i = 0; i < text.length && !issues.full; i++) {
    const c = text[i];
    const top = stack.at(-1);
    if (c === '"') {
      const end = endOfString(text, i);
      const key = JSON.parse(text.slice(i, end + 1));
      colon.lastIndex = end + 1;
      if (top?.keys !== undefined && colon.test(text)) {
        top.key = key;
        if (top.keys.has(key)) issues.add(issue('duplicate-key', { found: key }, place()));
        top.keys.add(key);
      }
      i = end;
    } else if (c === '{') stack.push({ path: place(), keys: new Set(), index: 0, key: '' });
    else if (c === '[') stack.push({ path: place(), keys: undefined, index: 0, key: '' });
    else if (c === '}' || c === ']') stack.pop();
    else if (c === ',' && top !== undefined) top.index++;
  }
}

/** V8 quotes the text around a fault; that text may be a patient's, so only the position is told. */
function describe(error: unknown, text: string): string {
  const message = error instanceof Error ? error.message : 'not JSON';
  const position = /position (\d+)/.exec(message)?.[1];
  const what = message
    .replace(/, (\.\.\.)?".*$/s, '')
    .replace(/ in JSON at position.*$/s, '')
    .replace(/^Unexpected token '.*'$/s, 'unexpected token');
  if (text.trim() === '') return 'it is empty';
  if (position === undefined) return what;
  const before = text.slice(0, Number(position));
  const line = before.split('\n').length;
  return `${what} at line ${line}, column ${before.length - before.lastIndexOf('\n')}`;
}
