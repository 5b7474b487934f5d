import type { Connection, Row } from '../database/connection.ts';
import { every, oneOf, sql } from '../database/fragment.ts';
import type { Names } from '../database/names.ts';
import type { IndexEntries, ResolvedReference } from './entries.ts';
import { type Kept, pendingTally } from './kept.ts';

/** The code of the parameter whose tokens logical references are resolved by. */
const identifier = 'identifier';

/**
 * References by identifier alone. Each is a row of `logical`; while exactly one current resource carries the identifier,
 * the row names it as target, and a `reference` entry (and a compartment) stands for the link. Settled at the end of each
 * transaction, so that the outcome depends on what is stored and never on the order in which it came.
 */
export class LogicalReferences {
  readonly #connection: Connection;
  readonly #names: Names;
  readonly #entries: IndexEntries;
  readonly #kept: Kept;
  /** Rows of this transaction that were not resolved yet. */
  #fresh: number[] = [];
  /** Identifiers that came or went in this transaction, as system and value. */
  #changed = new Map<string, readonly [number, string]>();
  /** The rows of the resource that was forgotten last, by what they say: what it says again keeps its number, and its place. */
  #former = new Map<string, number>();
  /** Of the resources whose rows this transaction changes: identifiers that led nowhere before. */
  readonly #waited = new Map<number, number>();
  /** The carriers found while resolving, by system, types and value: thousands of records may name one resident. */
  readonly #carriers = new Map<string, number>();

  constructor(connection: Connection, names: Names, entries: IndexEntries, kept: Kept) {
    this.#connection = connection;
    this.#names = names;
    this.#entries = entries;
    this.#kept = kept;
    entries.use(this);
  }

  begin(): void {
    this.#fresh = [];
    this.#former.clear();
    this.#changed.clear();
    // Another process may take those numbers between two transactions.
    this.#carriers.clear();
    this.#waited.clear();
  }

  /** To be called before the rows of a resource change. */
  #note(rid: number): void {
    if (!this.#waited.has(rid)) this.#waited.set(rid, this.#waiting(rid));
  }

