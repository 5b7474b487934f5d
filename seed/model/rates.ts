/**
 * How the centres differ, by the id of the CHC: shares of the residents, and how often what should be done is done.
 * Chosen so that the district straddles its targets: some centres meet each of them, some miss it.
 */
export interface Rates {
  /** Relative number of households. */
  readonly size: number;
  /** Has an archive number. */
  readonly archive: number;
  /** Has a signing that is live at the end of the year, given an archive number; elders more, others less. */
  readonly signing: number;
  /** Went to the yearly elderly exam, given an archive number. */
  readonly exam: number;
  /** Is managed as the rules ask, given a managed disease. */
  readonly care: number;
}

export const RATES: Readonly<Record<string, Rates>> = {
  'chc-01': { size: 9, archive: 0.86, signing: 0.76, exam: 0.97, care: 0.8 },
  'chc-02': { size: 7, archive: 0.8, signing: 0.62, exam: 0.9, care: 0.7 },
  'chc-03': { size: 10, archive: 0.88, signing: 0.82, exam: 0.98, care: 0.84 },
  'chc-04': { size: 8, archive: 0.76, signing: 0.6, exam: 0.85, care: 0.62 },
  'chc-05': { size: 12, archive: 0.87, signing: 0.74, exam: 0.96, care: 0.78 },
  'chc-06': { size: 14, archive: 0.83, signing: 0.73, exam: 0.94, care: 0.77 },
  'chc-07': { size: 9, archive: 0.82, signing: 0.66, exam: 0.95, care: 0.74 },
  'chc-08': { size: 6, archive: 0.74, signing: 0.62, exam: 0.88, care: 0.66 },
  'chc-09': { size: 8, archive: 0.88, signing: 0.78, exam: 0.96, care: 0.8 },
  'chc-10': { size: 17, archive: 0.84, signing: 0.7, exam: 0.93, care: 0.76 },
};

/** Share of the residents under management, from this age on. [K] */
export const PREVALENCE = {
  hypertension: [
    [75, 0.5],
    [65, 0.42],
    [55, 0.27],
    [45, 0.13],
    [35, 0.05],
    [20, 0.005],
    [0, 0],
  ],
  diabetes2: [
    [75, 0.2],
    [65, 0.18],
    [55, 0.12],
    [45, 0.06],
    [35, 0.02],
    [20, 0.003],
    [0, 0],
  ],
} as const;

export function ratesOf(centre: string): Rates {
  const rates = RATES[centre];
  if (!rates) throw new RangeError(`no rates of ${centre}`);
  return rates;
}

export function prevalence(disease: keyof typeof PREVALENCE, age: number): number {
  return PREVALENCE[disease].find(([from]) => age >= from)?.[1] ?? 0;
}
