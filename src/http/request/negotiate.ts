import { safeParse } from 'fast-content-type-parse';
import Negotiator from 'negotiator';
import { fail, type Outcome } from '#errors';

/** How a resource is written: R4 json.html and xml.html. */
export type FhirFormat = 'json' | 'xml';

const formats: readonly (readonly [FhirFormat, RegExp])[] = [
  ['json', /^(application\/(fhir\+)?json|text\/json)$/],
  ['xml', /^(application\/(fhir\+)?xml|text\/xml)$/],
];

const expected = 'application/fhir+json, application/fhir+xml';

/** The format that a media type, or a short name of R4, names; one of another version of FHIR is none of ours (R4 http.html#version-parameter). */
function formatOf(text: string): FhirFormat | undefined {
  const { type, parameters } = safeParse(text.replace(/^\s*(json|xml)\s*(?=;|$)/i, 'application/fhir+$1'));
  const { fhirversion = '4.0' } = parameters;
  if (fhirversion !== '4.0' && fhirversion !== '4.0.1') return undefined;
  return formats.find(([, pattern]) => pattern.test(type))?.[0];
}

/** How an answer goes out: in which format, and under which name. */
export interface NegotiatedForm {
  readonly format: FhirFormat;
  readonly mediaType: string;
}

export const json: NegotiatedForm = { format: 'json', mediaType: 'application/fhir+json' };
const xml: NegotiatedForm = { format: 'xml', mediaType: 'application/fhir+xml' };

/** What can be answered, the dearest first; a generic name is kept where it is asked for, and a browser gets JSON. */
const offered: ReadonlyMap<string, NegotiatedForm> = new Map([
  [json.mediaType, json],
  [xml.mediaType, xml],
  ...['application/json', 'text/json'].map((mediaType) => [mediaType, { format: 'json', mediaType }] as const),
  ...['application/xml', 'text/xml'].map((mediaType) => [mediaType, { format: 'xml', mediaType }] as const),
  ['text/html', json],
]);

/** R4 http.html#mime-type: `_format` goes before `Accept`. */
export function formFor(format: string | undefined, accept: string | undefined): Outcome<NegotiatedForm> {
  if (format !== undefined) {
    // A `+` in a URL is a space once it is decoded.
    const named = formatOf(format.replace(/ (?=(json|xml))/, '+'));
    return named === undefined ? fail('not-acceptable', { found: format, expected }) : named === 'json' ? json : xml;
  }
  if (accept === undefined || accept === '*/*' || accept === json.mediaType || accept.trim() === '') return json;
  const [best = ''] = new Negotiator({ headers: { accept: plain(accept) } }).mediaTypes([...offered.keys()]);
  return offered.get(best) ?? fail('not-acceptable', { found: accept, expected });
}

/** Without the parameters that every answer of ours fulfils: R4 http.html#version-parameter, and the charset. */
function plain(accept: string): string {
  return accept.replace(/;\s*(fhirVersion\s*=\s*"?4\.0(\.1)?"?|charset\s*=\s*"?utf-?8"?)\s*(?=[;,]|$)/gi, '');
}

/** Whether a type of FHIR is asked for by name. */
export function namesFhir(accept: string | undefined): boolean {
  return accept !== undefined && /(^|,)\s*application\/fhir\+(json|xml)\b/i.test(accept);
}

/** The format of a body: FHIR, in UTF-8. */
export function formatOfBody(contentType: string | undefined, also = ''): Outcome<FhirFormat> {
  const wanted = also === '' ? expected : `${also}, ${expected}`;
  const refuse = (found: string) => fail('unsupported-media-type', { name: 'Content-Type', found, expected: wanted });
  if (contentType === undefined) return refuse('missing');
  const format = isUtf8(contentType) ? formatOf(contentType) : undefined;
  return format ?? refuse(contentType);
}

/** Whether a media type says that the text is in UTF-8, or nothing of it. */
export function isUtf8(contentType: string): boolean {
  const { charset = 'utf-8' } = safeParse(contentType).parameters;
  return /^utf-?8$/i.test(charset);
}

/** The name of a media type, without its parameters. */
export function nameOf(contentType: string | undefined): string | undefined {
  return contentType === undefined ? undefined : safeParse(contentType.split(';', 1)[0] ?? '').type;
}
