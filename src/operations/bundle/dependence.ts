import type { Definitions } from '#fhir/model/definitions.ts';
import type { Version } from '#storage/store.ts';
import type { Request } from '../request/request.ts';

/**
 * Whether the answer to a read may change when these versions are written. It says yes where that is not plain: of a search that looks at
 * more than the resources of its type.
 */
export function dependsOn(
  definitions: Definitions,
  { interaction: i, query }: Request,
  versions: readonly Version[],
): boolean {
  switch (i.code) {
    case 'read':
    case 'vread':
    case 'history-instance':
      return versions.some(({ type, id }) => type === i.type && id === i.id);
    case 'history-type':
      return versions.some(({ type }) => type === i.type);
    case 'search-type': {
      const own = query.every(([name, value]) => looksAtOwnValues(definitions, i.type, name, value));
      return !own || versions.some(({ type }) => type === i.type || type === 'SearchParameter');
    }
    default:
      return versions.length > 0;
  }
}

/** Parameters that shape the page, and no more. */
const shaping: ReadonlySet<string> = new Set(['_count', '_elements', '_format', '_pretty', '_summary', '_total']);

/** Kinds of parameters whose values stand in the resource itself. A reference by identifier rests on who carries the identifier. */
const ownValues: ReadonlySet<string> = new Set(['date', 'number', 'quantity', 'string', 'token', 'uri']);

/** Modifiers that ask nothing of a terminology or of other resources. */
const plain: ReadonlySet<string | undefined> = new Set([undefined, 'contains', 'exact', 'missing', 'not']);

function looksAtOwnValues(definitions: Definitions, type: string, parameter: string, value: string): boolean {
  if (shaping.has(parameter)) return true;
  const isOwn = (code: string) => ownValues.has(definitions.searchParameters(type).get(code)?.type ?? '');
  if (parameter === '_sort') return value.split(',').every((key) => isOwn(key.replace(/^-/, '')));
  const [code = '', modifier] = parameter.split(':');
  return plain.has(modifier) && isOwn(code);
}
