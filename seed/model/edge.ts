import { DAY, type Day, day, type Instant, instant, type Period } from '../calendar.ts';
import { centre } from '../district.ts';
import type { Random } from '../random.ts';
import { draftHome, draftPerson } from './draft.ts';
import { completeExam, morning } from './exams.ts';
import { personName } from './names.ts';
import type { Numbers } from './numbers.ts';
import type { Disease, Episode, Exam, FollowUp, FollowUpForm, Glucose, Member, Person, Pressure } from './types.ts';

/** A boundary of a definition: the fact, what follows from it, and how to make a person of whom it is true. */
export interface EdgeCase {
  readonly fact: string;
  readonly expected: readonly Member[];
  readonly make: (edge: Edge) => void;
}

/** Makes one edge resident: at first a woman of 50 with ID number, file and home, and nothing else. */
export class Edge {
  readonly person: Person;
  readonly household: Person[];
  readonly period: Period;
  readonly #draw: Random;
  readonly #numbers: Numbers;
  withoutId = false;

  constructor(key: string, at: string, period: Period, draw: Random, numbers: Numbers) {
    this.period = period;
    this.#draw = draw;
    this.#numbers = numbers;
    this.person = this.#newcomer(key, at);
    this.household = [this.person];
  }

  /** A day of the year, by month and date; `years` later. */
  on(month: number, date: number, years = 0): Day {
    return day(this.period.year + years, month, date);
  }

  /** A time of the year, at nine if nothing is said; `years` later. */
  at(month: number, date: number, hour = 9, minute = 0, second = 0, years = 0): Instant {
    return instant(this.on(month, date, years), hour, minute, second);
  }

  /** The last second of the period. */
  get lastSecond(): Instant {
    return this.period.end - 1000;
  }

  /** Another person of the same household, with nothing recorded. */
  companion(): Person {
    const person = this.#newcomer(`${this.person.key}-b`, this.person.registrar);
    person.residentId = this.#numbers.residentId(person.birth, person.gender);
    this.household.push(person);
    return person;
  }

  sign(from: Day, to: Day | undefined, status: Episode['status'] = 'active', at = this.person.registrar): void {
    this.#episode('family-doctor', from, to, status, at);
  }

  manage(
    disease: Disease,
    { from = this.on(3, 1, -3), to, status = 'active', at = this.person.registrar }: ManageOptions = {},
  ): Episode {
    return this.#episode(disease, from, to, status, at);
  }

  /** A follow-up in which all is as it should be, but for the exceptions. */
  followUp(episodes: readonly Episode[], start: Instant, exceptions: Partial<FollowUp> = {}): void {
    const diseases = episodes.map(({ type }) => (type === 'diabetes2' ? 'diabetes2' : 'hypertension'));
    this.person.followUps.push({
      centre: episodes[0]?.centre ?? this.person.registrar,
      episodes,
      status: 'finished',
      class: 'AMB',
      start,
      pressures: diseases.includes('hypertension') ? [pressure(128, 78)] : [],
      glucoses: diseases.includes('diabetes2') ? [glucose(6.2)] : [],
      forms: diseases.map((disease) => form(disease)),
      ...exceptions,
    });
  }

  /** Regular follow-ups, the first of so many in February, then May, August and November. */
  followUps(episodes: readonly Episode[], count = 4): void {
    for (const month of [2, 5, 8, 11].slice(0, count)) this.followUp(episodes, this.at(month, 10));
  }

  exam(exceptions: Partial<Exam> = {}): void {
    this.person.exams.push({ ...completeExam(this.person.registrar, morning(this.on(6, 18))), ...exceptions });
  }

  /** The exam of someone who needs neither form nor guidance. */
  plainExam(exceptions: Partial<Exam> = {}): void {
    this.exam({ form: undefined, guidance: undefined, ...exceptions });
  }

  settle(): void {
    if (!this.withoutId) this.person.residentId = this.#numbers.residentId(this.person.birth, this.person.gender);
  }

  #newcomer(key: string, at: string): Person {
    const { street } = centre(at);
    const home = draftHome(this.#draw, street);
    const person = draftPerson(key, at, 'female', this.on(3, 3, -50), [home]);
    person.name = personName(this.#draw, person.gender);
    person.residency = 'registered';
    person.patientId = this.#numbers.patientId(at);
    person.archiveNumber = this.#numbers.archiveNumber(street, home.committee);
    return person;
  }

  #episode(type: Episode['type'], from: Day, to: Day | undefined, status: Episode['status'], at: string): Episode {
    const doctor = centre(at).doctors[0]?.id ?? '';
    const episode = { id: this.#numbers.episodeId(at), type, centre: at, doctor, status, from, to };
    this.person.episodes.push(episode);
    return episode;
  }
}

interface ManageOptions {
  readonly from?: Day;
  readonly to?: Day | undefined;
  readonly status?: Episode['status'];
  readonly at?: string;
}

export const days = (count: number): number => count * DAY;

export function pressure(systolic: number | undefined, diastolic: number | undefined): Pressure {
  return { status: 'final', systolic, diastolic };
}

export function glucose(value: number, kind: Glucose['kind'] = 'venous'): Glucose {
  return { status: 'final', kind, value };
}

export function form(disease: Disease, exceptions: Partial<FollowUpForm> = {}): FollowUpForm {
  return { disease, status: 'completed', absent: [], unanswered: [], ...exceptions };
}
