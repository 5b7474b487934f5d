import { decimal, infinite, type Range, times } from './oracle-ranges.ts';

/** To the base unit of its kind: `value * factor + offset`. From the UCUM tables, for the units of the vocabulary. */
interface Unit {
  readonly kind: string;
  readonly factor: string;
  readonly offset?: string;
}

const units: Readonly<Record<string, Unit>> = {
  'mmol/L': { kind: 'amount/volume', factor: '1' },
  'mol/m3': { kind: 'amount/volume', factor: '1' },
  'umol/L': { kind: 'amount/volume', factor: '0.001' },
  kg: { kind: 'mass', factor: '1000' },
  g: { kind: 'mass', factor: '1' },
  mg: { kind: 'mass', factor: '0.001' },
  m: { kind: 'length', factor: '1' },
  cm: { kind: 'length', factor: '0.01' },
  K: { kind: 'temperature', factor: '1' },
  Cel: { kind: 'temperature', factor: '1', offset: '273.15' },
  '/min': { kind: 'rate', factor: '1' },
  // A year of 365.25 days, and a month of a twelfth of it.
  a: { kind: 'time', factor: '31557600' },
  mo: { kind: 'time', factor: '2629800' },
};

export function kindOf(code: string): string | undefined {
  return units[code]?.kind;
}

/** The range in the base unit of its kind. */
export function toBase(range: Range, code: string): Range {
  const { factor = '1', offset = '0' } = units[code] ?? {};
  const convert = (value: bigint): bigint =>
    value === infinite || value === -infinite ? value : times(value, decimal(factor) ?? 0n) + (decimal(offset) ?? 0n);
  return { ...range, low: convert(range.low), high: convert(range.high) };
}
