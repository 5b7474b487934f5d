import type { Names } from '../database/names.ts';
import type { Packable, StoredEntry, StoredValue } from './entry-codec.ts';
import { widthOf } from './ranges.ts';

/** A row that leads from a value to the resource; the place of `rid` in `values` is that of the table. */
export interface IndexRow {
  readonly table: Table;
  readonly values: readonly (string | number)[];
}

/** The columns of each table that a row fixes. */
const columns = {
  token: ['param', 'code', 'system', 'rid'],
  string: ['param', 'value', 'rid'],
  date: ['param', 'width', 'low', 'rid', 'high'],
  number: ['param', 'width', 'low', 'rid', 'high'],
  quantity: ['param', 'unit', 'width', 'low', 'rid', 'high'],
  pair: ['param', 'code', 'system', 'unit', 'width', 'low', 'rid', 'high'],
  uri: ['param', 'value', 'rid'],
  reference: ['target', 'param', 'rid'],
  position: ['param', 'latitude', 'longitude', 'rid'],
  compartment: ['patient', 'type', 'rid', 'logical'],
} as const;

type Table = keyof typeof columns;

export const insertRow = texts((table, names) => {
  const marks = names.map(() => '?').join(', ');
  return `INSERT OR IGNORE INTO ${table} (${names.join(', ')}) VALUES (${marks})`;
});

export const deleteRow = texts((table, names) => {
  return `DELETE FROM ${table} WHERE ${names.map((name) => `${name} = ?`).join(' AND ')}`;
});

function texts(make: (table: string, names: readonly string[]) => string): Readonly<Record<Table, string>> {
  const made = Object.entries(columns).map(([table, names]) => [table, make(table, names)]);
  return Object.fromEntries(made) as Record<Table, string>;
}

/** Characters of a string that the table keeps: what begins with a longer text is checked in the entries. */
export const indexedLength = 100;

/** The part of a string that the table keeps; no pair of surrogates is cut. */
export function indexed(value: string): string {
  if (value.length <= indexedLength) return value;
  const cut = value.slice(0, indexedLength);
  return /[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut;
}

/** Every row that the entries of a resource have, each once. */
export function rowsOf(
  rid: number,
  type: number,
  { patients, entries }: Packable,
  names: Names,
): ReadonlyMap<string, IndexRow> {
  const rows = new Map<string, IndexRow>();
  const add = (table: Table, ...values: readonly (string | number)[]): void => {
    rows.set(`${table}\u0000${values.join('\u0000')}`, { table, values });
  };
  for (const patient of patients) add('compartment', patient, type, rid, 0);
  const pairs = Map.groupBy(
    entries.filter((entry) => entry.pos > 0),
    ({ param, pos }) => `${componentOf(names.paramCode(param)).composite} ${pos}`,
  );
  const paired = new Set<StoredEntry>();
  for (const tuple of pairs.values()) addPairs(tuple, rid, names, add, paired);
  for (const entry of entries) if (!paired.has(entry)) addPlain(entry.param, entry.value, rid, add);
  return rows;
}

type Add = (table: Table, ...values: readonly (string | number)[]) => void;

function addPlain(param: number, value: StoredValue, rid: number, add: Add): void {
  switch (value.kind) {
    case 'token':
      add('token', param, value.code, value.system, rid);
      break;
    case 'string':
      add('string', param, indexed(value.value), rid);
      break;
    case 'date':
    case 'number':
      add(value.kind, param, widthOf(value.kind, value.low, value.high), value.low, rid, value.high);
      break;
    case 'quantity':
      add('quantity', param, value.unit, widthOf('quantity', value.low, value.high), value.low, rid, value.high);
      break;
    case 'uri':
      add('uri', param, value.value, rid);
      break;
    case 'reference':
      add('reference', value.target, param, rid);
      break;
    case 'position':
      add('position', param, value.latitude, value.longitude, rid);
      break;
    case 'logical':
      break;
  }
}

/** The composite and the number of the component of a code such as `code-value-quantity.1`. */
export function componentOf(code: string): { readonly composite: string; readonly component: number } {
  const dot = code.lastIndexOf('.');
  return { composite: code.slice(0, dot), component: Number(code.slice(dot + 1)) };
}

/** A tuple of a token and a range has rows in which both stand, since neither alone may be rare. */
function addPairs(tuple: readonly StoredEntry[], rid: number, names: Names, add: Add, paired: Set<StoredEntry>): void {
  const components = Map.groupBy(tuple, ({ param }) => componentOf(names.paramCode(param)).component);
  const firsts = components.get(0) ?? [];
  const seconds = components.get(1) ?? [];
  if (components.size !== 2 || !firsts.every(isToken) || !seconds.every(isRange)) return;
  for (const { param, value: token } of firsts.filter(isToken)) {
    for (const { value } of seconds.filter(isRange)) {
      const unit = value.kind === 'quantity' ? value.unit : 0;
      const width = widthOf(value.kind, value.low, value.high);
      add('pair', param, token.code, token.system, unit, width, value.low, rid, value.high);
    }
  }
  for (const entry of tuple) paired.add(entry);
}

type With<Kind extends StoredValue['kind']> = StoredEntry & { readonly value: Extract<StoredValue, { kind: Kind }> };

function isToken(entry: StoredEntry): entry is With<'token'> {
  return entry.value.kind === 'token';
}

function isRange(entry: StoredEntry): entry is With<'date' | 'number' | 'quantity'> {
  return entry.value.kind === 'date' || entry.value.kind === 'number' || entry.value.kind === 'quantity';
}
