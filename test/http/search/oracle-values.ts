import type { Random } from './oracle-random.ts';
import * as words from './oracle-words.ts';

/** A resource or a part of one. */
export type Json = { readonly [name: string]: unknown };

/** A resource as the server keeps it. */
export interface Stored {
  readonly resourceType: string;
  readonly id: string;
  readonly meta?: { readonly lastUpdated?: string };
  readonly [name: string]: unknown;
}

/** Without what is absent, as JSON has it. */
export function present<T extends Json>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, v]) => v !== undefined)) as T;
}

/** Makes values of R4's data types out of the small vocabularies. */
export class Values {
  readonly r: Random;
  readonly #base: string;
  /** How many resources there are of each type; their ids are `r0`, `r1` … whatever the type. */
  readonly #counts: Readonly<Record<string, number>>;

  constructor(random: Random, base: string, counts: Readonly<Record<string, number>>) {
    this.r = random;
    this.#base = base;
    this.#counts = counts;
  }

  coding(): Json {
    const { r } = this;
    const system = r.oneIn(5) ? undefined : r.pick(words.systems);
    return present({ system, code: r.pick(words.codes), display: r.maybe(() => r.pick(words.displays)) });
  }

  concept(): Json {
    const { r } = this;
    const text = r.oneIn(3) ? r.pick(words.displays) : undefined;
    return r.oneIn(6)
      ? { text: r.pick(words.displays) }
      : present({ coding: r.some(2, () => this.coding()) ?? [this.coding()], text });
  }

  identifier(): Json {
    const { r } = this;
    const type = r.oneIn(2) ? this.concept() : undefined;
    return present({
      system: r.oneIn(5) ? undefined : r.pick(words.systems),
      value: r.pick(['1', '12', '3', 'A-3']),
      type,
    });
  }

  name(): Json {
    const { r } = this;
    if (r.oneIn(5)) return { text: `${r.pick(words.families)}${r.pick(['', ' '])}${r.pick(words.givens)}` };
    return present({
      family: r.maybe(() => r.pick(words.families)),
      given: r.some(2, () => r.pick(words.givens)) ?? ['ute'],
      prefix: r.oneIn(4) ? ['Dr.'] : undefined,
    });
  }

  address(): Json {
    const { r } = this;
    return present({
      use: r.pick(['temp', 'work']),
      line: r.some(2, () => r.pick(words.streets)),
      city: r.pick(words.cities),
      postalCode: r.maybe(() => r.pick(['200050', '2000'])),
      country: r.maybe(() => r.pick(['CN', 'DE'])),
    });
  }

  contact(): Json {
    const { r } = this;
    return present({
      system: r.pick(['phone', 'email']),
      value: r.pick(['1', '12', 'u@e.example']),
      use: r.pick(['home', 'work']),
    });
  }

  moment(): string {
    return this.r.pick(words.moments);
  }

  date(): string {
    return this.r.pick(words.dates);
  }

  instant(): string {
    return this.r.pick(words.instants);
  }

  period(): Json {
    const { r } = this;
    const [first = '', second = ''] = [this.moment(), this.moment()].sort();
    // Texts of the same year may be out of order as moments: these are in order however they are read.
    if (r.oneIn(3) && first.slice(0, 4) !== second.slice(0, 4)) return { start: first, end: second };
    return r.oneIn(2) ? { start: first } : { end: second };
  }

  timing(): Json {
    const { r } = this;
    return r.oneIn(2)
      ? { event: r.some(3, () => this.moment()) ?? [this.moment()] }
      : { repeat: { boundsPeriod: this.period() } };
  }

  quantity(): Json {
    const { r } = this;
    const value = r.pick(words.numbers);
    const comparator = r.oneIn(6) ? r.pick(['<', '<=', '>=', '>']) : undefined;
    if (r.oneIn(5)) return present({ value, comparator, unit: r.oneIn(3) ? undefined : r.pick(words.plainUnits) });
    const ucum = !r.oneIn(6);
    const code = r.pick(ucum ? words.ucumUnits : words.plainUnits);
    const unit = r.oneIn(2) ? r.pick([code, 'beats']) : undefined;
    return present({ value, comparator, unit, system: ucum ? 'http://unitsofmeasure.org' : words.systems[0], code });
  }

  /** Without a comparator, as Age, Duration and the ends of a Range have it. */
  amount(code: string): Json {
    return { value: this.r.pick(words.numbers), system: 'http://unitsofmeasure.org', code, unit: code };
  }

  range(code: string): Json {
    const { r } = this;
    const [a = 0, b = 0] = [r.pick(words.numbers), r.pick(words.numbers)].sort((x, y) => x - y);
    const end = (value: number) => ({ ...this.amount(code), value });
    return r.either<Json>(
      () => ({ low: end(a), high: end(b) }),
      () => ({ low: end(a) }),
      () => ({ high: end(b) }),
    );
  }

  canonical(): string {
    return `${this.r.pick(words.uris.slice(0, 5))}${this.r.pick(['', '', '|1', '|2'])}`;
  }

  /** To a resource of one of the types, which may not exist; in one of the forms that a Reference can have. */
  reference(...types: readonly [string, ...string[]]): Json {
    const { r } = this;
    const type = r.pick(types);
    const local = `${type}/r${r.below(Math.min(14, (this.#counts[type] ?? 3) + 1))}`;
    if (!r.oneIn(3)) return { reference: local };
    return r.either<Json>(
      () => ({ reference: `${this.#base}/${local}` }),
      () => ({ reference: `${local}/_history/1` }),
      () => ({ reference: `http://other.example/fhir/${local}` }),
      () => ({ reference: local, type, identifier: this.identifier() }),
      () => ({ identifier: { system: this.logicalSystem(type), value: String(r.below(6)) }, type }),
      () => ({ identifier: { system: this.logicalSystem(type), value: String(r.below(6)) } }),
      () => ({ reference: 'http://other.example/docs?id=7', type }),
      () => ({ display: r.pick(words.displays) }),
    );
  }

  /** Only resources of the type carry identifiers of this system, so that a reference by identifier has one meaning. */
  logicalSystem(type: string): string {
    return `http://s.example/${type}`;
  }

  /** What every resource may carry; the identifiers by which references may name it are rarely shared. */
  common(type: string, at: number): Json {
    const { r } = this;
    const meta = present({
      tag: r.oneIn(2) ? [this.coding()] : undefined,
      security: r.oneIn(4) ? [this.coding()] : undefined,
      profile: r.oneIn(3) ? [this.canonical()] : undefined,
      source: r.oneIn(3) ? r.pick(words.uris) : undefined,
    });
    const word = r.pick(words.rareWords);
    const text = r.oneIn(3)
      ? {
          status: 'generated',
          div: `<div xmlns="http://www.w3.org/1999/xhtml"><p>${word} 和 ${r.pick(words.rareWords)}</p></div>`,
        }
      : undefined;
    return present({ resourceType: type, id: `r${at}`, meta: Object.keys(meta).length === 0 ? undefined : meta, text });
  }

  /** For the types that have identifiers. */
  identifiers(type: string, at: number): Json[] | undefined {
    const { r } = this;
    const own = r.oneIn(2) ? [{ system: this.logicalSystem(type), value: String(r.oneIn(6) ? r.below(6) : at) }] : [];
    const all = [...own, ...(r.some(2, () => this.identifier()) ?? [])];
    return all.length === 0 ? undefined : all;
  }
}
