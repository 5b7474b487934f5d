import type { Entry, IndexRecord } from '#search/model/entry.ts';
import type { Plan } from '#search/model/filter.ts';
import type { LiteralReference, WriteHead } from '../../check.ts';
import {
  type ChangeConditions,
  type ConceptRow,
  type KeptResult,
  type Reindexed,
  TooHeavy,
  type Transaction,
  type Version,
  type Write,
} from '../../store.ts';
import { making, makingCode } from '../database/schema.ts';

/**
 * The forms in which transactions and versions cross threads. Copying an object costs more for its keys than for its
 * values, so what comes in thousands is laid out flat.
 */

export type Flat = readonly (string | number)[];

export interface PackedWrite {
  readonly method: Version['method'];
  readonly head: string | null;
  readonly tail: string;
  readonly patients: readonly string[];
  readonly entries: Flat;
  readonly words: PackedWords;
}

/** Words with blanks between them; empty if there are none. */
export interface PackedWords {
  readonly text: string;
  readonly content: string;
}

/** What `Store.reindex` brings of one resource. */
export interface PackedReindexed {
  readonly type: string;
  readonly id: string;
  readonly version: number;
  readonly patients: readonly string[];
  readonly entries: Flat;
  readonly words: PackedWords;
}

/** Some writes as bytes: as objects, those of a large bundle would be in two threads at once. */
interface Piece {
  /** Bytes of each text: of each write the JSON of all but its texts, the head, the tail. */
  readonly lengths: Uint32Array;
  /** UTF-8. */
  readonly bytes: Uint8Array;
}

export interface PackedTransaction
  extends Pick<
    Transaction,
    'guards' | 'rights' | 'timeout' | 'settings' | 'raises' | 'audit' | keyof ChangeConditions
  > {
  /** What it is known by afterwards, should its answer be lost. */
  readonly mark: string;
  /** Four fields of each write: type, id, expected version (-1 if any), 1 if it deletes. */
  readonly heads: Flat;
  /** Where references are strict, four fields of each literal one: place of the write, parameter, type, id. */
  readonly literals: Flat;
  /** Of the writes that have them: the place of the write, its criteria, and the place of the guard that has the same; -1 if none has. */
  readonly criteria: readonly (readonly [write: number, plan: Plan, guard: number])[];
  /** What `unpackWrites` reads. */
  readonly pieces: readonly Piece[];
  /** By set, two fields of each concept: system, code. */
  readonly concepts?: readonly (readonly [string, Flat | undefined])[];
  /** By key, three fields of each result: Patient, seq, value. */
  readonly results?: readonly (readonly [string, Flat | undefined])[];
  /** Characters of text: what bounds a group. */
  readonly size: number;
}

/**
 * What the writer answers of a commit: its time; of each write version and seq (0 where nothing was written), and 1 if no
 * current version stood there before, else 0.
 */
export interface PackedCommit {
  readonly lastUpdated: number;
  readonly made: readonly number[];
  /** What the writer found of the clock. */
  readonly clock: { readonly steps: number; readonly ms: number } | undefined;
}

export const entryKinds = [
  'token',
  'string',
  'date',
  'number',
  'quantity',
  'uri',
  'reference',
  'position',
  'logical',
] as const;
type EntryKind = (typeof entryKinds)[number];
const code = Object.fromEntries(entryKinds.map((kind, i) => [kind, i])) as Readonly<Record<EntryKind, number>>;

/** Kind, parameter, position (0: none, else + 1), then the fields of the kind in the order of entry.ts. */
function packEntries(entries: readonly Entry[]): Flat {
  const flat: (string | number)[] = [];
  for (const e of entries) {
    flat.push(code[e.kind], e.param, e.pos === undefined ? 0 : e.pos + 1);
    if (e.kind === 'token') flat.push(e.system, e.code);
    else if (e.kind === 'string') flat.push(e.value, e.exact);
    else if (e.kind === 'uri') flat.push(e.value);
    else if (e.kind === 'position') flat.push(e.latitude, e.longitude);
    else if (e.kind === 'reference') flat.push(e.type, e.id, e.version ?? '');
    else if (e.kind === 'logical') flat.push(e.system, e.value, e.types.join(','), e.inCompartment ? 1 : 0);
    else {
      flat.push(finite(e.low), finite(e.high));
      if (e.kind === 'quantity') flat.push(e.system, e.code, e.unit);
    }
  }
  return flat;
}

