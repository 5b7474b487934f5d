import type { Binary, OperationOutcome, Resource } from '@medplum/fhirtypes';
import { Failure, type Issue, type Outcome } from '#errors';
import { parseJson, stringify } from '#fhir/json/json.ts';
import { type Subset, subset } from '#fhir/model/subset.ts';
import { toXml } from '#fhir/xml/write.ts';
import type { Answer, History, Links, SearchSet } from '#operations/request/answer.ts';
import type { Interaction } from '#operations/request/route.ts';
import type { Version } from '#storage/store.ts';
import { acceptsContent, contentOf, goesOutRaw } from '../request/binary.ts';
import { writeHttpDate } from '../request/http-date.ts';
import type { HttpRequest, HttpResponse } from '../request/messages.ts';
import type { NegotiatedForm } from '../request/negotiate.ts';
import { type Prefer, readPrefer } from '../request/prefer.ts';
import { outcomeOf } from './outcome.ts';
import { pretty } from './pretty.ts';

/** In which form an answer goes out. */
export interface Presentation extends NegotiatedForm {
  readonly pretty: boolean;
}

interface View extends Presentation, Pick<Prefer, 'return'> {
  readonly baseUrl: string;
}

/** Stored resources nest no deeper than any body may. */
const anyDepth = 2_000;

/** The HTTP form of an answer: status, headers and body (R4 http.html). */
export function reply(
  answer: Answer,
  at: Presentation & { readonly baseUrl: string; readonly incoming: HttpRequest; readonly asked: Interaction },
): HttpResponse {
  const { prefer } = at.incoming.headers;
  const { return: wanted } = prefer === undefined ? {} : readPrefer(prefer);
  const { format, mediaType, baseUrl } = at;
  const view: View = {
    format,
    mediaType,
    pretty: at.pretty,
    baseUrl,
    ...(wanted !== undefined && { return: wanted }),
  };
  const headers = headersOf(answer, view);
  // A part of a Binary is no content, but a resource (R4 search.html#elements).
  if (answer.kind === 'resource' && answer.subset === undefined && goesOutRaw(at.asked, at.incoming)) {
    const binary = parsed(contentOfVersion(answer.version)) as Binary;
    const raw = contentOf(binary);
    const { status } = answer;
    if (acceptsContent(binary.contentType, at.incoming.headers.accept)) {
      return { status, headers: { ...headers, ...raw.headers }, body: raw.body };
    }
  }
  const written = isWritten(answer);
  if (written && view.return === 'OperationOutcome') {
    const status = answer.status === 204 ? 200 : answer.status;
    return bodied(status, headers, JSON.stringify(outcomeFor(answer, view)), view);
  }
  if (answer.kind === 'made' && answer.etag !== undefined) return cachedBody(answer, headers, view);
  const text = written && view.return === 'minimal' ? undefined : jsonOf(answer, view);
  return text === undefined ? { status: answer.status, headers } : bodied(answer.status, headers, text, view);
}

/** The bodies of what was made once for all who ask, by how they look: so that it is written, and held in memory, once only. */
const bodies = new WeakMap<Resource, Map<string, Buffer>>();

type MadeAnswer = Extract<Answer, { readonly kind: 'made' }>;

function cachedBody({ status, resource }: MadeAnswer, headers: HttpResponse['headers'], view: View): HttpResponse {
  const known = bodies.get(resource) ?? new Map<string, Buffer>();
  bodies.set(resource, known);
  const look = `${view.format} ${view.pretty}`;
  const body = known.get(look) ?? Buffer.from(inForm(stringify(resource), view));
  known.set(look, body);
  return { status, headers: { ...headers, ...typed(view) }, body };
}

/** An answer with a body in the form that is asked for; `text` is JSON. */
export function bodied(
  status: number,
  headers: HttpResponse['headers'],
  text: string,
  view: Presentation,
): HttpResponse {
  return { status, headers: { ...headers, ...typed(view) }, body: inForm(text, view) };
}

function inForm(text: string, view: Presentation): string {
  return view.format === 'xml' ? toXml(parsed(text), view.pretty) : view.pretty ? pretty(text) : text;
}

