import { Failure, type Outcome } from '#errors';
import { stringify } from '#fhir/json.ts';
import type { Answer, History, Links, SearchSet } from '#operations/answer.ts';
import type { Version } from '#storage/store.ts';
import { outcomeOf } from './outcome.ts';

/** The JSON text of an answer's body; undefined for none. Stored texts go out as they are, digit for digit. */
export function render(answer: Answer, baseUrl: string): string | undefined {
  switch (answer.kind) {
    case 'resource':
      return contentOf(answer.version);
    case 'made':
      return stringify(answer.resource);
    case 'deleted':
      return undefined;
    case 'searchset':
      return searchSet(answer, baseUrl);
    case 'history':
      return historyBundle(answer, baseUrl);
    case 'responses': {
      const entries = answer.answers.map((a) => responseEntry(a, baseUrl));
      return bundle(`${answer.type}-response`, [], entries);
    }
  }
}

/** A deletion has no content: whoever answers with one is wrong, and the text would be no JSON. */
function contentOf(version: Version): string {
  if (version.content === undefined) throw new Error(`${version.type}/${version.id} has no content`);
  return version.content;
}

function bundle(type: string, members: readonly string[], entries: readonly string[]): string {
  const entry = entries.length === 0 ? [] : [`"entry":[${entries.join(',')}]`];
  return `{${['"resourceType":"Bundle"', `"type":"${type}"`, ...members, ...entry].join(',')}}`;
}

function linksOf(links: Links, baseUrl: string): string {
  const link = Object.entries(links).map(([relation, url]) => ({ relation, url: `${baseUrl}/${url}` }));
  return `"link":${JSON.stringify(link)}`;
}

function fullUrl(version: Version, baseUrl: string): string {
  return `"fullUrl":${JSON.stringify(`${baseUrl}/${version.type}/${version.id}`)}`;
}

/** R4 search.html#2.21.1.2: matches first, then each included resource once, then what there is to tell. */
function searchSet(answer: SearchSet, baseUrl: string): string {
  const entry = (mode: string) => (v: Version) =>
    `{${fullUrl(v, baseUrl)},"resource":${contentOf(v)},"search":{"mode":"${mode}"}}`;
  const notes =
    answer.notes.length === 0
      ? []
      : [`{"resource":${JSON.stringify(outcomeOf(answer.notes))},"search":{"mode":"outcome"}}`];
  const entries = [...answer.matches.map(entry('match')), ...answer.included.map(entry('include')), ...notes];
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
    const resource = v.content === undefined ? '' : `"resource":${v.content},`;
    const request = JSON.stringify({ method: v.method, url });
    return `{${fullUrl(v, baseUrl)},${resource}"request":${request},"response":${JSON.stringify(response)}}`;
  });
  return bundle('history', [...totalOf(answer.total), linksOf(answer.links, baseUrl)], entries);
}

/** R4 bundle.html#batch-response: status, location, etag and lastModified of a write; the result of a read. */
function responseEntry(answer: Outcome<Answer>, baseUrl: string): string {
  if (answer instanceof Failure) {
    const response = { status: String(answer.status), outcome: outcomeOf(answer.issues) };
    return `{"response":${JSON.stringify(response)}}`;
  }
  const status = String(answer.status);
  if (answer.kind === 'deleted') {
    const etag = answer.version === undefined ? {} : { etag: etagOf(answer.version) };
    return `{"response":${JSON.stringify({ status, ...etag })}}`;
  }
  if (answer.kind !== 'resource') return `{"resource":${render(answer, baseUrl)},"response":{"status":"${status}"}}`;
  const { version, notes } = answer;
  const response = {
    status,
    location: locationOf(version, baseUrl),
    etag: etagOf(version),
    lastModified: new Date(version.lastUpdated).toISOString(),
    ...(notes !== undefined && { outcome: outcomeOf(notes) }),
  };
  return `{${fullUrl(version, baseUrl)},"resource":${contentOf(version)},"response":${JSON.stringify(response)}}`;
}

/** R4 http.html#versioning: a weak ETag of the version id. */
export function etagOf(version: Version): string {
  return `W/"${version.version}"`;
}

/** R4 http.html#create: the version-specific location. */
export function locationOf(version: Version, baseUrl: string): string {
  return `${baseUrl}/${version.type}/${version.id}/_history/${version.version}`;
}
