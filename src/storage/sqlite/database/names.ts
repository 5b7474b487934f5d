import { LRUCache } from 'lru-cache';
import type { Connection } from './connection.ts';
import { sql } from './fragment.ts';

/** Of code systems, units and codes of parameters each, that a thread remembers: clients bring new ones without end. */
const max = 4_000;

/** Beside the bits of the widths. */
const severalMark = 1 << 8;
const optionalMark = 1 << 9;

/** What resources may have of a parameter. */
export interface Shape {
  /** A resource may have more than one value. */
  readonly several: boolean;
  /** The widths of its ranges (see ranges.ts). */
  readonly widths: readonly number[];
  /** A resource of the type may have none. */
  readonly optional: boolean;
}

/** How a quantity's unit is written. */
export interface Unit {
  readonly system: string;
  readonly code: string;
  readonly unit: string;
}

/** Numbers by name. */
type NumberCache = Pick<Map<string, number>, 'get'> & { set(name: string, id: number): unknown };

function recalled<T extends string | Unit>(cache: LRUCache<number, T>, id: number, ask: () => T): T {
  const known = cache.get(id);
  if (known !== undefined) return known;
  const asked = ask();
  cache.set(id, asked);
  return asked;
}

/**
 * The numbers that stand for types, parameters and code systems in the tables, cached per thread. Numbers are never
 * changed or reused; a name that the cache misses is looked up, since the writer may have added it meanwhile.
 */
