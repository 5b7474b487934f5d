import { addressOf, inParallel, pause } from '../clients.ts';
import { codes } from '../data.ts';
import { type Load, some, times } from './load.ts';

/** Names that nobody has: every name is looked at for each. */
export const unfound = (n: number, from = 0): string => times(n, (i) => `zz${from + i}q`).join(',');

/** A search of about a second, another one each time. */
const slow = (i: number): string => `/Patient?name:contains=${unfound(30, i * 30)}`;

export const searches: readonly Load[] = [
  {
    name: '200 abandoned searches',
    run: async ({ count }, share) => {
      const leaving = new AbortController();
      const asked = times(some(200, share), (i) =>
        count('GET', slow(i), undefined, { address: addressOf(i % 4), signal: leaving.signal }),
      );
      await pause(1_500);
      leaving.abort();
      await Promise.all(asked);
    },
  },
  {
    name: 'pages of 1,000 with _include=*',
    run: ({ count }, share) =>
      inParallel(times(some(10, share), String), 4, () => count('GET', '/Observation?_count=1000&_include=*')),
  },
  {
    name: 'pages of 1,000 with _summary=true',
    run: ({ count }, share) =>
      inParallel(times(some(10, share), String), 4, () => count('GET', '/Observation?_count=1000&_summary=true')),
  },
  {
    name: 'pages of 1,000 in XML and indented',
    run: ({ count }, share) =>
      inParallel(
        times(some(10, share), (i) => i),
        4,
        (i) => count('GET', `/Observation?_count=1000&${i % 2 === 0 ? '_format=xml' : '_pretty=true'}`),
      ),
  },
  {
    name: 'code:below over 60,000 concepts',
    run: ({ count }, share) =>
      inParallel(
        times(some(8, share), (i) => i),
        4,
        (i) => count('GET', `/Observation?code:below=${encodeURIComponent(`${codes}|c${i}`)}&_count=5`),
      ),
  },
];
