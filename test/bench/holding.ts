import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { District } from './district.ts';

/** What a store of the bench was made from: another one is made anew. */
export interface Origin extends District {
  readonly generator: number;
  /** The tables and what is extracted, as one word each. */
  readonly schema: string;
  readonly extraction: string;
}

/** Resources loaded, their bytes as JSON, and the seconds that it took. */
export interface Part {
  readonly resources: number;
  readonly bytes: number;
  readonly seconds: number;
}

/** What a store of the bench holds; stands beside it as JSON. */
export interface Holding {
  readonly origin: Origin;
  /** What the blocks share, then the blocks: those that are loaded. */
  readonly parts: readonly Part[];
  /** Bytes of each table and index; there when all is loaded. */
  readonly sizes?: readonly Size[];
}

export interface Size {
  readonly name: string;
  /** The table that it is or belongs to. */
  readonly table: string;
  readonly bytes: number;
}

export const storeFile = (folder: string, residents: number): string => join(folder, `district-${residents}.db`);

const holdingFile = (folder: string, residents: number): string => join(folder, `district-${residents}.json`);

export function readHolding(folder: string, residents: number): Holding | undefined {
  const file = holdingFile(folder, residents);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Holding) : undefined;
}

/** Whole or not at all: the loader may be ended at any moment. */
export function writeHolding(folder: string, holding: Holding): void {
  const file = holdingFile(folder, holding.origin.residents);
  writeFileSync(`${file}.new`, `${JSON.stringify(holding, undefined, 2)}\n`);
  renameSync(`${file}.new`, file);
}

/** Of a store that nobody has open. */
export function sizesOf(file: string): readonly Size[] {
  const database = new DatabaseSync(file);
  try {
    const sizes = database.prepare(
      `SELECT dbstat.name, coalesce(tbl_name, dbstat.name) AS "table", pgsize AS bytes
       FROM dbstat LEFT JOIN sqlite_schema ON sqlite_schema.name = dbstat.name
       WHERE aggregate = TRUE ORDER BY pgsize DESC`,
    );
    return sizes.all() as unknown as readonly Size[];
  } finally {
    database.close();
  }
}

/** Bytes of what holds the resources, of the indexes by which these are read, and of the search index: all else. */
export function divided(sizes: readonly Size[]): {
  readonly contents: number;
  readonly keys: number;
  readonly index: number;
} {
  const bytes = (which: (size: Size) => boolean): number =>
    sizes.filter(which).reduce((sum, size) => sum + size.bytes, 0);
  const ofResources = ({ table }: Size): boolean => ['resource', 'history', 'sqlite_schema'].includes(table);
  return {
    contents: bytes((size) => ofResources(size) && size.name === size.table),
    keys: bytes((size) => ofResources(size) && size.name !== size.table),
    index: bytes((size) => !ofResources(size)),
  };
}
