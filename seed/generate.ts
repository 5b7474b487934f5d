import { type Submission, submissionsOf } from './emit/submissions.ts';
import { drawDistrict } from './model/model.ts';
import { type Truth, truthOf } from './truth.ts';

export interface Options {
  /** Persons in all; the edge residents are among them, and are there even if fewer are asked for. */
  readonly residents: number;
  readonly seed: number;
  /** The calendar year that the measures will be asked for. */
  readonly year: number;
}

export interface Generated {
  /** To be sent in this order. Written as it is asked for, and the same each time it is. */
  readonly submissions: Iterable<Submission>;
  /** Complete before the first submission is asked for. */
  readonly truth: Truth;
}

/** A demo district. The same options give the same bytes on every machine. */
export function generate({ residents, seed, year }: Options): Generated {
  const district = drawDistrict(residents, seed, year);
  return {
    submissions: { [Symbol.iterator]: () => submissionsOf(district) },
    truth: truthOf(district),
  };
}
