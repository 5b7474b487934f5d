import { createRequire } from 'node:module';
import { LRUCache } from 'lru-cache';

/** The system of UCUM codes in a Quantity. */
export const ucumSystem = 'http://unitsofmeasure.org';

/** A quotient of integers, `under` positive: what UCUM says of units is exact, and so are conversions. */
interface Fraction {
  readonly over: bigint;
  readonly under: bigint;
}

/** What a UCUM code means: a value in it is `value × factor + offset` in base units. */
export interface CanonicalUnit {
  /** The base units with their exponents; equal for units that convert into each other. */
  readonly dimension: string;
  readonly factor: Fraction;
  /** Zero but for temperatures. */
  readonly offset: Fraction;
}

interface Product {
  readonly factor: Fraction;
  readonly exponents: ReadonlyMap<string, number>;
}

/** What UCUM's authors say of an atom. */
interface Atom {
  readonly isBase: boolean;
  readonly isMetric: boolean;
  readonly isSpecial: boolean;
  readonly isArbitrary: boolean;
  /** The unit that this one is defined by, and how many of it. */
  readonly unit: string | null;
  readonly factor: string | null;
}

/** A unit of the library's published table, in its columns. */
interface UcumRow {
  readonly csCode_: string;
  readonly source_: string | null;
  readonly isBase_: boolean;
  readonly isMetric_: boolean;
  readonly isSpecial_: boolean;
  readonly isArbitrary_: boolean;
  readonly csUnitString_: string | null;
  readonly baseFactorStr_: string | null;
}

const longestCode = 100;
/** What codes were read as, those that are none too. */
const kept = new LRUCache<string, { readonly unit: CanonicalUnit | undefined }>({ max: 2_000 });

/** Reads a case-sensitive UCUM code; undefined if it is none. */
export function canonicalUnit(code: string): CanonicalUnit | undefined {
  if (code.length > longestCode) return undefined;
  const known = kept.get(code);
  if (known !== undefined) return known.unit;
  const unit = special(code) ?? ratio(code);
  kept.set(code, { unit });
  return unit;
}

/** Whether both are UCUM codes, and of the same dimension. From mass to amount of substance nothing converts. */
export function areConvertible(a: string, b: string): boolean {
  const dimension = canonicalUnit(a)?.dimension;
  return dimension !== undefined && dimension === canonicalUnit(b)?.dimension;
}

/** The double nearest to the exact result; undefined if the units do not convert. An infinite value stays what it is. */
export function convert(value: number, from: string, to: string): number | undefined {
  const [source, target] = [canonicalUnit(from), canonicalUnit(to)];
  if (source === undefined || source.dimension !== target?.dimension) return undefined;
  if (!Number.isFinite(value)) return value;
  const inBase = plus(times(decimal(String(value)), source.factor), source.offset);
  return toNumber(times(plus(inBase, negative(target.offset)), inverse(target.factor)));
}

const one: Fraction = { over: 1n, under: 1n };
const zero: Fraction = { over: 0n, under: 1n };

function times(a: Fraction, b: Fraction): Fraction {
  return { over: a.over * b.over, under: a.under * b.under };
}

function plus(a: Fraction, b: Fraction): Fraction {
  return { over: a.over * b.under + b.over * a.under, under: a.under * b.under };
}

function negative({ over, under }: Fraction): Fraction {
  return { over: -over, under };
}

/** Of a factor, which is never zero or negative. */
function inverse({ over, under }: Fraction): Fraction {
  return { over: under, under: over };
}

function power(base: Fraction, exponent: number): Fraction {
  const n = BigInt(Math.abs(exponent));
  const raised = { over: base.over ** n, under: base.under ** n };
  return exponent < 0 ? inverse(raised) : raised;
}

/** Of a text such as `-1.5` or `254e-2`. */
function decimal(text: string): Fraction {
  const [mantissa = '', exponent = '0'] = text.split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  return times(
    { over: BigInt(whole + fraction), under: 1n },
    power({ over: 10n, under: 1n }, Number(exponent) - fraction.length),
  );
}

/** More digits than a double has, and whether others follow, make the reader of decimals round it right. */
function toNumber({ over, under }: Fraction): number {
  const size = over < 0n ? -over : over;
  const shift = 25 - (String(size).length - String(under).length);
  const scaled =
    shift < 0 ? { over: size, under: under * 10n ** BigInt(-shift) } : { over: size * 10n ** BigInt(shift), under };
  const rest = scaled.over % scaled.under === 0n ? '0' : '1';
  return Number(`${over < 0n ? '-' : ''}${scaled.over / scaled.under}${rest}e${-shift - 1}`);
}

