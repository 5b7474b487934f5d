import { ageOn, DAY, type Day, type Instant, instant, type Period } from '../calendar.ts';
import { centre, HOSPITALS } from '../district.ts';
import { type Random, random } from '../random.ts';
import { workingTime } from './draft.ts';
import { drawCare } from './follow-ups.ts';
import { ratesOf } from './rates.ts';
import { EXAM_ITEMS, type Exam, type Person } from './types.ts';

/** The yearly exam: of elders with form and guidance, of the managed who are younger without. */
export function drawExams(person: Person, seed: number, period: Period): void {
  if (person.archiveNumber === undefined) return;
  const draw = random(seed, 'exams', person.key);
  const elderly = ageOn(person.birth, period.last) >= 65;
  const managed = person.episodes.some(({ type }) => type !== 'family-doctor');
  if (elderly && draw.chance(ratesOf(person.registrar).exam)) elderlyExam(person, draw, period);
  else if (managed && draw.chance(drawCare(person, seed) === 'standard' ? 0.94 : 0.4)) {
    person.exams.push(plainExam(draw, person.registrar, examDay(draw, period)));
  }
}

function elderlyExam(person: Person, draw: Random, period: Period): void {
  const provider = drawProvider(person, draw);
  const exam = draw.chance(0.03)
    ? elderlyForm(draw, provider, draw.chance(0.5) ? period.first - draw.int(1, 60) : period.last + draw.int(1, 20))
    : elderlyForm(draw, provider, examDay(draw, period));
  person.exams.push(exam);
  if (exam.form && exam.form.absent.length > 0 && draw.chance(0.4)) {
    person.exams.push(elderlyForm(draw, provider, examDay(draw, period)));
  }
  if (provider.startsWith('hospital') && draw.chance(0.8)) {
    const at = exam.start + draw.int(-30, 30) * DAY;
    person.consents.push({ status: draw.chance(0.95) ? 'active' : 'inactive', at });
  }
}

function drawProvider(person: Person, draw: Random): string {
  if (draw.chance(0.08) && person.residentId !== undefined) return draw.pick(HOSPITALS).id;
  return draw.chance(0.2) ? draw.pick(centre(person.registrar).stations).id : person.registrar;
}

const examDay = (draw: Random, period: Period): Day => draw.int(period.first + 59, period.last - 10);

function elderlyForm(draw: Random, provider: string, on: Day): Exam {
  const item = draw.pick(EXAM_ITEMS);
  const lacks = draw.chance(0.04);
  const blank = draw.chance(0.3);
  return {
    provider,
    status: draw.chance(0.01) ? 'in-progress' : 'finished',
    start: workingTime(draw, on),
    form: draw.chance(0.01)
      ? undefined
      : {
          status: draw.chance(0.01) ? 'in-progress' : 'completed',
          absent: lacks && !blank ? [item] : [],
          unanswered: lacks && blank ? [item] : [],
        },
    guidance: draw.chance(0.03) ? undefined : { status: 'completed', category: 'health-guidance', linked: true },
  };
}

function plainExam(draw: Random, provider: string, on: Day): Exam {
  return { provider, status: 'finished', start: workingTime(draw, on), form: undefined, guidance: undefined };
}

/** A finished exam with everything, at a time. */
export function completeExam(provider: string, start: Instant): Exam {
  return {
    provider,
    status: 'finished',
    start,
    form: { status: 'completed', absent: [], unanswered: [] },
    guidance: { status: 'completed', category: 'health-guidance', linked: true },
  };
}

/** Nine o'clock of a day. */
export const morning = (on: Day): Instant => instant(on, 9);
