import { addressOf, pause } from '../clients.ts';
import type { Load } from './load.ts';

const evaluate = (id: string): string => `/Measure/${id}/$evaluate-measure?periodStart=2025-01-01&periodEnd=2025-12-31`;

/** An evaluation whose client leaves after a while. */
const left = (name: string, id: string): Load => ({
  name,
  run: async ({ count }, share) => {
    const leaving = new AbortController();
    const asked = count('GET', evaluate(id), undefined, { address: addressOf(0), signal: leaving.signal });
    await Promise.race([asked, pause(1_000 + 7_000 * share)]);
    leaving.abort();
    await asked;
  },
});

/** One that anybody may ask for: of one Patient. */
export const plainEvaluation = `${evaluate('Plain')}&subject=Patient/p3`;

export const measures: readonly Load[] = [
  left('an endless CQL define', 'Endless'),
  left('a CQL define that fills the memory', 'Filling'),
];
