import type { Clients } from '../clients.ts';

/** Work that may cost whoever asks for it, and nobody else. */
export interface Load {
  readonly name: string;
  /** Left out where little time is given. */
  readonly long?: true;
  /**
   * Asks for all of it, and is done when all is answered, or when its clients have left. `share` of it, from 0 to 1: of what is
   * many, not of what is large.
   */
  readonly run: (clients: Clients, share: number) => Promise<unknown>;
}

/** So many, at least one. */
export const some = (count: number, share: number): number => Math.max(1, Math.round(count * share));

export const times = <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => make(i));
