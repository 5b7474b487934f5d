import type { Resource } from '@medplum/fhirtypes';
import { Failure } from '#errors';
import { keepDigits, parseJson, stringify } from '#fhir/json/json.ts';
import { containedMatches } from '#search/match/contained.ts';
import type { Query } from '#search/model/query.ts';
import type { Version } from '#storage/store.ts';
import type { Context } from '../request/context.ts';

/** Stored resources nest no deeper than any body may. */
const anyDepth = 2_000;

/**
 * What a search shows of the resources that it found: with `_containedType=contained` what they were found for, as
 * `Type/id#local` (R4 search.html#contained).
 */
export function shownMatches(context: Context, query: Query, found: readonly Version[]): readonly Version[] {
  return query.contained === 'contained' ? found.flatMap((version) => takenApart(context, query, version)) : found;
}

function takenApart(context: Context, { where }: Query, version: Version): readonly Version[] {
  const resource = parseJson(version.content ?? '', anyDepth);
  if (resource instanceof Failure) throw new Error(`${version.type}/${version.id} is no JSON`);
  const { itself, contained } = containedMatches(where, resource as Resource, context.index);
  return [
    ...(itself ? [version] : []),
    ...contained.map((one) => {
      keepDigits(one);
      return { ...version, id: `${version.id}#${one.id ?? ''}`, content: stringify(one) };
    }),
  ];
}
