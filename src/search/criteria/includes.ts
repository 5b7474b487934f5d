import { Failure, type Outcome } from '#errors';
import type { Definitions } from '#fhir/model/definitions.ts';
import type { Include } from '../model/query.ts';
import { badValue, notReady } from './lists.ts';

interface IncludeScope {
  readonly definitions: Definitions;
  readonly types: readonly string[];
}

/** A reference parameter of a type. */
interface Reference {
  readonly type: string;
  readonly param: string;
  readonly targets: readonly string[];
}

const forms = 'Type:reference-parameter, Type:reference-parameter:TargetType, Type:* or *';

/**
 * Reads one `_include` or `_revinclude` (R4 search.html#include). A wildcard gives one Include for each reference parameter that
 * it stands for: with `:iterate` those of every type, else those from or to the types searched.
 */
export function readInclude(scope: IncludeScope, name: string, value: string): Outcome<readonly Include[]> {
  const direction = name.startsWith('_include') ? 'include' : 'revinclude';
  const iterate = name.endsWith(':iterate');
  const [type = '', param = type === '*' ? '*' : '', target, ...more] = value.split(':');
  if (more.length > 0 || (type === '*' && param !== '*')) return badValue(name, value, forms);
  const found = referencesOf(scope, name, value, type, param);
  if (found instanceof Failure) return found;
  const allowed = new Set(found.flatMap((r) => r.targets));
  if (target !== undefined && !allowed.has(target)) {
    return badValue(name, value, `as target type one of ${[...allowed].sort().join(', ')}`);
  }
  const narrowed: Reference[] = found
    .map((r) => (target === undefined ? r : { ...r, targets: r.targets.filter((t) => t === target) }))
    .filter((r) => r.targets.length > 0);
  const { types } = scope;
  const starts = (r: Reference) => (direction === 'include' ? [r.type] : r.targets).some((t) => types.includes(t));
  const wanted = iterate ? narrowed : narrowed.filter(starts);
  if (wanted.length === 0 && type !== '*') {
    return badValue(name, value, `a reference ${direction === 'include' ? 'from' : 'to'} ${types.join(' or ')}`);
  }
  return wanted.map((r) => ({ direction, ...r, iterate }));
}

function referencesOf(
  { definitions }: IncludeScope,
  name: string,
  value: string,
  type: string,
  param: string,
): Outcome<readonly Reference[]> {
  const from = type === '*' ? [...definitions.resourceTypes] : [type];
  const all = from.flatMap((t) => [...definitions.searchParameters(t).values()].map((p) => [t, p] as const));
  const found = all.filter(([, p]) => p.type === 'reference' && (param === '*' || p.code === param));
  if (found.length === 0) return notReady(definitions, [type], param) ?? badValue(name, value, forms);
  return found.map(([t, p]) => ({ type: t, param: p.code, targets: p.targets }));
}
