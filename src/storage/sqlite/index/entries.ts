import type { Connection } from '../database/connection.ts';
import { sql } from '../database/fragment.ts';
import type { Names } from '../database/names.ts';
import { awaited } from '../database/schema.ts';
import { entryKinds, type Flat, type PackedWords } from '../wire/pack.ts';
import { keyOf, type Packable, pack, type StoredEntry, type StoredValue, unpack, visit } from './entry-codec.ts';
import { type Kept, pendingTally } from './kept.ts';
import { finite, widthOf } from './ranges.ts';
import { deleteRow, insertRow, rowsOf } from './rows.ts';

/** What a write brings for the index. */
export interface Indexed {
  readonly patients: readonly string[];
  readonly entries: Flat;
  readonly words: PackedWords;
}

/** A reference that a logical one stands for. */
export interface ResolvedReference {
  readonly rid: number;
  readonly type: number;
  readonly param: number;
  readonly pos: number;
  readonly target: number;
}

/** Those references by identifier that wait for, or have found, what they lead to (see logical.ts). */
interface ByIdentifier {
  add(
    rid: number,
    param: number,
    system: number,
    value: string,
    types: string,
    inCompartment: number,
    pos: number,
  ): void;
  forget(rid: number, type: number): void;
}

const none: Packable = { patients: [], entries: [] };

/** Writes and removes the index entries of resources. */
export class IndexEntries {
  readonly #connection: Connection;
  readonly #names: Names;
  readonly #kept: Kept;
  #logical: ByIdentifier | undefined;
  #awaiting = false;
  /** Whether the last resource that was looked up never arrived; and those of them that an index record refers to. */
  #isAwaited = false;
  readonly #awaited = new Set<number>();
  /** Of the transaction under way: resources that it writes, and the types of others whose entries it changes. */
  readonly #written = new Set<number>();
  readonly #revised = new Set<number>();

  constructor(connection: Connection, names: Names, kept: Kept) {
    this.#connection = connection;
    this.#names = names;
    this.#kept = kept;
  }

  /** To be called before a transaction. */
  begin(): void {
    this.#awaiting = false;
    this.#written.clear();
    this.#revised.clear();
  }

  /** The types of resources whose entries were changed in the transaction under way, though it does not write them. */
  get revised(): ReadonlySet<number> {
    return this.#revised;
  }

  /** Whether the transaction under way named a resource that was not there: it has a row from then on. */
  get awaiting(): boolean {
    return this.#awaiting;
  }

  /** The two need each other: a logical reference is an entry, and it makes another when it is resolved. */
  use(logical: ByIdentifier): void {
    this.#logical = logical;
  }

  /** The entries of a resource, those of a deleted one too; undefined if it has none. */
  packed(rid: number): Uint8Array | undefined {
    const bytes = this.#connection.row(sql`SELECT bytes FROM entries WHERE rid = ${rid}`)?.[0];
    return bytes instanceof Uint8Array ? bytes : undefined;
  }

  /** The tokens that a resource has under a parameter, as system and code. */
  tokens(rid: number, param: number): readonly (readonly [number, string])[] {
    const tokens: (readonly [number, string])[] = [];
    const packed = this.packed(rid);
    if (packed === undefined) return tokens;
    visit(packed, new Set([param]), (value) => {
      if (value.kind === 'token') tokens.push([value.system, value.code]);
    });
    return tokens;
  }

  /** Replaces the entries of a resource that is written; `fresh` if no rows stand for those that it has. */
  replace(rid: number, type: number, fresh: boolean, made: Indexed): void {
    this.#written.add(rid);
    const { before, after } = this.#replace(rid, type, fresh, made);
    for (const patient of before.patients) this.#kept.touch(patient);
    for (const patient of after.patients) this.#kept.touch(patient);
  }

  /** The same where its contents stay: a compartment changes only if the resource joins or leaves it. */
  renew(rid: number, type: number, made: Indexed): void {
    this.#revised.add(type);
    const { before, after } = this.#replace(rid, type, false, made);
    for (const patient of before.patients) if (!after.patients.includes(patient)) this.#kept.touch(patient);
    for (const patient of after.patients) if (!before.patients.includes(patient)) this.#kept.touch(patient);
  }

