import { convert } from '#fhir/values/units.ts';
import { parseNumber } from '../model/numbers.ts';
import { splitEscaped, startOf, unescapeValue } from './escapes.ts';
import type { TestAlternatives } from './ranges.ts';

/** What `near` looks for if the value names no distance, which R4 leaves to the server. */
const defaultKilometres = 10;

export const nearForm = 'latitude|longitude|distance|units, the last two optional, units of length as UCUM writes them';

/** `latitude|longitude|distance|units` (R4 location.html#positional), in degrees of WGS 84; kilometres if no units are named. */
export function readNear(value: string): TestAlternatives {
  const parts = splitEscaped(value, '|', 5);
  const [north = '', east = '', distance = '', unit = ''] = parts.map(unescapeValue);
  const wrong = (part: number, expected: string) => ({ expected, at: startOf(parts, part) });
  if (parts.length < 2 || parts.length > 4) return { expected: nearForm };
  const latitude = parseNumber(north);
  if (latitude === undefined || Math.abs(latitude) > 90)
    return wrong(0, 'a latitude from -90 to 90 before the first |');
  const longitude = parseNumber(east);
  if (longitude === undefined || Math.abs(longitude) > 180) {
    return wrong(1, 'a longitude from -180 to 180 after the first |');
  }
  if (distance === '') {
    // R4: without a distance the units mean nothing.
    return [{ kind: 'near', latitude, longitude, kilometres: defaultKilometres }];
  }
  const length = parseNumber(distance);
  if (length === undefined || length < 0) return wrong(2, 'a distance of 0 or more after the second |');
  const kilometres = unit === '' ? length : convert(length, unit, 'km');
  if (kilometres === undefined || !Number.isFinite(kilometres)) {
    return wrong(3, 'a unit of length after the third |, as UCUM writes it: km, m, [mi_us]');
  }
  return [{ kind: 'near', latitude, longitude, kilometres }];
}
