import { ageOn, type Day, dayOf, type Period } from '../calendar.ts';
import type { Person } from './types.ts';

/** Not deceased before the end of the period, and not replaced by another record. */
export function isCounted(person: Person, period: Period): boolean {
  return !person.replacedBy && !isDead(person, period);
}

function isDead({ death }: Person, period: Period): boolean {
  if (!death) return false;
  if (death.kind === 'day') return death.day <= period.last;
  return death.kind === 'flag' || death.at < period.end;
}

/** The street where the person is a resident on the last day of the period; undefined for one who is none then. */
export function residentStreet(person: Person, period: Period): string | undefined {
  if (!isCounted(person, period) || person.residency === 'non-resident') return undefined;
  const home = person.homes.find(
    ({ use, street, from, to }) =>
      use === 'home' &&
      street !== undefined &&
      (from ?? period.last) <= period.last &&
      (to ?? period.last) >= period.last,
  );
  return home?.street;
}

/** The day of death, as far as one is known. */
export function dayOfDeath({ death }: Person): Day | undefined {
  if (!death || death.kind === 'flag') return undefined;
  return death.kind === 'day' ? death.day : dayOf(death.at);
}

export function isElderly(person: Person, period: Period): boolean {
  return ageOn(person.birth, period.last) >= 65;
}
