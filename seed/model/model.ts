import { calendarYear, dayOf, type Instant, type Period } from '../calendar.ts';
import { CENTRES } from '../district.ts';
import { random } from '../random.ts';
import { drawEdges } from './edges.ts';
import { drawEpisodes } from './episodes.ts';
import { drawExams } from './exams.ts';
import { drawFollowUps } from './follow-ups.ts';
import { drawHouseholds } from './households.ts';
import { Numbers } from './numbers.ts';
import { settlePerson } from './person.ts';
import { dayOfDeath, isElderly, residentStreet } from './residence.ts';
import type { District, OfficialPopulation, Person } from './types.ts';
import { drawMeasurements, drawVisits } from './visits.ts';

/** A district of so many persons. The edge residents are among them, and are there even if fewer are asked for. */
export function drawDistrict(residents: number, seed: number, year: number): District {
  const period = calendarYear(year);
  const numbers = new Numbers();
  const { edges, households: edgeHouseholds } = drawEdges(seed, period, numbers);
  const others = drawHouseholds(seed, residents - edgeHouseholds.flat().length, year);
  for (const person of others.flat()) drawRecords(person, seed, period, numbers);
  const households = [...edgeHouseholds, ...others];
  const persons = households.flat();
  return { seed, period, households, persons, official: drawOfficial(persons, seed, period), edges };
}

function drawRecords(person: Person, seed: number, period: Period, numbers: Numbers): void {
  settlePerson(person, seed, period, numbers);
  drawEpisodes(person, seed, period, numbers);
  drawFollowUps(person, seed, period);
  drawExams(person, seed, period);
  drawVisits(person, seed, period);
  drawMeasurements(person, seed, period);
  endAtDeath(person);
}

/** Nothing is recorded of a person after death. */
function endAtDeath(person: Person): void {
  const last = dayOfDeath(person);
  if (last === undefined) return;
  const keep = (at: Instant) => dayOf(at) <= last;
  replace(person.followUps, ({ start }) => keep(start));
  replace(person.exams, ({ start }) => keep(start));
  replace(person.consents, ({ at }) => keep(at));
  replace(person.measurements, ({ at }) => keep(at));
}

function replace<T>(items: T[], keep: (item: T) => boolean): void {
  items.splice(0, items.length, ...items.filter(keep));
}

/** The official numbers: the residents, and some more (6 to 11 %) of whom there is no record at all. */
function drawOfficial(persons: readonly Person[], seed: number, period: Period): OfficialPopulation[] {
  const streets = persons.map((person) => ({ person, street: residentStreet(person, period) }));
  return CENTRES.map(({ street }) => {
    const residents = streets.filter((each) => each.street === street).map(({ person }) => person);
    const share = 1000 + random(seed, 'official', street).int(60, 110);
    const grown = (count: number) => Math.ceil((count * share) / 1000);
    return {
      street,
      all: grown(residents.length),
      elderly: grown(residents.filter((person) => isElderly(person, period)).length),
    };
  });
}
