import type { Resource } from '@medplum/fhirtypes';
import { fail, type Outcome } from '#errors';
import { atMost, limits } from '#limits';
import { type Filter, or } from '#search/model/filter.ts';
import { findReadable } from '../read/find-readable.ts';
import type { Caller, Context } from '../request/context.ts';

/**
 * The reference parameters that make a strict hierarchy of a type (R4 references.html#circular). A CarePlan has three; it is
 * searched by the one that says which plan is a part of which. That of StructureDefinition is a canonical, which leads to no id.
 */
const parameters: Readonly<Record<string, string>> = {
  CarePlan: 'part-of',
  Encounter: 'part-of',
  Location: 'partof',
  Organization: 'partof',
};

/** The types that have one, for texts. */
export const hierarchicalTypes = Object.keys(parameters).join(', ');

/** Resources that one hierarchy may have. */
const { most } = limits['search-lookups'];
/** Targets that one plan asks for. */
const slice = 200;

/**
 * The ids of a resource and of all below or above it (R4 search.html#recursive), as far as the caller may read what connects
 * them; undefined for a type without a hierarchy. The resource itself need not be there.
 */
export async function hierarchyOfResource(
  context: Context,
  caller: Caller,
  how: 'above' | 'below',
  type: string,
  id: string,
): Promise<Outcome<readonly string[]> | undefined> {
  const param = Object.hasOwn(parameters, type) ? parameters[type] : undefined;
  if (param === undefined) return undefined;
  const step = how === 'below' ? below : above;
  const known = new Set([id]);
  for (let level: readonly string[] = [id]; level.length > 0; ) {
    const next = new Set<string>();
    for (let at = 0; at < level.length; at += slice) {
      for await (const found of step(context, caller, type, param, level.slice(at, at + slice))) {
        if (!known.has(found)) next.add(found);
        if (known.size + next.size > most) {
          const text = `More resources lie ${how} ${type}/${id}; expected ${atMost('search-lookups')}: name a narrower one.`;
          return fail('too-costly', { text });
        }
      }
    }
    for (const found of next) known.add(found);
    level = [...next];
  }
  return [...known];
}

async function* below(context: Context, caller: Caller, type: string, param: string, ids: readonly string[]) {
  const where = or(ids.map((id): Filter => ({ op: 'match', param, test: { kind: 'reference', type, id } })));
  for await (const { id } of findReadable(context, caller, type, where)) yield id;
}

/** A parent that has not arrived is above too, as the reference names it; one that is named by its identifier, the store knows. */
async function* above(context: Context, caller: Caller, type: string, param: string, ids: readonly string[]) {
  const logical: string[] = [];
  for await (const { id, content } of findReadable(context, caller, type, { op: 'id', ids })) {
    if (content === undefined) continue;
    for (const entry of context.index(JSON.parse(content) as Resource).entries) {
      if (entry.param !== param) continue;
      if (entry.kind === 'reference' && entry.type === type) yield entry.id;
      if (entry.kind === 'logical') logical.push(id);
    }
  }
  if (logical.length === 0) return;
  const led: Filter = { op: 'has', type, param, where: { op: 'id', ids: logical } };
  for await (const { id } of findReadable(context, caller, type, led)) yield id;
}
