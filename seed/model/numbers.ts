import { type Day, dayText } from '../calendar.ts';
import type { Gender } from './types.ts';

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/** The check character of GB 11643-1999 for the first 17 digits of a resident ID number. */
export function residentIdCheck(digits: string): string {
  const sum = WEIGHTS.reduce((total, weight, at) => total + Number(digits.charAt(at)) * weight, 0);
  return '10X98765432'.charAt(sum % 11);
}

/** Hands out every number of the district once. */
export class Numbers {
  readonly #last = new Map<string, number>();

  /** 18 characters. Serials go down from 999 (odd for men): real ones are given from below. */
  residentId(birth: Day, gender: Gender): string {
    const date = dayText(birth).replaceAll('-', '');
    const serial = (gender === 'male' ? 1001 : 1000) - 2 * this.#next(`id ${date} ${gender}`);
    if (serial < 0) throw new RangeError('too many births on one day');
    const digits = `310105${date}${String(serial).padStart(3, '0')}`;
    return digits + residentIdCheck(digits);
  }

  /** 17 digits: street 9, committee 3, serial 5. */
  archiveNumber(street: string, committee: string): string {
    return street + committee + String(this.#next(`archive ${street} ${committee}`)).padStart(5, '0');
  }

  patientId(centre: string): string {
    return `${centre}-${String(this.#next(`patient ${centre}`)).padStart(6, '0')}`;
  }

  episodeId(centre: string): string {
    return `${centre}-eoc-${this.#next(`episode ${centre}`)}`;
  }

  insuranceCard(): string {
    return `DEMO${String(this.#next('insurance')).padStart(8, '0')}`;
  }

  #next(counter: string): number {
    const number = (this.#last.get(counter) ?? 0) + 1;
    this.#last.set(counter, number);
    return number;
  }
}