let atoms: ReadonlyMap<string, Atom> | undefined;

/** The table is read when a unit is first asked for. */
function atom(code: string): Atom | undefined {
  atoms ??= readAtoms();
  return atoms.get(code);
}

function readAtoms(): ReadonlyMap<string, Atom> {
  const require = createRequire(import.meta.url);
  const { unpackArray } = require('@lhncbc/ucum-lhc/source-cjs/jsonArrayPack.js');
  const rows: readonly UcumRow[] = unpackArray(require('@lhncbc/ucum-lhc/data/ucumDefs.min.json').units);
  // The table also holds common compounds.
  const own = rows.filter((row) => row.source_ === 'UCUM');
  return new Map(own.map((row) => [row.csCode_, atomOf(row)]));
}

function atomOf(row: UcumRow): Atom {
  return {
    isBase: row.isBase_,
    isMetric: row.isMetric_,
    isSpecial: row.isSpecial_,
    isArbitrary: row.isArbitrary_,
    unit: row.csUnitString_,
    factor: row.baseFactorStr_,
  };
}

const powersOfTen: Readonly<Record<string, number>> = {
  ...{ Y: 24, Z: 21, E: 18, P: 15, T: 12, G: 9, M: 6, k: 3, h: 2, da: 1 },
  ...{ d: -1, c: -2, m: -3, u: -6, n: -9, p: -12, f: -15, a: -18, z: -21, y: -24 },
};
const powersOfTwo: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40 };

function prefix(text: string): Fraction | undefined {
  if (Object.hasOwn(powersOfTen, text)) return power({ over: 10n, under: 1n }, powersOfTen[text] ?? 0);
  return Object.hasOwn(powersOfTwo, text) ? power({ over: 2n, under: 1n }, powersOfTwo[text] ?? 0) : undefined;
}

interface Symbol {
  readonly prefix: Fraction;
  readonly code: string;
  readonly atom: Atom;
}

/** An atom, or a metric one with its prefix. */
function readSymbol(text: string): Symbol | undefined {
  const whole = atom(text);
  if (whole !== undefined) return { prefix: one, code: text, atom: whole };
  for (const length of [1, 2]) {
    const factor = prefix(text.slice(0, length));
    const code = text.slice(length);
    const rest = factor && atom(code);
    if (factor !== undefined && rest !== undefined && (rest.isMetric || rest.isBase))
      return { prefix: factor, code, atom: rest };
  }
  return undefined;
}

/** The scales whose zero is not that of kelvin. */
const temperatures: Readonly<Record<string, { readonly factor: Fraction; readonly offset: Fraction }>> = {
  Cel: { factor: one, offset: decimal('273.15') },
  '[degF]': { factor: { over: 5n, under: 9n }, offset: times(decimal('459.67'), { over: 5n, under: 9n }) },
  '[degRe]': { factor: { over: 5n, under: 4n }, offset: decimal('273.15') },
};

/**
 * UCUM's special units stand alone. Those that are no temperature are logarithms and the like, each of a dimension of its
 * own here: no conversion of theirs would be exact.
 */
function special(text: string): CanonicalUnit | undefined {
  const symbol = readSymbol(text.replace(annotationAtEnd, ''));
  if (symbol === undefined || !symbol.atom.isSpecial) return undefined;
  const temperature = temperatures[symbol.code];
  if (temperature === undefined) return { dimension: symbol.code, factor: symbol.prefix, offset: zero };
  return { dimension: 'K1', factor: times(symbol.prefix, temperature.factor), offset: temperature.offset };
}

