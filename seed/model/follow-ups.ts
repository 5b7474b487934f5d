import { ageOn, DAY, type Day, dayOf, type Instant, type Period } from '../calendar.ts';
import { type Random, random } from '../random.ts';
import { workingTime } from './draft.ts';
import { ratesOf } from './rates.ts';
import type { Disease, Episode, FollowUp, FollowUpForm, FollowUpItem, Glucose, Person, Pressure } from './types.ts';

type Care = 'standard' | 'fair' | 'poor';

/** How well the person is cared for; the yearly exam of the managed goes by it too. */
export function drawCare(person: Person, seed: number): Care {
  const draw = random(seed, 'care', person.key);
  if (draw.chance(ratesOf(person.registrar).care)) return 'standard';
  return draw.chance(0.6) ? 'fair' : 'poor';
}

/** The follow-ups of the year (and a few around it) in every management that the person is in. */
export function drawFollowUps(person: Person, seed: number, period: Period): void {
  const care = drawCare(person, seed);
  const managed = person.episodes.filter(
    ({ type, status }) => type !== 'family-doctor' && status !== 'cancelled' && status !== 'entered-in-error',
  );
  const draw = random(seed, 'follow-ups', person.key);
  for (const together of visitedTogether(draw, managed)) {
    const writer = new Course(draw, person, together, care, period);
    for (const on of visitDays(draw, together, care, period)) writer.visit(on);
    person.followUps.push(...writer.followUps);
  }
}

/** Two diseases managed over the same time are mostly seen in one visit. */
function visitedTogether(draw: Random, managed: readonly Episode[]): (readonly Episode[])[] {
  const [first, second] = managed;
  const both = first && second && managed.length === 2 && first.type !== second.type;
  const open = managed.every(({ to }) => to === undefined);
  return both && open && draw.chance(0.7) ? [managed] : managed.map((episode) => [episode]);
}

function visitDays(draw: Random, episodes: readonly Episode[], care: Care, period: Period): Day[] {
  const enrolled = Math.max(...episodes.map(({ from }) => from));
  const last = Math.min(period.last + 20, ...episodes.map(({ to }) => to ?? period.last + 20));
  const first = Math.max(period.first - (care === 'standard' ? 0 : 20), enrolled);
  const days: Day[] = [];
  if (care === 'poor') {
    for (let left = draw.int(0, 2); left > 0 && first <= last; left--) days.push(draw.int(first, last));
    return days.sort((a, b) => a - b);
  }
  const [low, high] = care === 'standard' ? [76, 92] : [85, 130];
  let on = first + draw.int(0, enrolled > period.first ? 6 : 40);
  while (on <= last) {
    days.push(on);
    if (draw.chance(0.04)) days.push(Math.min(last, on + draw.int(5, 28)));
    on += draw.int(low, high);
  }
  return days;
}

class Course {
  readonly followUps: FollowUp[] = [];
  readonly #draw: Random;
  readonly #episodes: readonly Episode[];
  readonly #careful: boolean;
  readonly #limit: number;
  readonly #centre: string;

  constructor(draw: Random, person: Person, episodes: readonly Episode[], care: Care, period: Period) {
    this.#draw = draw;
    this.#episodes = episodes;
    this.#careful = care === 'standard';
    this.#limit = ageOn(person.birth, period.last) >= 65 ? 150 : 140;
    this.#centre = episodes[0]?.centre ?? person.registrar;
  }

  /** A visit, and the visits within two weeks that its readings ask for. */
  visit(on: Day): void {
    let controlled = this.#record(workingTime(this.#draw, on), this.#draw.chance(this.#careful ? 0.84 : 0.7), 'AMB');
    for (let recheck = 0; !controlled && recheck < 3; recheck++) {
      const before = this.followUps.at(-1)?.start ?? 0;
      const missed = !this.#draw.chance(this.#careful ? 0.97 : 0.5);
      const days =
        this.#draw.weighted([
          [this.#draw.int(5, 13), 9],
          [14, 1],
        ] as const) + (missed ? this.#draw.int(1, 9) : 0);
      controlled = this.#record(before + days * DAY, this.#draw.chance(0.85), this.#draw.chance(0.4) ? 'VR' : 'AMB');
    }
  }

  #record(start: Instant, controlled: boolean, usual: 'AMB' | 'VR'): boolean {
    if (this.#episodes.some(({ to }) => to !== undefined && dayOf(start) > to)) return true;
    const draw = this.#draw;
    const has = (disease: Disease) => this.#episodes.some(({ type }) => type === disease);
    const slip = this.#careful ? 0.004 : 0.05;
    const lacks = draw.chance(slip);
    this.followUps.push({
      centre: this.#centre,
      episodes: this.#episodes,
      status: draw.weighted([
        ['finished', 1 - slip],
        ['cancelled', slip / 2],
        ['entered-in-error', slip / 2],
      ] as const),
      class: usual === 'VR' || draw.chance(slip * 2) ? 'VR' : draw.chance(0.15) ? 'HH' : 'AMB',
      start,
      pressures: has('hypertension') || draw.chance(0.5) ? drawPressures(draw, this.#limit, controlled, lacks) : [],
      glucoses: has('diabetes2') && !lacks ? [drawGlucose(draw, controlled, slip)] : [],
      forms: this.#episodes.map(({ type }) => drawForm(draw, type === 'diabetes2' ? type : 'hypertension', slip)),
    });
    return controlled;
  }
}

function drawPressures(draw: Random, limit: number, controlled: boolean, lacks: boolean): Pressure[] {
  if (lacks && draw.chance(0.5)) return [];
  const high = !controlled && draw.chance(0.8);
  const systolic = high ? draw.int(limit, limit + 28) : draw.int(108, limit - 1);
  const diastolic = !controlled && !high ? draw.int(90, 104) : draw.int(62, 89);
  const pressure: Pressure = { status: 'final', systolic, diastolic: lacks ? undefined : diastolic };
  return draw.chance(0.01)
    ? [{ status: 'entered-in-error', systolic: systolic + 60, diastolic: diastolic + 30 }, pressure]
    : [pressure];
}

function drawGlucose(draw: Random, controlled: boolean, slip: number): Glucose {
  const kind = draw.weighted([
    ['capillary', 0.7],
    ['venous', 0.3],
    ['random', slip],
  ] as const);
  const tenths = controlled ? draw.int(46, 69) : draw.int(70, 118);
  return { status: draw.chance(slip / 4) ? 'preliminary' : 'final', kind, value: tenths / 10 };
}

function drawForm(draw: Random, disease: Disease, slip: number): FollowUpForm {
  const item: FollowUpItem[] = draw.chance(slip) ? [draw.pick(['drugs', 'smoking', 'exercise', 'salt'] as const)] : [];
  const blank = draw.chance(0.3);
  return {
    disease,
    status: draw.chance(slip / 4) ? 'in-progress' : 'completed',
    absent: blank ? [] : item,
    unanswered: blank ? item : [],
  };
}
