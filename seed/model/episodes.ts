import { ageOn, type Day, day, type Period } from '../calendar.ts';
import { CENTRES, centre } from '../district.ts';
import { type Random, random } from '../random.ts';
import type { Numbers } from './numbers.ts';
import { prevalence, ratesOf } from './rates.ts';
import type { Disease, Episode, EpisodeStatus, Person } from './types.ts';

/** Signing and management of a person with a file. */
export function drawEpisodes(person: Person, seed: number, period: Period, numbers: Numbers): void {
  if (person.archiveNumber === undefined) return;
  const draw = random(seed, 'episodes', person.key);
  const age = ageOn(person.birth, period.last);
  // Only who has a resident ID number can be found by a second centre.
  const away = person.residentId !== undefined && draw.chance(0.03);
  const at = away ? draw.pick(CENTRES).id : person.registrar;
  const doctor = draw.pick(centre(at).doctors).id;
  for (const { status, from, to } of drawTerms(draw, age, ratesOf(person.registrar).signing, period)) {
    person.episodes.push({ id: numbers.episodeId(at), type: 'family-doctor', centre: at, doctor, status, from, to });
  }
  for (const disease of ['hypertension', 'diabetes2'] as const) {
    if (!draw.chance(prevalence(disease, age) / 0.86)) continue;
    person.episodes.push(...drawManagement(draw, disease, at, doctor, period, numbers));
  }
}

interface Term {
  readonly status: EpisodeStatus;
  readonly from: Day;
  readonly to: Day | undefined;
}

/** A signing runs for one year or three, from any day, and is renewed or not. */
function drawTerms(draw: Random, age: number, rate: number, period: Period): Term[] {
  const inclination = age >= 65 ? 1.2 : age < 7 ? 1.05 : 0.88;
  if (draw.chance(rate * inclination)) return liveTerms(draw, period);
  const start = draw.int(period.first - 300, period.last - 60);
  return draw.weighted<Term[]>([
    [[], 60],
    [[{ status: 'finished', from: start - 365, to: draw.int(period.first, period.last - 1) }], 22],
    [[{ status: 'cancelled', from: start, to: start + 364 }], 8],
    [[{ status: 'entered-in-error', from: start, to: start + 364 }], 3],
    [[{ status: 'active', from: period.last + draw.int(1, 30), to: period.last + 395 }], 5],
    [[{ status: 'planned', from: period.last - 10, to: period.last + 355 }], 2],
  ]);
}

function liveTerms(draw: Random, period: Period): Term[] {
  const from = period.last - draw.int(0, 364);
  const status = draw.weighted<EpisodeStatus>([
    ['active', 92],
    ['onhold', 3],
    ['finished', 5],
  ]);
  const live = { status, from, to: from + (draw.chance(0.3) ? 3 * 365 : 365) - 1 };
  if (draw.chance(0.05)) return [{ status: 'active', from: from - 800, to: undefined }];
  return draw.chance(0.35) ? [{ status: 'finished', from: from - 365, to: from - 1 }, live] : [live];
}

function drawManagement(
  draw: Random,
  disease: Disease,
  at: string,
  doctor: string,
  period: Period,
  numbers: Numbers,
): Episode[] {
  const episode = (status: EpisodeStatus, from: Day, to?: Day): Episode => {
    return { id: numbers.episodeId(at), type: disease, centre: at, doctor, status, from, to };
  };
  const long = day(period.year - draw.int(1, 9), draw.int(1, 12), draw.int(1, 28));
  const recent = draw.int(period.first, period.last);
  const ended = draw.int(period.first + 30, period.last - 1);
  switch (
    draw.weighted([
      ['long', 80],
      ['recent', 12],
      ['ended', 4],
      ['resumed', 2],
      ['onhold', 1],
      ['void', 1],
    ] as const)
  ) {
    case 'long':
      return [episode('active', long)];
    case 'recent':
      return [episode('active', recent)];
    case 'ended':
      return [episode('finished', long, ended)];
    case 'resumed':
      return [episode('finished', long, ended), episode('active', ended + 1)];
    case 'onhold':
      return [episode('onhold', long)];
    case 'void':
      return [episode(draw.chance(0.5) ? 'entered-in-error' : 'cancelled', long)];
  }
}