/** JSON has no infinity. */
function finite(value: number): number {
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));
}

function packWords({ words }: IndexRecord): PackedWords {
  return { text: words?.text.join(' ') ?? '', content: words?.content.join(' ') ?? '' };
}

export function packReindexed({ type, id, version, index }: Reindexed): PackedReindexed {
  const { patients, entries } = index;
  return { type, id, version, patients, entries: packEntries(entries), words: packWords(index) };
}

function packWrite({ method, draft }: Write, record: IndexRecord): PackedWrite {
  return {
    method,
    head: draft?.head ?? null,
    tail: draft?.tail ?? '',
    patients: record.patients,
    entries: packEntries(record.entries),
    words: packWords(record),
  };
}

/** Characters of text after which the writes go on in another piece. */
const charactersPerPiece = 500_000;

export function packTransaction(transaction: Transaction, mark: string): PackedTransaction {
  const { guards, references, rights, timeout, settings, raises, audit, revision, lease, writes } = transaction;
  const { concepts, results } = transaction;
  const pieces: Piece[] = [];
  const literals: (string | number)[] = [];
  let from = 0;
  let held = 0;
  let size = 0;
  for (const [i, { draft }] of writes.entries()) {
    held += (draft?.head.length ?? 0) + (draft?.tail.length ?? 0);
    if (held < charactersPerPiece && i + 1 < writes.length) continue;
    pieces.push(packPiece(writes.slice(from, i + 1), from, references === 'strict' ? literals : undefined));
    from = i + 1;
    size += held;
    held = 0;
  }
  return {
    mark,
    guards,
    rights,
    heads: writes.flatMap(({ type, id, expect, draft }) => [type, id, expect ?? -1, draft === undefined ? 1 : 0]),
    literals,
    criteria: packCriteria(transaction),
    pieces,
    size,
    ...(timeout !== undefined && { timeout }),
    ...(settings !== undefined && { settings }),
    ...(raises !== undefined && { raises }),
    ...(audit !== undefined && { audit }),
    ...(concepts !== undefined && { concepts: packConcepts(concepts) }),
    ...(results !== undefined && { results: packResults(results) }),
    ...(revision !== undefined && { revision }),
    ...(lease !== undefined && { lease }),
  };
}

function packCriteria({ guards, writes }: Transaction): PackedTransaction['criteria'] {
  const places = new Map(guards.map(({ plan }, i) => [plan, i]));
  return writes.flatMap(({ criteria }, i) =>
    criteria === undefined ? [] : [[i, criteria, places.get(criteria) ?? -1] as const],
  );
}

function packConcepts(concepts: NonNullable<Transaction['concepts']>): NonNullable<PackedTransaction['concepts']> {
  return Object.entries(concepts).map(([set, rows]) => [set, rows?.flatMap(({ system, code }) => [system, code])]);
}

export function unpackConcepts(flat: Flat): readonly ConceptRow[] {
  return Array.from({ length: flat.length / 2 }, (_, i) => ({
    system: String(flat[2 * i]),
    code: String(flat[2 * i + 1]),
  }));
}

function packResults(results: NonNullable<Transaction['results']>): NonNullable<PackedTransaction['results']> {
  return Object.entries(results).map(([key, kept]) => [
    key,
    kept?.flatMap(({ patient, seq, value }) => [patient, seq, value]),
  ]);
}

export function unpackResults(flat: Flat): readonly KeptResult[] {
  return Array.from({ length: flat.length / 3 }, (_, i) => ({
    patient: String(flat[3 * i]),
    seq: Number(flat[3 * i + 1]),
    value: String(flat[3 * i + 2]),
  }));
}

/** Writes from the place `from` of their transaction on; their literal references go into `literals`, where these matter. */
function packPiece(writes: readonly Write[], from: number, literals: (string | number)[] | undefined): Piece {
  const texts = writes.flatMap((write, i) => {
    const record = write.index();
    if (literals !== undefined) packLiterals(record, from + i, literals);
    const { head, tail, ...rest } = packWrite(write, record);
    return [JSON.stringify(rest), head ?? '', tail];
  });
  const lengths = Uint32Array.from(texts, (text) => Buffer.byteLength(text, 'utf8'));
  const bytes = Buffer.allocUnsafeSlow(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const text of texts) at += bytes.write(text, at, 'utf8');
  return { lengths, bytes };
}

