import { asObject, type JsonObject } from '#fhir/json/object.ts';
import { fold } from '../text/fold.ts';
import type { Value } from './convert.ts';
import type { TypedElement } from './walk.ts';

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** What `:text` looks at (R4 search.html#token): CodeableConcept.text, Coding.display, Identifier.type.text. */
export function tokenTexts(value: unknown, { type }: TypedElement): readonly Value[] {
  return textsOf(asObject(value), type).flatMap((exact): Value[] => {
    const folded = typeof exact === 'string' ? fold(exact) : '';
    return typeof exact === 'string' && folded !== '' ? [{ kind: 'string', value: folded, exact }] : [];
  });
}

function textsOf(value: JsonObject, type: string): readonly unknown[] {
  switch (type) {
    case 'CodeableConcept':
      return [value.text, ...list(value.coding).map((coding) => asObject(coding).display)];
    case 'Coding':
      return [value.display];
    case 'Identifier':
      return [asObject(value.type).text];
    default:
      return [];
  }
}

/** What `:of-type` looks at (R4 search.html#token): the value of an Identifier, under each coding of its type. */
export function ofType(value: unknown, place: TypedElement): readonly Value[] {
  if (place.type !== 'Identifier') return [];
  const { type, value: code } = asObject(value);
  if (typeof code !== 'string' || code === '') return [];
  return list(asObject(type).coding)
    .map(asObject)
    .filter((coding) => typeof coding.code === 'string' && coding.code !== '')
    .map((coding) => ({ kind: 'token', system: `${String(coding.system ?? '')}|${String(coding.code)}`, code }));
}

/** Where a Location is (R4 location.html#positional); none where the degrees are no place on earth. */
export function positions(value: unknown): readonly Value[] {
  const { latitude, longitude } = asObject(value);
  if (typeof latitude !== 'number' || typeof longitude !== 'number') return [];
  if (Math.abs(latitude) > 90 || Math.abs(longitude) > 180) return [];
  return [{ kind: 'position', latitude, longitude }];
}
