import { centre, HOSPITALS } from '../district.ts';
import type { Edge, EdgeCase } from './edge.ts';
import type { Exam, Guidance } from './types.ts';

const HOSPITAL = HOSPITALS[0]?.id ?? '';

/** A person of 70 with this one exam. */
function elder(edge: Edge, exceptions: Partial<Exam> = {}): void {
  edge.person.birth = edge.on(3, 3, -70);
  edge.exam(exceptions);
}

/** Someone with a complete exam, 65 (or so) at the end of the period. */
function born(edge: Edge, month: number, date: number, years: number): void {
  edge.person.birth = edge.on(month, date, years);
  edge.exam();
}

function inHospital(edge: Edge, consent?: { readonly status: 'active' | 'inactive'; readonly at: number }): void {
  elder(edge, { provider: HOSPITAL });
  if (consent) edge.person.consents.push(consent);
}

function guided(edge: Edge, exceptions: Partial<Guidance>): void {
  elder(edge, { guidance: { status: 'completed', category: 'health-guidance', linked: true, ...exceptions } });
}

export const EXAMS: readonly EdgeCase[] = [
  { fact: 'complete exam in the CHC', expected: ['10n', '11n'], make: (edge) => elder(edge) },
  {
    fact: 'complete exam in a station',
    expected: ['10n', '11n'],
    make: (edge) => elder(edge, { provider: centre(edge.person.registrar).stations[0]?.id ?? '' }),
  },
  { fact: 'complete exam in a hospital, no consent', expected: ['11n'], make: (edge) => inHospital(edge) },
  {
    fact: 'complete exam in a hospital, consent given before',
    expected: ['10n', '11n'],
    make: (edge) => inHospital(edge, { status: 'active', at: edge.at(6, 1) }),
  },
  {
    fact: 'complete exam in a hospital, consent given in the last second of the period',
    expected: ['10n', '11n'],
    make: (edge) => inHospital(edge, { status: 'active', at: edge.lastSecond }),
  },
  {
    fact: 'complete exam in a hospital, consent given in the first second after the period',
    expected: ['11n'],
    make: (edge) => inHospital(edge, { status: 'active', at: edge.period.end }),
  },
  {
    fact: 'complete exam in a hospital, consent withdrawn',
    expected: ['11n'],
    make: (edge) => inHospital(edge, { status: 'inactive', at: edge.at(6, 1) }),
  },
  {
    fact: 'one item missing on the form',
    expected: ['11n'],
    make: (edge) => elder(edge, { form: { status: 'completed', absent: ['ultrasound'], unanswered: [] } }),
  },
  {
    fact: 'one item on the form without an answer',
    expected: ['11n'],
    make: (edge) => elder(edge, { form: { status: 'completed', absent: [], unanswered: ['ecg'] } }),
  },
  {
    fact: 'form in progress',
    expected: ['11n'],
    make: (edge) => elder(edge, { form: { status: 'in-progress', absent: [], unanswered: [] } }),
  },
  { fact: 'no form', expected: ['11n'], make: (edge) => elder(edge, { form: undefined }) },
  { fact: 'no guidance', expected: ['11n'], make: (edge) => elder(edge, { guidance: undefined }) },
  { fact: 'guidance in preparation', expected: ['11n'], make: (edge) => guided(edge, { status: 'preparation' }) },
  {
    fact: 'guidance entered in error',
    expected: ['11n'],
    make: (edge) => guided(edge, { status: 'entered-in-error' }),
  },
  {
    fact: 'feedback of a report in place of guidance',
    expected: ['11n'],
    make: (edge) => guided(edge, { category: 'report-feedback' }),
  },
  { fact: 'guidance that names no exam', expected: ['11n'], make: (edge) => guided(edge, { linked: false }) },
  {
    fact: 'form of one exam, guidance of another',
    expected: ['11n'],
    make: (edge) => {
      elder(edge, { guidance: undefined });
      edge.exam({ start: edge.at(9, 9), form: undefined });
    },
  },
  {
    fact: 'incomplete exam, then a complete one',
    expected: ['10n', '11n'],
    make: (edge) => {
      elder(edge, { form: { status: 'completed', absent: ['lipids'], unanswered: [] } });
      edge.exam({ start: edge.at(9, 9) });
    },
  },
  {
    fact: 'exam begun in the last second of the period',
    expected: ['10n', '11n'],
    make: (edge) => elder(edge, { start: edge.lastSecond }),
  },
  {
    fact: 'exam begun in the first second after the period',
    expected: ['11n'],
    make: (edge) => elder(edge, { start: edge.period.end }),
  },
  {
    fact: 'exam begun in the first second of the period',
    expected: ['10n', '11n'],
    make: (edge) => elder(edge, { start: edge.period.start }),
  },
  {
    fact: 'exam begun in the last second before the period',
    expected: ['11n'],
    make: (edge) => elder(edge, { start: edge.period.start - 1000 }),
  },
  {
    fact: 'exam entered in error',
    expected: ['11n'],
    make: (edge) => elder(edge, { status: 'entered-in-error' }),
  },
  {
    fact: 'exam in progress',
    expected: ['11n'],
    make: (edge) => elder(edge, { status: 'in-progress' }),
  },
  {
    fact: '65th birthday on the last day of the period',
    expected: ['10n', '11n'],
    make: (edge) => born(edge, 12, 31, -65),
  },
  {
    fact: '65th birthday on the day after the period',
    expected: ['11n'],
    make: (edge) => born(edge, 1, 1, -64),
  },
  {
    fact: 'complete exam, no file',
    expected: [],
    make: (edge) => {
      elder(edge);
      edge.person.archiveNumber = undefined;
    },
  },
  {
    fact: 'complete exam, not a resident',
    expected: [],
    make: (edge) => {
      elder(edge);
      edge.person.residency = 'non-resident';
    },
  },
];
