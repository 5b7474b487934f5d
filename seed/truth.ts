import { ageOn, DAY, dayOf, type Instant, type Period, parts } from './calendar.ts';
import { CENTRES, centreOfProvider, centreOfStreet } from './district.ts';
import { isCounted, isElderly, residentStreet } from './model/residence.ts';
import type { Disease, District, Episode, Exam, ExamForm, FollowUp, Member, Person } from './model/types.ts';

/** Counts of one measure; the keys are the codes of the populations. */
export interface Counts {
  'initial-population': number;
  denominator: number;
  numerator: number;
}

export interface MeasureTruth {
  readonly district: Counts;
  /** By the id of the CHC; every CHC is there. */
  readonly centres: Readonly<Record<string, Counts>>;
}

/** What the measures must report for the calendar year, by the id of the Measure. */
export interface Truth {
  readonly year: number;
  readonly persons: number;
  readonly measures: Readonly<Record<string, MeasureTruth>>;
  /** One Patient for each boundary of the definitions, with the populations that it belongs to. */
  readonly edges: readonly EdgeTruth[];
}

export interface EdgeTruth {
  readonly patient: string | undefined;
  readonly fact: string;
  readonly members: readonly Member[];
}

/** Counts the populations of profiles/README.md ("The first five measures") from the model alone. */
export function truthOf(district: District): Truth {
  const { period, persons, official, edges } = district;
  const tally = new Tally();
  for (const { street, all, elderly } of official) {
    const { id } = centreOfStreet(street);
    tally.count(MEASURES['1n'], id, ['initial-population', 'denominator'], all);
    tally.count(MEASURES['10n'], id, ['initial-population', 'denominator'], elderly);
    tally.count(MEASURES['11n'], id, ['initial-population', 'denominator'], all);
  }
  for (const person of persons) {
    for (const [member, centre] of memberships(person, period)) {
      tally.count(
        MEASURES[member],
        centre,
        member.endsWith('d') ? ['initial-population', 'denominator'] : ['numerator'],
      );
    }
  }
  return {
    year: period.year,
    persons: persons.length,
    measures: tally.measures,
    edges: edges.map(({ person, fact }) => ({
      patient: person.patientId,
      fact,
      members: [...memberships(person, period).keys()],
    })),
  };
}

const MEASURES: Readonly<Record<Member, string>> = {
  '1n': 'cn-sh-1-signing-coverage',
  '10n': 'cn-sh-10-elderly-health-management',
  '11n': 'cn-sh-11-record-coverage',
  '14d': 'cn-sh-14-hypertension-management',
  '14n': 'cn-sh-14-hypertension-management',
  '15d': 'cn-sh-15-diabetes-management',
  '15n': 'cn-sh-15-diabetes-management',
};

class Tally {
  readonly measures: Record<string, MeasureTruth> = Object.fromEntries(
    [...new Set(Object.values(MEASURES))].map((measure) => [
      measure,
      { district: zero(), centres: Object.fromEntries(CENTRES.map(({ id }) => [id, zero()])) },
    ]),
  );

  count(measure: string, centre: string, populations: readonly (keyof Counts)[], number = 1): void {
    const of = this.measures[measure];
    const at = of?.centres[centre];
    if (!of || !at) throw new RangeError(`no ${measure} of ${centre}`);
    for (const population of populations) {
      of.district[population] += number;
      at[population] += number;
    }
  }
}

const zero = (): Counts => ({ 'initial-population': 0, denominator: 0, numerator: 0 });

/** The populations that the person is counted in, each with the id of the CHC that it counts for. */
export function memberships(person: Person, period: Period): Map<Member, string> {
  const found = new Map<Member, string>();
  const street = residentStreet(person, period);
  if (street !== undefined) {
    const { id } = centreOfStreet(street);
    if (person.episodes.some((episode) => episode.type === 'family-doctor' && isLive(episode, period)))
      found.set('1n', id);
    if (person.archiveNumber !== undefined) {
      found.set('11n', id);
      if (isElderly(person, period) && hasCompleteExam(person, period)) found.set('10n', id);
    }
  }
  countManagement(person, period, 'hypertension', '14d', '14n', found);
  countManagement(person, period, 'diabetes2', '15d', '15n', found);
  return found;
}

function isLive({ status, from, to }: Episode, period: Period): boolean {
  return (
    (status === 'active' || status === 'onhold' || status === 'finished') &&
    from <= period.last &&
    (to === undefined || to >= period.last)
  );
}