export class Names {
  readonly #connection: Connection;
  readonly #types = new Map<string, number>();
  readonly #typeNames = new Map<number, string>();
  readonly #params = new Map<number, Map<string, number>>();
  readonly #paramCodes = new LRUCache<number, string>({ max });
  readonly #marks = new Map<number, number>();
  readonly #paramsOf = new Map<number, readonly number[]>();
  readonly #systems = new LRUCache<string, number>({ max });
  readonly #systemNames = new LRUCache<number, string>({ max });
  readonly #units = new LRUCache<string, number>({ max });
  readonly #unitNames = new LRUCache<number, Unit>({ max });
  #added = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  type(name: string): number | undefined {
    return this.#types.get(name) ?? this.#learn(this.#types, name, sql`SELECT id FROM type WHERE name = ${name}`);
  }

  /** The known ones among these. */
  types(names: readonly string[]): readonly number[] {
    return names.map((name) => this.type(name)).filter((id) => id !== undefined);
  }

  allTypes(): readonly number[] {
    return this.#connection.rows(sql`SELECT id FROM type`).map(([id]) => Number(id));
  }

  typeName(id: number): string {
    let name = this.#typeNames.get(id);
    if (name === undefined) {
      name = String(this.#connection.row(sql`SELECT name FROM type WHERE id = ${id}`)?.[0]);
      this.#typeNames.set(id, name);
    }
    return name;
  }

  param(type: number, code: string): number | undefined {
    const codes = this.#codes(type);
    const known = codes.get(code);
    return known ?? this.#learn(codes, code, sql`SELECT id FROM param WHERE type = ${type} AND code = ${code}`);
  }

  /** The numbers of one code in the context of several types. */
  params(types: readonly number[], code: string): readonly number[] {
    return types.map((type) => this.param(type, code)).filter((id) => id !== undefined);
  }

  paramCode(id: number): string {
    return recalled(this.#paramCodes, id, () =>
      String(this.#connection.row(sql`SELECT code FROM param WHERE id = ${id}`)?.[0]),
    );
  }

  system(name: string): number | undefined {
    return this.#systems.get(name) ?? this.#learn(this.#systems, name, sql`SELECT id FROM system WHERE name = ${name}`);
  }

  systemName(id: number): string {
    return recalled(this.#systemNames, id, () =>
      String(this.#connection.row(sql`SELECT name FROM system WHERE id = ${id}`)?.[0]),
    );
  }

  unitOf(id: number): Unit {
    return recalled(this.#unitNames, id, () => {
      const [system, code, unit] =
        this.#connection.row(sql`SELECT system, code, unit FROM unit WHERE id = ${id}`) ?? [];
      return { system: String(system), code: String(code), unit: String(unit) };
    });
  }

  /** What resources may have of the parameter, as far as it was ever seen. */
  shape(param: number): Shape {
    const row = this.#connection.row(sql`SELECT several, widths, optional FROM param WHERE id = ${param}`);
    const [several, widths, optional] = (row ?? [0, 0, 1]).map(Number);
    return {
      several: several === 1,
      widths: [0, 1, 2, 3].filter((width) => ((widths ?? 0) & (1 << width)) !== 0),
      optional: optional === 1,
    };
  }

  /** For the writer, as are the next two: the number of a name, given now if it has none. */
  internType(name: string): number {
    return this.type(name) ?? this.#add(this.#types, name, 'INSERT INTO type (name) VALUES (?)', name);
  }

  /** A parameter that comes when others of the type are there already is one that they do not have. */
  internParam(type: number, code: string): number {
    const known = this.param(type, code);
    if (known !== undefined) return known;
    const ofType = this.paramsOf(type);
    const others = this.#connection.rows(sql`SELECT 1 FROM resource WHERE type = ${type} AND state <> 0 LIMIT 2`);
    const id = this.#add(this.#codes(type), code, 'INSERT INTO param (type, code) VALUES (?, ?)', type, code);
    this.#paramsOf.set(type, [...ofType, id]);
    if (others.length > 1) this.markOptional(id);
    return id;
  }

  /** All parameters that resources of the type ever had. */
  paramsOf(type: number): readonly number[] {
    const known = this.#paramsOf.get(type);
    if (known !== undefined) return known;
    const ids = this.#connection.rows(sql`SELECT id FROM param WHERE type = ${type}`).map(([id]) => Number(id));
    this.#paramsOf.set(type, ids);
    return ids;
  }

  internSystem(name: string): number {
    return this.system(name) ?? this.#add(this.#systems, name, 'INSERT INTO system (name) VALUES (?)', name);
  }

  /** For the writer: a resource has several values of the parameter. */
  markSeveral(param: number): void {
    this.#mark(param, severalMark, 'UPDATE param SET several = 1 WHERE id = ? AND several = 0', param);
  }

  /** For the writer: a resource of the type has no value of the parameter. */
  markOptional(param: number): void {
    this.#mark(param, optionalMark, 'UPDATE param SET optional = 1 WHERE id = ? AND optional = 0', param);
  }

  /** For the writer: a range of this width is there. */
  markWidth(param: number, width: number): void {
    const bit = 1 << width;
    this.#mark(param, bit, 'UPDATE param SET widths = widths | ? WHERE id = ?', bit, param);
  }

  #mark(param: number, bit: number, text: string, ...args: readonly number[]): void {
    const marks = this.#marks.get(param) ?? 0;
    if ((marks & bit) !== 0) return;
    this.#connection.run(text, ...args);
    this.#marks.set(param, marks | bit);
    this.#added = true;
  }

  internUnit({ system, code, unit }: Unit): number {
    const key = JSON.stringify([system, code, unit]);
    const known = this.#units.get(key);
    if (known !== undefined) return known;
    const row = this.#connection.row(
      sql`SELECT id FROM unit WHERE system = ${system} AND code = ${code} AND unit = ${unit}`,
    );
    if (row === undefined) {
      return this.#add(this.#units, key, 'INSERT INTO unit (system, code, unit) VALUES (?, ?, ?)', system, code, unit);
    }
    this.#units.set(key, Number(row[0]));
    return Number(row[0]);
  }

  /** To be called before a group of writes: another process may have brought parameters since the last one. */
  begin(): void {
    this.#paramsOf.clear();
  }

  /** To be called after a roll back, which may have taken back numbers given since the last commit. */
  rolledBack(): void {
    if (!this.#added) return;
    this.#types.clear();
    this.#typeNames.clear();
    this.#params.clear();
    this.#paramCodes.clear();
    this.#marks.clear();
    this.#paramsOf.clear();
    this.#systems.clear();
    this.#systemNames.clear();
    this.#units.clear();
    this.#unitNames.clear();
  }

  /** To be called after a commit. */
  committed(): void {
    this.#added = false;
  }

  #codes(type: number): Map<string, number> {
    let codes = this.#params.get(type);
    if (codes === undefined) {
      codes = new Map();
      this.#params.set(type, codes);
    }
    return codes;
  }

  #learn(cache: NumberCache, name: string, query: ReturnType<typeof sql>): number | undefined {
    const row = this.#connection.row(query);
    if (row === undefined) return undefined;
    const id = Number(row[0]);
    cache.set(name, id);
    return id;
  }

  #add(cache: NumberCache, name: string, text: string, ...args: readonly (string | number)[]): number {
    const id = Number(this.#connection.statement(text).run(...args).lastInsertRowid);
    cache.set(name, id);
    this.#added = true;
    return id;
  }
}
