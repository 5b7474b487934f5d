import type { Definitions, SearchParameter } from '#fhir/model/definitions.ts';
import { readDocumentation } from './documentation.ts';
import { type JsonMembers, type JsonValue, ref, several, text } from './openapi-parts.ts';
import { everywhere } from './rest.ts';
import { formats, specials } from './services.ts';

export interface Parameters {
  readonly components: JsonMembers;
  /** The components of the search parameters of a type; of those that all types have for undefined. */
  readonly searching: (type: string | undefined) => readonly string[];
}

/** The parameters of paths, URLs and headers, and the search parameters: one for each type, as R4 describes them, but for what all have. */
export function parametersOf(definitions: Definitions, types: readonly string[]): Parameters {
  const documentation = readDocumentation();
  const common = everywhere(definitions, types).map((p) => p.code);
  const name = (type: string, code: string): string => (common.includes(code) ? code : `${type}-${code}`);
  const components: Record<string, JsonValue> = { ...shared, type: ofTypes(types) };
  const byType = new Map<string | undefined, readonly string[]>([[undefined, common]]);
  for (const type of types) {
    const parameters = [...definitions.searchParameters(type).values()];
    byType.set(
      type,
      parameters.map((p) => name(type, p.code)),
    );
    for (const p of parameters) components[name(type, p.code)] ??= searched(p, documentation(p.url, type));
  }
  return { components, searching: (type) => byType.get(type) ?? [] };
}

function ofTypes(types: readonly string[]): JsonValue {
  return { name: 'type', in: 'path', required: true, schema: oneOf(...types) };
}

function searched({ code, type }: SearchParameter, description: string | undefined): JsonValue {
  const documented = description === undefined ? {} : { description };
  return { name: code, in: 'query', ...documented, schema: ref('schemas', `search-${type}`) };
}

function inQuery(name: string, description: string, schema: JsonValue, more: JsonMembers = {}): JsonValue {
  return { name, in: 'query', description, schema, ...more };
}

function inHeader(name: string, description: string): JsonValue {
  return { name, in: 'header', description, schema: text };
}

function oneOf(...values: readonly string[]): JsonValue {
  return { type: 'string', enum: values };
}

const byCommas: JsonMembers = { explode: false };

const ofAll = Object.fromEntries(
  specials.filter((s) => s.code !== '_has').map((s) => [s.code, inQuery(s.code, s.documentation, several)]),
);

const shared: JsonMembers = {
  ...ofAll,
  id: { name: 'id', in: 'path', required: true, schema: ref('schemas', 'id') },
  version: { name: 'version', in: 'path', required: true, schema: { type: 'integer', minimum: 1 } },
  member: {
    name: 'member',
    in: 'path',
    required: true,
    description: 'A type whose resources may be in the compartment, also by its search parameters; `*` for all',
    schema: text,
  },
  job: { name: 'job', in: 'path', required: true, schema: text },
  _format: inQuery('_format', 'Goes before Accept', oneOf(...formats)),
  _pretty: inQuery('_pretty', 'Indented', { type: 'boolean' }),
  _summary: inQuery('_summary', 'A part of each resource', oneOf('true', 'text', 'data', 'count', 'false')),
  _elements: inQuery('_elements', 'These elements of each resource', several, byCommas),
  _count: inQuery('_count', 'Resources of one page', { type: 'integer', minimum: 0 }),
  _sort: inQuery('_sort', 'Parameters to sort by, downwards after `-`', several, byCommas),
  _total: inQuery('_total', 'How matches are counted', oneOf('none', 'estimate', 'accurate')),
  _include: inQuery(
    '_include',
    'Also what matches refer to: `Type:parameter`, `Type:parameter:Target` or `*`',
    several,
  ),
  _revinclude: inQuery('_revinclude', 'Also what refers to matches: `Type:parameter` or `*`', several),
  _type: inQuery('_type', 'The types to search', several, byCommas),
  _explain: inQuery('_explain', 'The first entry tells how the search was made', { type: 'boolean' }),
  _since: inQuery('_since', 'Versions made at or after this date or time', text),
  _at: inQuery('_at', 'Versions that were current within this time', text),
  mode: inQuery('mode', 'All, or the normative elements alone', oneOf('full', 'normative')),
  criteria: inQuery(
    'criteria',
    'The search that finds what is written, by the search parameters of the type',
    { type: 'object', additionalProperties: text, minProperties: 1, examples: [{ identifier: 'system|value' }] },
    { required: true },
  ),
  'If-Match': inHeader('If-Match', 'Only if this version is current: `W/"1"`'),
  'If-None-Match': inHeader('If-None-Match', 'Not this version, `W/"1"`; on an update `*`: only if nothing is there'),
  'If-Modified-Since': inHeader('If-Modified-Since', 'Only if it changed after this HTTP date'),
  'If-None-Exist': inHeader('If-None-Exist', 'Only if this search finds nothing: `identifier=system|value`'),
  'X-Security-Context': inHeader('X-Security-Context', 'Whose rules the bytes of a Binary follow: `Patient/1`'),
  Prefer: inHeader(
    'Prefer',
    'Writes: `return=representation`, `return=minimal` or `return=OperationOutcome`. Searches: `handling=lenient` or `handling=strict`. Measures: `respond-async`.',
  ),
};