const isWithin = (at: Instant, period: Period) => at >= period.start && at < period.end;

function hasCompleteExam(person: Person, period: Period): boolean {
  const consented = person.consents.some(({ status, at }) => status === 'active' && at < period.end);
  return person.exams.some(
    (exam) =>
      isHeld(exam, period) &&
      isCompleteForm(exam.form) &&
      exam.guidance?.status === 'completed' &&
      exam.guidance.category === 'health-guidance' &&
      exam.guidance.linked &&
      (centreOfProvider(exam.provider) !== undefined || consented),
  );
}

const isHeld = ({ status, start }: Exam, period: Period) => status === 'finished' && isWithin(start, period);

function isCompleteForm(form: ExamForm | undefined): boolean {
  return form?.status === 'completed' && form.absent.length === 0 && form.unanswered.length === 0;
}

function countManagement(
  person: Person,
  period: Period,
  disease: Disease,
  denominator: Member,
  numerator: Member,
  found: Map<Member, string>,
): void {
  const episode = managed(person, period, disease);
  if (!episode) return;
  found.set(denominator, episode.centre);
  const standard = person.followUps.filter((followUp) => isStandard(followUp, episode, disease, period));
  const enough = spaced(standard.map(({ start }) => start)) >= required(episode, period);
  const examined = person.exams.some((exam) => isHeld(exam, period));
  const checked = standard.every(
    (followUp) => isControlled(followUp, disease, person, period) || isChecked(followUp, episode, person, period),
  );
  if (enough && examined && checked) found.set(numerator, episode.centre);
}

/** The episode begun last among those that make the person a member of the denominator. */
function managed(person: Person, period: Period, disease: Disease): Episode | undefined {
  if (!isCounted(person, period) || ageOn(person.birth, period.last) < 35) return undefined;
  return person.episodes
    .filter((episode) => episode.type === disease && isLive(episode, period))
    .reduce<Episode | undefined>((latest, next) => (latest && latest.from >= next.from ? latest : next), undefined);
}

/** Counts as to form and measurements: everything but the distance to the one before. */
function isStandard(followUp: FollowUp, episode: Episode, disease: Disease, period: Period): boolean {
  return (
    followUp.status === 'finished' &&
    followUp.class !== 'VR' &&
    isWithin(followUp.start, period) &&
    dayOf(followUp.start) >= episode.from &&
    followUp.episodes.includes(episode) &&
    (disease === 'hypertension' ? finalPressures(followUp).length > 0 : finalGlucoses(followUp).length > 0) &&
    followUp.forms.some(
      (form) =>
        form.disease === disease &&
        form.status === 'completed' &&
        form.absent.length === 0 &&
        form.unanswered.length === 0,
    )
  );
}

function finalPressures({ pressures }: FollowUp): { systolic: number; diastolic: number }[] {
  return pressures.flatMap(({ status, systolic, diastolic }) =>
    status === 'final' && systolic !== undefined && diastolic !== undefined ? [{ systolic, diastolic }] : [],
  );
}

function finalGlucoses({ glucoses }: FollowUp): number[] {
  return glucoses.flatMap(({ status, kind, value }) => (status === 'final' && kind !== 'random' ? [value] : []));
}

/** How many count if each must begin at least 30 days after the last one counted. */
function spaced(starts: readonly Instant[]): number {
  let [count, last] = [0, Number.NEGATIVE_INFINITY];
  for (const start of starts.toSorted((a, b) => a - b)) {
    if (start - last < 30 * DAY) continue;
    count += 1;
    last = start;
  }
  return count;
}

function required(episode: Episode, period: Period): number {
  if (episode.from < period.first) return 4;
  return Math.ceil((4 * (13 - parts(episode.from).month)) / 12);
}

function isControlled(followUp: FollowUp, disease: Disease, person: Person, period: Period): boolean {
  if (disease === 'diabetes2') return finalGlucoses(followUp).every((value) => value < 7);
  const limit = isElderly(person, period) ? 150 : 140;
  return finalPressures(followUp).every(({ systolic, diastolic }) => systolic < limit && diastolic < 90);
}

/** Followed by another within 14 days, or the 14 days reach the end of the period. */
function isChecked(followUp: FollowUp, episode: Episode, person: Person, period: Period): boolean {
  const until = followUp.start + 14 * DAY;
  if (until >= period.end) return true;
  return person.followUps.some(
    ({ status, start, episodes }) =>
      status === 'finished' && start > followUp.start && start <= until && episodes.includes(episode),
  );
}