function typed({ mediaType }: Presentation): HttpResponse['headers'] {
  return { 'content-type': `${mediaType}; charset=utf-8` };
}

function headersOf(answer: Answer, { baseUrl }: View): HttpResponse['headers'] {
  if (answer.kind === 'accepted') {
    return { 'content-location': `${baseUrl}/${answer.at}`, 'x-progress': answer.progress, 'retry-after': '1' };
  }
  if ((answer.kind === 'made' || answer.kind === 'text') && answer.etag !== undefined) return { etag: answer.etag };
  if (answer.kind !== 'bare' && answer.kind !== 'resource') return {};
  const { version } = answer;
  if (version === undefined) return {};
  const headers = { etag: etagOf(version), 'last-modified': writeHttpDate(version.lastUpdated) };
  return answer.kind === 'resource' && answer.written === true
    ? { ...headers, location: locationOf(version, baseUrl) }
    : headers;
}

/** The JSON text of an answer's body; undefined for none. Stored texts go out as they are, digit for digit. */
function jsonOf(answer: Answer, view: View): string | undefined {
  switch (answer.kind) {
    case 'resource':
      return textOf(answer.version, answer.subset);
    case 'made':
      return stringify(answer.resource);
    case 'text':
      return answer.text;
    case 'judged':
      return JSON.stringify(answer.found.length === 0 ? nothingWrong : outcomeOf(answer.found));
    case 'bare':
    case 'accepted':
      return undefined;
    case 'searchset':
      return searchSet(answer, view.baseUrl);
    case 'history':
      return historyBundle(answer, view.baseUrl);
    case 'responses': {
      const entries = answer.answers.map((a) => responseEntry(a, view));
      return bundle(`${answer.type}-response`, [], entries);
    }
  }
}

/** A deletion has no content: whoever answers with one is wrong, and the text would be no JSON. */
function contentOfVersion(version: Version): string {
  if (version.content === undefined) throw new Error(`${version.type}/${version.id} has no content`);
  return version.content;
}

function textOf(version: Version, part: Subset | undefined): string {
  const content = contentOfVersion(version);
  return part === undefined ? content : stringify(subset(parsed(content), part));
}

function parsed(text: string): Resource {
  const value = parseJson(text, anyDepth);
  if (value instanceof Failure) throw new Error('a text of ours is no JSON');
  return value as Resource;
}

function bundle(type: string, members: readonly string[], entries: readonly string[]): string {
  const entry = entries.length === 0 ? [] : [`"entry":[${entries.join(',')}]`];
  return `{${['"resourceType":"Bundle"', `"type":"${type}"`, ...members, ...entry].join(',')}}`;
}

function linksOf(links: Links, baseUrl: string): string {
  const link = Object.entries(links).map(([relation, url]) => ({
    relation,
    url: url.startsWith('?') ? baseUrl + url : `${baseUrl}/${url}`,
  }));
  return `"link":${JSON.stringify(link)}`;
}

function fullUrl(version: Version, baseUrl: string): string {
  return `"fullUrl":${JSON.stringify(`${baseUrl}/${version.type}/${version.id}`)}`;
}

/** R4 search.html#2.21.1.2: matches, then each included resource once, then what there is to tell; before all, how they were found. */
function searchSet(answer: SearchSet, baseUrl: string): string {
  const entry = (mode: string, part: Subset | undefined) => (v: Version) =>
    `{${fullUrl(v, baseUrl)},"resource":${textOf(v, part)},"search":{"mode":"${mode}"}}`;
  // R4 search.html#elements: they do not apply to what is included.
  const ofIncluded = answer.subset !== undefined && 'elements' in answer.subset ? undefined : answer.subset;
  const outcomeEntries = (issues: readonly Issue[]) =>
    issues.length === 0 ? [] : [`{"resource":${JSON.stringify(outcomeOf(issues))},"search":{"mode":"outcome"}}`];
  const entries = [
    ...outcomeEntries(answer.explanation ?? []),
    ...answer.matches.map(entry('match', answer.subset)),
    ...answer.included.map(entry('include', ofIncluded)),
    ...outcomeEntries(answer.notes),
  ];
  return bundle('searchset', [...totalOf(answer.total), linksOf(answer.links, baseUrl)], entries);
}