  #replace(rid: number, type: number, fresh: boolean, made: Indexed): { before: Packable; after: Packable } {
    const packed = fresh ? undefined : this.packed(rid);
    if (packed !== undefined) this.#logical?.forget(rid, type);
    const patients = made.patients.map((id) => this.#rid(this.#names.internType('Patient'), id));
    this.#awaited.clear();
    const entries = this.#read(rid, type, made.entries, true);
    this.#mark(entries);
    this.#markMissing(type, entries);
    this.#words(rid, type, fresh, made.words);
    const after = { patients, entries };
    const bytes = pack(after);
    // Many updates leave what is searched as it is, and its rows with it.
    if (packed !== undefined && Buffer.compare(bytes, packed) === 0) return { before: after, after };
    const before = packed === undefined ? none : unpack(packed);
    this.#kept.count(pendingTally, this.#awaited.size - this.#countAwaited(before));
    this.#change(rid, type, before, after, bytes);
    return { before, after };
  }

  /** The rid of a resource; one that was never stored is from now on awaited. */
  #rid(type: number, id: string): number {
    const row = this.#connection.row(sql`SELECT rid, state FROM resource WHERE type = ${type} AND id = ${id}`);
    const [known, state] = row ?? [undefined, awaited];
    this.#isAwaited = state === awaited;
    if (known !== undefined) return Number(known);
    this.#awaiting = true;
    const insert = this.#connection.statement('INSERT INTO resource (type, id, state, version) VALUES (?, ?, ?, 0)');
    return Number(insert.run(type, id, awaited).lastInsertRowid);
  }

  /** The resources that never arrived to which these entries refer. */
  #countAwaited({ entries }: Packable): number {
    const targets = new Set(entries.flatMap(({ value }) => (value.kind === 'reference' ? [value.target] : [])));
    let count = 0;
    for (const target of targets) {
      const state = this.#connection.number(sql`SELECT state FROM resource WHERE rid = ${target}`);
      if (state === awaited) count += 1;
    }
    return count;
  }

  /** A resource arrives that others refer to already. */
  arrived(rid: number): void {
    const waiting = this.#connection.number(sql`SELECT count(DISTINCT rid) FROM reference WHERE target = ${rid}`);
    this.#kept.count(pendingTally, -waiting);
  }

  /** Takes a deleted resource out of every search, and keeps its entries for those who judge its history. */
  removeRows(rid: number, type: number): void {
    const packed = this.packed(rid);
    this.#logical?.forget(rid, type);
    this.#connection.run('DELETE FROM words WHERE rowid = ?', rid);
    if (packed === undefined) return;
    const entries = unpack(packed);
    this.#kept.count(pendingTally, -this.#countAwaited(entries));
    for (const patient of entries.patients) this.#kept.touch(patient);
    for (const { table, values } of rowsOf(rid, type, entries, this.#names).values()) {
      this.#connection.run(deleteRow[table], ...values);
    }
  }

  /** Keeps the entries of a deleted resource, without rows. */
  keepWithoutRows(rid: number, type: number, made: Indexed): void {
    this.#write(rid, pack({ patients: [], entries: this.#read(rid, type, made.entries, false) }));
  }

  link({ rid, type, param, pos, target }: ResolvedReference): void {
    const value: StoredValue = { kind: 'reference', target, version: '', logical: true };
    this.#revise(rid, type, (entries) => [...entries, { value, param, pos, key: keyOf(value) }]);
  }

  unlink({ rid, type, param, pos, target }: ResolvedReference): void {
    const isIt = (e: StoredEntry): boolean =>
      e.value.kind === 'reference' &&
      e.value.logical &&
      e.value.target === target &&
      e.param === param &&
      e.pos === pos;
    this.#revise(rid, type, (entries) => entries.filter((e) => !isIt(e)));
  }

  #revise(rid: number, type: number, revise: (entries: readonly StoredEntry[]) => readonly StoredEntry[]): void {
    if (!this.#written.has(rid)) this.#revised.add(type);
    const packed = this.packed(rid);
    const before = packed === undefined ? none : unpack(packed);
    const entries = revise(before.entries);
    this.#mark(entries);
    this.#change(rid, type, before, { patients: before.patients, entries });
  }

  /** Makes the difference of the rows, and keeps the entries. */
  #change(rid: number, type: number, before: Packable, after: Packable, bytes = pack(after)): void {
    const had = before.entries.length + before.patients.length > 0 ? rowsOf(rid, type, before, this.#names) : new Map();
    const has = rowsOf(rid, type, after, this.#names);
    for (const [key, { table, values }] of had)
      if (!has.has(key)) this.#connection.run(deleteRow[table as 'token'], ...values);
    for (const [key, { table, values }] of has) if (!had.has(key)) this.#connection.run(insertRow[table], ...values);
    this.#write(rid, bytes);
  }

  #write(rid: number, bytes: Uint8Array): void {
    const text =
      'INSERT INTO entries (rid, bytes) VALUES (?, ?) ON CONFLICT (rid) DO UPDATE SET bytes = excluded.bytes';
    this.#connection.run(text, rid, bytes);
  }

  /** Notes what the planner wants to know of a parameter: whether a resource may have several values, and their widths. */
  #mark(entries: readonly StoredEntry[]): void {
    const seen = new Map<number, string>();
    for (const { param, value, key } of entries) {
      const other = seen.get(param);
      if (other !== undefined && other !== key) this.#names.markSeveral(param);
      seen.set(param, key);
      if (value.kind === 'date' || value.kind === 'number' || value.kind === 'quantity') {
        this.#names.markWidth(param, widthOf(value.kind, value.low, value.high));
      }
    }
  }

  #markMissing(type: number, entries: readonly StoredEntry[]): void {
    const has = new Set(entries.map(({ param }) => param));
    for (const param of this.#names.paramsOf(type)) if (!has.has(param)) this.#names.markOptional(param);
  }

  /** The words of narrative and contents are told apart by a letter, and the type is one of them. */
  #words(rid: number, type: number, fresh: boolean, { text, content }: PackedWords): void {
    if (!fresh) this.#connection.run('DELETE FROM words WHERE rowid = ?', rid);
    if (text === '' && content === '') return;
    const all = [`k${type}`, ...marked('t', text), ...marked('c', content)].join(' ');
    this.#connection.run('INSERT INTO words (rowid, terms) VALUES (?, ?)', rid, all);
  }

  /** Unless `waits`, nothing but the entries is made: no logical reference waits for its target. */
  #read(rid: number, type: number, flat: Flat, waits: boolean): readonly StoredEntry[] {
    const entries: StoredEntry[] = [];
    const seen = new Set<string>();
    let i = 0;
    const text = (): string => String(flat[i++]);
    const number = (): number => Number(flat[i++]);
    while (i < flat.length) {
      const kind = entryKinds[number()];
      const code = text();
      const param = this.#names.internParam(type, code);
      const pos = number();
      let value: StoredValue;
      if (kind === 'token') value = { kind, system: this.#names.internSystem(text()), code: text() };
      else if (kind === 'string') value = stringOf(text(), text());
      else if (kind === 'date') value = { kind, low: number(), high: number() };
      else if (kind === 'number') value = { kind, low: finite(number()), high: finite(number()) };
      else if (kind === 'quantity') {
        const [low, high] = [finite(number()), finite(number())];
        const unit = this.#names.internUnit({ system: text(), code: text(), unit: text() });
        value = { kind, unit, low, high };
      } else if (kind === 'uri') value = { kind, value: this.#names.internSystem(text()) };
      else if (kind === 'position') value = { kind, latitude: number(), longitude: number() };
      else if (kind === 'reference') {
        const [targetType, id, version] = [text(), text(), text()];
        const target = this.#rid(this.#names.internType(targetType), id);
        if (this.#isAwaited) this.#awaited.add(target);
        value = { kind, target, version, logical: false };
      } else {
        value = { kind: 'logical' };
        const system = this.#names.internSystem(text());
        const [identifier, types, inCompartment] = [text(), text(), number()];
        if (waits) this.#logical?.add(rid, param, system, identifier, types, inCompartment, pos);
      }
      const key = keyOf(value);
      const place = `${param} ${pos} ${key}`;
      if (!seen.has(place)) entries.push({ value, param, pos, key });
      seen.add(place);
    }
    return entries;
  }
}

/** Most texts are folded already; the written form is kept where it differs. */
function stringOf(value: string, exact: string): StoredValue {
  return { kind: 'string', value, exact: exact === value ? '' : exact };
}

function marked(letter: string, words: string): readonly string[] {
  return words === '' ? [] : words.split(' ').map((word) => `${letter}${word}`);
}
