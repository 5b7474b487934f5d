import type { Connection } from './connection.ts';
import { sql } from './fragment.ts';
import type { Logical } from './logical.ts';
import type { Names } from './names.ts';
import { entryKinds, type Flat } from './pack.ts';
import { awaited, entryTables } from './schema.ts';
import { finite } from './tests.ts';

/** The rid of a resource; one that was never stored is from now on awaited. Type is the interned number. */
export function ridOf(connection: Connection, type: number, id: string): number {
  const row = connection.row(sql`SELECT rid FROM resource WHERE type = ${type} AND id = ${id}`);
  if (row !== undefined) return Number(row[0]);
  const insert = connection.statement('INSERT INTO resource (type, id, state, version) VALUES (?, ?, ?, 0)');
  return Number(insert.run(type, id, awaited).lastInsertRowid);
}

/** A literal reference of a write, for the strict check. */
export interface Literal {
  readonly param: string;
  readonly reference: string;
  readonly target: number;
}

type Table = (typeof entryTables)[number];

/** Equal entries of one resource are kept once. */
const inserts: Readonly<Record<Table, string>> = {
  token: 'INSERT OR IGNORE INTO token VALUES (?, ?, ?, ?, ?)',
  string: 'INSERT OR IGNORE INTO string VALUES (?, ?, ?, ?, ?)',
  date: 'INSERT OR IGNORE INTO date VALUES (?, ?, ?, ?, ?)',
  number: 'INSERT OR IGNORE INTO number VALUES (?, ?, ?, ?, ?)',
  quantity: 'INSERT OR IGNORE INTO quantity VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  uri: 'INSERT OR IGNORE INTO uri VALUES (?, ?, ?, ?)',
  reference: 'INSERT OR IGNORE INTO reference VALUES (?, ?, ?, ?, ?, ?)',
};

/** Writes and removes the index entries of resources. */
export class Entries {
  readonly #connection: Connection;
  readonly #names: Names;
  readonly #logical: Logical;

  constructor(connection: Connection, names: Names, logical: Logical) {
    this.#connection = connection;
    this.#names = names;
    this.#logical = logical;
  }

  /** Stores packed entries, equal ones once, and tells the literal references among them. */
  add(rid: number, type: number, flat: Flat): readonly Literal[] {
    const literals: Literal[] = [];
    let i = 0;
    const text = (): string => String(flat[i++]);
    const number = (): number => Number(flat[i++]);
    while (i < flat.length) {
      const kind = entryKinds[number()];
      const code = text();
      const param = this.#names.internParam(type, code);
      const pos = number();
      if (kind === 'token') this.#insert(kind, rid, param, this.#names.internSystem(text()), text(), pos);
      else if (kind === 'string') this.#string(rid, param, text(), text(), pos);
      else if (kind === 'date') this.#insert(kind, rid, param, number(), number(), pos);
      else if (kind === 'number') this.#insert(kind, rid, param, finite(number()), finite(number()), pos);
      else if (kind === 'quantity') {
        const range = [finite(number()), finite(number())];
        this.#insert(kind, rid, param, ...range, this.#names.internSystem(text()), text(), text(), pos);
      } else if (kind === 'uri') this.#insert(kind, rid, param, text(), pos);
      else if (kind === 'reference') literals.push(this.#reference(rid, param, code, text(), text(), text(), pos));
      else this.#logical.add(rid, param, this.#names.internSystem(text()), text(), text(), number(), pos);
    }
    return literals;
  }

  /** Puts the resource into the compartments of these Patients. */
  join(rid: number, type: number, residents: readonly string[]): void {
    if (residents.length === 0) return;
    const patient = this.#names.internType('Patient');
    for (const id of residents) {
      const text = 'INSERT OR IGNORE INTO compartment (patient, type, rid, logical) VALUES (?, ?, ?, 0)';
      this.#connection.run(text, ridOf(this.#connection, patient, id), type, rid);
    }
  }

  /** Removes every entry, and the compartments. A negative rid means the entries that a deletion kept. */
  clear(rid: number): void {
    for (const table of entryTables) this.#connection.run(`DELETE FROM ${table} WHERE rid = ?`, rid);
    if (rid > 0) this.#leave(rid);
  }

  /** Keeps the entries of a deleted resource out of every search, for those who judge its history. */
  bury(rid: number): void {
    for (const table of entryTables) {
      this.#connection.run(`UPDATE ${table} SET rid = -rid, param = -param WHERE rid = ?`, rid);
    }
    this.#leave(rid);
  }

  #leave(rid: number): void {
    this.#connection.run('DELETE FROM logical WHERE rid = ?', rid);
    this.#connection.run('DELETE FROM compartment WHERE rid = ?', rid);
  }

  #insert(table: Table, ...values: readonly (string | number)[]): void {
    this.#connection.run(inserts[table], ...values);
  }

  /** Most texts are folded already; the written form is kept where it differs. */
  #string(rid: number, param: number, value: string, exact: string, pos: number): void {
    this.#insert('string', rid, param, value, exact === value ? '' : exact, pos);
  }

  #reference(
    rid: number,
    param: number,
    code: string,
    type: string,
    id: string,
    version: string,
    pos: number,
  ): Literal {
    const target = ridOf(this.#connection, this.#names.internType(type), id);
    this.#insert('reference', rid, param, target, version, 0, pos);
    return { param: code, reference: `${type}/${id}`, target };
  }
}
