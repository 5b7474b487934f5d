import { atMost } from '#limits';
import { isNarrative } from './narrative.ts';

/** The formats of R4's primitive types (datatypes.html): each either passes or tells what was expected. */
interface PrimitiveFormat {
  readonly json: 'string' | 'number' | 'boolean';
  readonly expected: string;
  readonly accepts: (value: never) => boolean;
  /** Of a number: how it is written. */
  readonly written?: RegExp;
}

const year = '(?:\\d(?:\\d(?:\\d[1-9]|[1-9]0)|[1-9]00)|[1-9]000)';
const month = '(?:0[1-9]|1[0-2])';
const day = '(?:0[1-9]|[12]\\d|3[01])';
const clock = '(?:[01]\\d|2[0-3]):[0-5]\\d:(?:[0-5]\\d|60)(?:\\.\\d+)?';
const zone = '(?:Z|[+-](?:(?:0\\d|1[0-3]):[0-5]\\d|14:00))';

const date = new RegExp(`^${year}(?:-${month}(?:-${day})?)?$`);
const dateTime = new RegExp(`^${year}(?:-${month}(?:-${day}(?:T${clock}${zone})?)?)?$`);
const instant = new RegExp(`^${year}-${month}-${day}T${clock}${zone}$`);
const time = new RegExp(`^${clock}$`);
const code = /^\S+(?: \S+)*$/;
const id = /^[A-Za-z0-9\-.]{1,64}$/;
const oid = /^urn:oid:[0-2](?:\.(?:0|[1-9]\d*))+$/;
const uuid = /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const uri = /^\S+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what FHIR forbids in a string
const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/;

const MAX_INTEGER = 2 ** 31 - 1;

/** Neither `-0` nor a fraction or an exponent that comes to a whole number. */
const integer = /^(?:0|-?[1-9]\d*)$/;

/** R4 datatypes.html: strings, and what derives from them, have at most 1024*1024 characters. */
const MAX_STRING = 1024 * 1024;

/** The day exists in its month. Expects the text to have matched one of the patterns above. */
function onCalendar(text: string): boolean {
  if (text.length < 10) return true;
  const days = new Date(Date.UTC(Number(text.slice(0, 4)), Number(text.slice(5, 7)), 0)).getUTCDate();
  return Number(text.slice(8, 10)) <= days;
}

function isString(value: string): boolean {
  return /\S/.test(value) && !control.test(value) && !isTooLong(value);
}

/** Characters beyond the Basic Multilingual Plane take two units of JavaScript, and count once. */
function isTooLong(value: string): boolean {
  if (value.length <= MAX_STRING) return false;
  let characters = 0;
  for (const _ of value) if (++characters > MAX_STRING) return true;
  return false;
}

/** Without a pattern that could backtrack over megabytes. */
function isBase64(value: string): boolean {
  const text = value.replace(/\s+/g, '');
  return text.length > 0 && text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text);
}

function integerFrom(min: number): PrimitiveFormat {
  return {
    json: 'number',
    expected: `an integer from ${min} to ${MAX_INTEGER}, in digits alone`,
    accepts: (value: number) => Number.isInteger(value) && value >= min && value <= MAX_INTEGER,
    written: integer,
  };
}

function text(expected: string, accepts: (value: string) => boolean): PrimitiveFormat {
  return { json: 'string', expected, accepts };
}

const string = text(
  `text that is neither blank nor has control characters, of at most ${MAX_STRING} characters`,
  isString,
);
const uriFormat = text('a URI without spaces', (v) => uri.test(v));

const formats: ReadonlyMap<string, PrimitiveFormat> = new Map(
  Object.entries({
    base64Binary: text('base64', isBase64),
    boolean: { json: 'boolean', expected: 'true or false', accepts: () => true },
    canonical: uriFormat,
    code: text(
      `a code without blanks other than single spaces within it, of at most ${MAX_STRING} characters`,
      (v) => code.test(v) && !isTooLong(v),
    ),
    date: text('a date YYYY, YYYY-MM or YYYY-MM-DD', (v) => date.test(v) && onCalendar(v)),
    dateTime: text(
      'a date, or a date and time YYYY-MM-DDThh:mm:ss with a time zone',
      (v) => dateTime.test(v) && onCalendar(v),
    ),
    decimal: { json: 'number', expected: 'a number', accepts: (v: number) => Number.isFinite(v) },
    id: text('1 to 64 of A-Z a-z 0-9 - .', (v) => id.test(v)),
    instant: text('YYYY-MM-DDThh:mm:ss with a time zone', (v) => instant.test(v) && onCalendar(v)),
    integer: integerFrom(-MAX_INTEGER - 1),
    markdown: string,
    oid: text('urn:oid: and an OID', (v) => oid.test(v)),
    positiveInt: integerFrom(1),
    string,
    time: text('hh:mm:ss', (v) => time.test(v)),
    unsignedInt: integerFrom(0),
    uri: uriFormat,
    url: uriFormat,
    uuid: text('urn:uuid: and a UUID in lower case', (v) => uuid.test(v)),
    xhtml: text(
      `<div>…</div> with text or an image, without active content, of ${atMost('narrative-depth')}`,
      isNarrative,
    ),
  } satisfies Record<string, PrimitiveFormat>),
);

export function isPrimitive(type: string): boolean {
  return formats.has(type);
}

/** `shape` faults are of the JSON type. */
interface PrimitiveFault {
  readonly kind: 'shape' | 'value';
  readonly expected: string;
  /** For texts, where it is not the value as JavaScript prints it. */
  readonly found?: string;
}

/**
 * What a value of this primitive type should be, if it is not; undefined if it is. `digits` are those that a number came
 * with, where JavaScript would print others.
 */
export function primitiveFault(type: string, value: unknown, digits?: string): PrimitiveFault | undefined {
  const format = formats.get(type);
  if (format === undefined) return undefined;
  if (typeof value !== format.json) return { kind: 'shape', expected: `a JSON ${format.json} (${type})` };
  const isWritten = digits === undefined || format.written === undefined || format.written.test(digits);
  if (isWritten && format.accepts(value as never)) return undefined;
  const found = typeof value === 'string' && isTooLong(value) ? `${[...value].length} characters` : digits;
  return { kind: 'value', expected: format.expected, ...(found !== undefined && { found }) };
}
