import { type Failure, fail } from '#errors';
import type { Interaction } from './route.ts';

export type Pairs = readonly (readonly [string, string])[];

/** Parameters of the answer's form, which every interaction takes (R4 http.html#parameters). */
export const presentation: ReadonlySet<string> = new Set(['_format', '_pretty']);

/** Parameters that ask for a part of each resource (R4 search.html#summary, #elements). */
const partial: ReadonlySet<string> = new Set(['_summary', '_elements']);

/** Interactions that have no parameters of their own. */
const plain: ReadonlySet<Interaction['code']> = new Set([
  'create',
  'update',
  'patch',
  'delete',
  'bundle',
  'jobs',
  'job',
  'cancel-job',
]);

/** Refuses parameters that the interaction would not heed: whoever sends one expects something of it. */
export function refuseParameters({ code }: Interaction, pairs: Pairs): Failure | undefined {
  if (code === 'read' || code === 'vread') return refuseOthers(withoutPartial(pairs), code);
  return plain.has(code) ? refuseOthers(pairs, code) : undefined;
}

/** The parameters but `_summary` and `_elements`. */
export function withoutPartial(pairs: Pairs): Pairs {
  return pairs.filter(([name]) => !partial.has(name));
}

/** The page that `_after` asks for, which no other parameter can change; undefined if there is none. */
export function pageToken(pairs: Pairs): string | Failure | undefined {
  const after = pairs.find(([name]) => name === '_after');
  if (after === undefined) return undefined;
  return (
    refuseOthers(
      pairs.filter((p) => p !== after),
      'a page link',
    ) ?? after[1]
  );
}

function refuseOthers(pairs: Pairs, target: string): Failure | undefined {
  const other = pairs.find(([name]) => !presentation.has(name));
  if (other === undefined) return undefined;
  return fail('unknown-parameter', { found: other[0], target, expected: [...presentation].join(', ') });
}