function packLiterals({ entries }: IndexRecord, write: number, into: (string | number)[]): void {
  for (const e of entries) if (e.kind === 'reference') into.push(write, e.param, e.type, e.id);
}

export function unpackHeads({ heads }: PackedTransaction): readonly WriteHead[] {
  const unpacked: WriteHead[] = [];
  for (let i = 0; i < heads.length; i += 4) {
    const expect = Number(heads[i + 2]);
    unpacked.push({
      type: String(heads[i]),
      id: String(heads[i + 1]),
      expect: expect < 0 ? undefined : expect,
      deletes: heads[i + 3] === 1,
    });
  }
  return unpacked;
}

export function unpackLiterals({ literals }: PackedTransaction): readonly LiteralReference[] {
  const unpacked: LiteralReference[] = [];
  for (let i = 0; i < literals.length; i += 4) {
    const [write, param, type, id] = literals.slice(i, i + 4);
    unpacked.push({ write: Number(write), param: String(param), type: String(type), id: String(id) });
  }
  return unpacked;
}

/** The writes one by one, so that no more than one is an object at a time. */
export function* unpackWrites({ pieces }: PackedTransaction): Iterable<PackedWrite> {
  for (const { lengths, bytes } of pieces) {
    const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    const text = (i: number): string => {
      const from = at;
      at += lengths[i] ?? 0;
      return all.toString('utf8', from, at);
    };
    for (let i = 0; i < lengths.length; i += 3) {
      const rest = JSON.parse(text(i)) as Omit<PackedWrite, 'head' | 'tail'>;
      const head = text(i + 1);
      // No text begins with nothing: a write without a head is a deletion.
      yield { ...rest, head: head === '' ? null : head, tail: text(i + 2) };
    }
  }
}

/** The JSON text of a version: the draft with the members of `meta` that are the store's. */
export function complete(head: string, tail: string, version: number, lastUpdated: number): string {
  return `${head}"versionId":"${version}","lastUpdated":"${new Date(lastUpdated).toISOString()}"${tail}`;
}

const width = 7;

/** Versions laid out in rows of seven: type, id, version, seq, lastUpdated, method, content. */
export type PackedVersions = readonly (string | number | null)[];

export function packVersion(into: (string | number | null)[], v: Version): void {
  into.push(v.type, v.id, v.version, v.seq, v.lastUpdated, makingCode(v.method, v.created), v.content ?? null);
}

/** Characters that a page of resources stops at, so that no page exhausts a thread's memory. */
const charactersPerPage = 16_000_000;

/**
 * The first of these versions, as far as they fit into one page, but one at least; `kept` tells how many. `read` leaves out a text that
 * has more bytes than are left: throws TooHeavy with the bytes of the page where they are more than `most`.
 */
export function packPage<T>(
  keys: readonly T[],
  read: (key: T, left: number) => { readonly version: Version; readonly size?: number },
  most = Number.POSITIVE_INFINITY,
): { readonly found: PackedVersions; readonly kept: number } {
  const found: (string | number | null)[] = [];
  let characters = 0;
  let bytes = 0;
  let kept = 0;
  for (const key of keys) {
    const { version, size = most === Number.POSITIVE_INFINITY ? 0 : bytesOf(version) } = read(key, most - bytes);
    characters += version.content?.length ?? size;
    if (kept > 0 && characters > charactersPerPage) break;
    bytes += size;
    kept += 1;
    packVersion(found, version);
  }
  if (bytes > most) throw new TooHeavy(bytes);
  return { found, kept };
}

function bytesOf({ content = '' }: Version): number {
  return Buffer.byteLength(content, 'utf8');
}

/** A version that may not be there. */
export function packFound(version: Version | undefined): PackedVersions {
  const found: (string | number | null)[] = [];
  if (version !== undefined) packVersion(found, version);
  return found;
}

export function unpackVersions(flat: PackedVersions): Version[] {
  const versions: Version[] = [];
  for (let i = 0; i < flat.length; i += width) {
    const [type, id, version, seq, lastUpdated, method, content] = flat.slice(i, i + width);
    versions.push({
      type: String(type),
      id: String(id),
      version: Number(version),
      seq: Number(seq),
      lastUpdated: Number(lastUpdated),
      ...making(Number(method)),
      content: content === null ? undefined : String(content),
    });
  }
  return versions;
}