const annotationAtEnd = /\{[\x21-\x7a\x7c\x7e]*\}$/;
const annotation = /\{[\x21-\x7a\x7c\x7e]*\}/y;
const integer = /\d+(?![*^\d])/y;
const simple = /(10[*^]|(?:[^\s"()+\-./=[\]{}\d]|\[[\x21-\x5c\x5e-\x7e]*\])+)([+-]?\d{1,2}(?!\d))?/y;

/** A place in a text. */
class UnitParser {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at;
    const m = pattern.exec(this.text);
    if (m !== null) this.at = pattern.lastIndex;
    return m ?? undefined;
  }

  skip(character: string): boolean {
    const found = this.text[this.at] === character;
    if (found) this.at++;
    return found;
  }
}

const unity: Product = { factor: one, exponents: new Map() };

function ratio(text: string): CanonicalUnit | undefined {
  const reader = new UnitParser(text);
  const product = readTerm(reader);
  if (product === undefined || reader.at < text.length) return undefined;
  const parts = [...product.exponents].map(([unit, exponent]) => `${unit}${exponent}`);
  return { dimension: parts.sort().join('.') || '1', factor: product.factor, offset: zero };
}

/** The grammar of UCUM, from left to right: `a/b.c` is `(a/b).c`. */
function readTerm(reader: UnitParser): Product | undefined {
  let product: Product | undefined = unity;
  let divide = reader.skip('/');
  do {
    const next = readComponent(reader);
    product = next && combine(product, next, divide ? -1 : 1);
    divide = reader.skip('/');
  } while (product !== undefined && (divide || reader.skip('.')));
  return product;
}

/** An annotation means nothing; LOINC writes them after numbers too (`/100{WBCs}`). */
function readComponent(reader: UnitParser): Product | undefined {
  const product = readAnnotatable(reader);
  const annotated = reader.take(annotation) !== undefined;
  return product ?? (annotated ? unity : undefined);
}

function readAnnotatable(reader: UnitParser): Product | undefined {
  if (reader.skip('(')) {
    const inner = readTerm(reader);
    return reader.skip(')') ? inner : undefined;
  }
  const number = reader.take(integer)?.[0];
  if (number !== undefined) return BigInt(number) === 0n ? undefined : { ...unity, factor: decimal(number) };
  const [, symbol = '', exponent = '1'] = reader.take(simple) ?? [];
  const unit = unitOf(symbol);
  return unit && combine(unity, unit, Number(exponent));
}

/** Such numbers are far beyond doubles. */
const tooLong = 2n ** 4096n;

function combine(a: Product, b: Product, exponent: number): Product | undefined {
  const factor = times(a.factor, power(b.factor, exponent));
  if (factor.over > tooLong || factor.under > tooLong) return undefined;
  const exponents = new Map(a.exponents);
  for (const [unit, n] of b.exponents) {
    const sum = (exponents.get(unit) ?? 0) + n * exponent;
    if (sum === 0) exponents.delete(unit);
    else exponents.set(unit, sum);
  }
  return { factor, exponents };
}

/** UCUM counts particles with these, but they convert to one another and to bare numbers by the substance alone. */
const counted: ReadonlySet<string> = new Set(['mol', 'eq', 'osm']);

/** Definitions that the library's table has cut at their beginning. */
const corrected: Readonly<Record<string, string>> = {
  '[diop]': '/m',
  '[mesh_i]': '/[in_i]',
  Oe: '/[pi].A/m',
  '[S]': '10*-13.s',
  '[mu_0]': '4.[pi].10*-7.N/A2',
};

const units = new Map<string, Product>();

function unitOf(text: string): Product | undefined {
  const known = units.get(text);
  if (known !== undefined) return known;
  const symbol = readSymbol(text);
  if (symbol === undefined || symbol.atom.isSpecial) return undefined;
  const product = combine({ ...unity, factor: symbol.prefix }, definition(symbol), 1);
  if (product === undefined) return undefined;
  const made = { ...product, factor: reduced(product.factor) };
  // There are some thousands of prefixed atoms, whatever clients make up.
  units.set(text, made);
  return made;
}

/** An arbitrary unit, such as `[iU]`, is like no other. */
function definition({ code, atom }: Symbol): Product {
  const { unit: by, factor } = atom;
  if (atom.isBase || counted.has(code) || (atom.isArbitrary && by === '1')) {
    return { factor: one, exponents: new Map([[code, 1]]) };
  }
  const product = readTerm(new UnitParser(corrected[code] ?? by ?? ''));
  if (product === undefined || factor === null) throw new Error(`UCUM defines ${code} by ${factor} ${by}`);
  return { ...product, factor: times(decimal(factor), product.factor) };
}

function reduced({ over, under }: Fraction): Fraction {
  let [a, b] = [over, under];
  while (b !== 0n) [a, b] = [b, a % b];
  return { over: over / a, under: under / a };
}