function totalOf(total: number | undefined): string[] {
  return total === undefined ? [] : [`"total":${total}`];
}

/** R4 http.html#history: each version with the request that made it; deletions come without a resource. */
function historyBundle(answer: History, baseUrl: string): string {
  const entries = answer.versions.map((v) => {
    const url = v.method === 'POST' ? v.type : `${v.type}/${v.id}`;
    const status = v.method === 'DELETE' ? '204' : v.created ? '201' : '200';
    const response = { status, etag: etagOf(v), lastModified: new Date(v.lastUpdated).toISOString() };
    const resource = v.content === undefined ? '' : `"resource":${textOf(v, answer.subset)},`;
    const request = JSON.stringify({ method: v.method, url });
    return `{${fullUrl(v, baseUrl)},${resource}"request":${request},"response":${JSON.stringify(response)}}`;
  });
  return bundle('history', [...totalOf(answer.total), linksOf(answer.links, baseUrl)], entries);
}

/** R4 bundle.html#batch-response: status, location, etag and lastModified of a write; the result of a read. */
function responseEntry(answer: Outcome<Answer>, view: View): string {
  if (answer instanceof Failure) {
    const response = { status: String(answer.status), outcome: outcomeOf(answer.issues) };
    return `{"response":${JSON.stringify(response)}}`;
  }
  const status = String(answer.status);
  const version = answer.kind === 'bare' || answer.kind === 'resource' ? answer.version : undefined;
  const written = answer.kind === 'resource' && answer.written === true;
  const outcome = outcomeFor(answer, view);
  const response = JSON.stringify({
    status,
    ...(written && version !== undefined && { location: locationOf(version, view.baseUrl) }),
    ...(version !== undefined && { etag: etagOf(version), lastModified: new Date(version.lastUpdated).toISOString() }),
    ...(outcome !== undefined && { outcome }),
  });
  if (answer.kind !== 'resource') {
    const text = jsonOf(answer, view);
    return text === undefined ? `{"response":${response}}` : `{"resource":${text},"response":${response}}`;
  }
  // A bundle that was sent need not come back whole: its sender has it, and may ask for it (Prefer: return=representation).
  const shown = !written || view.return === 'representation';
  const resource = shown ? `"resource":${textOf(answer.version, answer.subset)},` : '';
  return `{${fullUrl(answer.version, view.baseUrl)},${resource}"response":${response}}`;
}

/** Whether an answer tells of something written, also of an entry of a bundle. */
export function tellsOfWrite(answer: Outcome<Answer>): boolean {
  if (answer instanceof Failure) return false;
  return answer.kind === 'responses' ? answer.answers.some(tellsOfWrite) : isWritten(answer);
}

/** Whether an answer tells what its request wrote, or deleted. */
function isWritten(answer: Answer): boolean {
  return (answer.kind === 'resource' && answer.written === true) || (answer.kind === 'bare' && answer.status === 204);
}

/** Warnings about what was written; with `Prefer: return=OperationOutcome` an outcome in any case. */
function outcomeFor(answer: Answer, view: View): OperationOutcome | undefined {
  const notes = answer.kind === 'resource' ? (answer.notes ?? []) : [];
  const written = isWritten(answer);
  if (notes.length > 0) return outcomeOf(notes);
  return written && view.return === 'OperationOutcome' ? allGood : undefined;
}

/** R4 operationoutcome.html: what is told where all went well. */
const allGood: OperationOutcome = {
  resourceType: 'OperationOutcome',
  issue: [{ severity: 'information', code: 'informational', diagnostics: 'All was done as it was asked.' }],
};

/** R4 resource-operation-validate.html: what is told of a resource without a fault. */
const nothingWrong: OperationOutcome = {
  resourceType: 'OperationOutcome',
  issue: [{ severity: 'information', code: 'informational', diagnostics: 'Nothing was found to be wrong.' }],
};

/** R4 http.html#versioning: a weak ETag of the version id. */
function etagOf(version: Version): string {
  return `W/"${version.version}"`;
}

/** R4 http.html#create: the version-specific location. */
function locationOf(version: Version, baseUrl: string): string {
  return `${baseUrl}/${version.type}/${version.id}/_history/${version.version}`;
}
