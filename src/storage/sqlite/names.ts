import type { Connection } from './connection.ts';
import { sql } from './fragment.ts';

/** Code systems that a thread remembers: clients bring new ones without end. */
const systemsKept = 10_000;

/**
 * The numbers that stand for types, parameters and code systems in the tables, cached per thread. Numbers are never
 * changed or reused; a name that the cache misses is looked up, since the writer may have added it meanwhile.
 */
export class Names {
  readonly #connection: Connection;
  readonly #types = new Map<string, number>();
  readonly #typeNames = new Map<number, string>();
  readonly #params = new Map<number, Map<string, number>>();
  readonly #systems = new Map<string, number>();
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
    return String(this.#connection.row(sql`SELECT code FROM param WHERE id = ${id}`)?.[0]);
  }

  system(name: string): number | undefined {
    return this.#systems.get(name) ?? this.#learn(this.#systems, name, sql`SELECT id FROM system WHERE name = ${name}`);
  }

  systemName(id: number): string {
    return String(this.#connection.row(sql`SELECT name FROM system WHERE id = ${id}`)?.[0]);
  }

  /** For the writer, as are the next two: the number of a name, given now if it has none. */
  internType(name: string): number {
    return this.type(name) ?? this.#add(this.#types, name, 'INSERT INTO type (name) VALUES (?)', name);
  }

  internParam(type: number, code: string): number {
    const known = this.param(type, code);
    if (known !== undefined) return known;
    return this.#add(this.#codes(type), code, 'INSERT INTO param (type, code) VALUES (?, ?)', type, code);
  }

  internSystem(name: string): number {
    return this.system(name) ?? this.#add(this.#systems, name, 'INSERT INTO system (name) VALUES (?)', name);
  }

  /** To be called after a roll back, which may have taken back numbers given since the last commit. */
  rolledBack(): void {
    if (!this.#added) return;
    this.#types.clear();
    this.#typeNames.clear();
    this.#params.clear();
    this.#systems.clear();
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

  #learn(cache: Map<string, number>, name: string, query: ReturnType<typeof sql>): number | undefined {
    const row = this.#connection.row(query);
    if (row === undefined) return undefined;
    const id = Number(row[0]);
    this.#keep(cache, name, id);
    return id;
  }

  #add(cache: Map<string, number>, name: string, text: string, ...args: readonly (string | number)[]): number {
    const id = Number(this.#connection.statement(text).run(...args).lastInsertRowid);
    this.#keep(cache, name, id);
    this.#added = true;
    return id;
  }

  #keep(cache: Map<string, number>, name: string, id: number): void {
    if (cache === this.#systems && cache.size >= systemsKept) cache.clear();
    cache.set(name, id);
  }
}