  #waiting(rid: number): number {
    return this.#connection.number(
      sql`SELECT count(*) FROM (SELECT DISTINCT system, value FROM logical WHERE rid = ${rid} AND target = 0)`,
    );
  }

  add(
    rid: number,
    param: number,
    system: number,
    value: string,
    types: string,
    inCompartment: number,
    pos: number,
  ): void {
    this.#note(rid);
    const lid = this.#numberOf([rid, param, system, value, types, inCompartment, pos].join(' '));
    const insert = this.#connection.statement(
      'INSERT INTO logical (lid, rid, param, system, value, types, resident, pos, target) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)',
    );
    this.#fresh.push(Number(insert.run(lid, rid, param, system, value, types, inCompartment, pos).lastInsertRowid));
  }

  /** Null for one that SQLite gives: one above all there are. */
  #numberOf(row: string): number | null {
    const former = this.#former.get(row);
    if (former !== undefined) {
      this.#former.delete(row);
      return former;
    }
    if (this.#former.size === 0) return null;
    const last = this.#connection.number(sql`SELECT coalesce(max(lid), 0) FROM logical`);
    return Math.max(last, ...this.#former.values()) + 1;
  }

  /** The identifiers a resource carries now; to be asked before and after its entries change. */
  identifiers(rid: number, type: number): readonly (readonly [number, string])[] {
    const param = this.#names.param(type, identifier);
    if (param === undefined) return [];
    return this.#entries.tokens(rid, param);
  }

  /** Takes back the logical references of a resource, and the compartments that they led to. */
  forget(rid: number, type: number): void {
    const rows = this.#connection.rows(
      sql`SELECT lid, target, param, system, value, types, resident, pos FROM logical WHERE rid = ${rid}`,
    );
    this.#former = new Map(rows.map(([lid, , ...same]) => [[rid, ...same].join(' '), Number(lid)]));
    const led = rows.filter(([, target, , , , , resident]) => target !== 0 && resident === 1);
    const text = 'DELETE FROM compartment WHERE patient = ? AND type = ? AND rid = ? AND logical = 1';
    for (const target of new Set(led.map(([, to]) => to))) {
      this.#connection.run(text, Number(target), type, rid);
      this.#kept.touch(Number(target));
    }
    this.#note(rid);
    this.#connection.run('DELETE FROM logical WHERE rid = ?', rid);
  }

  /** Notes which identifiers came and which went. */
  changed(before: readonly (readonly [number, string])[], after: readonly (readonly [number, string])[]): void {
    const key = ([system, value]: readonly [number, string]): string => `${system} ${value}`;
    const had = new Set(before.map(key));
    const has = new Set(after.map(key));
    for (const pair of before) if (!has.has(key(pair))) this.#changed.set(key(pair), pair);
    for (const pair of after) if (!had.has(key(pair))) this.#changed.set(key(pair), pair);
  }

  /** Resolves what this transaction brought, and what waits for (or loses) an identifier by it. */
  resolveAll(): void {
    const columns = sql`SELECT lid, rid, param, system, value, types, resident, pos, target FROM logical`;
    for (const [system, value] of this.#changed.values()) {
      const waiting = this.#connection.rows(sql`${columns} WHERE value = ${value} AND system = ${system}`);
      for (const row of waiting) this.#resolve(row);
    }
    for (const lid of this.#fresh) {
      const row = this.#connection.row(sql`${columns} WHERE lid = ${lid}`);
      if (row !== undefined) this.#resolve(row);
    }
    for (const [rid, before] of this.#waited) this.#kept.count(pendingTally, this.#waiting(rid) - before);
    this.begin();
  }

  #resolve(row: Row): void {
    const [lid, rid, param, system, value, types, inCompartment, pos, old] = row;
    const target = this.#carrier(Number(system), String(value), String(types));
    if (target === Number(old)) return;
    this.#note(Number(rid));
    this.#connection.run('UPDATE logical SET target = ? WHERE lid = ?', target, Number(lid));
    const type = this.#type(Number(rid));
    const link = { rid: Number(rid), type, param: Number(param), pos: Number(pos) };
    if (Number(old) !== 0) this.#unlink({ ...link, target: Number(old) });
    if (target !== 0) this.#link({ ...link, target }, Number(inCompartment) === 1);
  }

  #carrier(system: number, value: string, types: string): number {
    const key = `${system} ${types} ${value}`;
    const known = this.#carriers.get(key) ?? this.#findCarrier(system, value, types);
    this.#carriers.set(key, known);
    return known;
  }

  /** The one resource of these types that carries the identifier; 0 if there is none, or several. */
  #findCarrier(system: number, value: string, types: string): number {
    const ids = this.#names.types(types.split(','));
    const where = every([oneOf('param', this.#names.params(ids, identifier)), oneOf('system', [system])]);
    const rows = this.#connection.rows(sql`
      SELECT DISTINCT rid FROM token WHERE ${where} AND code = ${value} LIMIT 2`);
    return rows.length === 1 ? Number(rows[0]?.[0]) : 0;
  }

  #link(link: ResolvedReference, inCompartment: boolean): void {
    this.#entries.link(link);
    if (!inCompartment || this.#type(link.target) !== this.#names.type('Patient')) return;
    this.#connection.run('INSERT OR IGNORE INTO compartment VALUES (?, ?, ?, 1)', link.target, link.type, link.rid);
    this.#kept.touch(link.target);
  }

  /** Another identifier of the same reference, or another reference, may still lead to the target. */
  #unlink(link: ResolvedReference): void {
    const { rid, type, param, pos, target } = link;
    const others = sql`SELECT 1 FROM logical WHERE rid = ${rid} AND target = ${target}`;
    if (this.#connection.row(sql`${others} AND param = ${param} AND pos = ${pos}`) === undefined) {
      this.#entries.unlink(link);
    }
    if (this.#connection.row(sql`${others} AND resident = 1`) === undefined) {
      const text = 'DELETE FROM compartment WHERE patient = ? AND type = ? AND rid = ? AND logical = 1';
      this.#connection.run(text, target, type, rid);
      this.#kept.touch(target);
    }
  }

  #type(rid: number): number {
    return this.#connection.number(sql`SELECT type FROM resource WHERE rid = ${rid}`);
  }
}
