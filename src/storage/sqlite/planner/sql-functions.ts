import type { SortKey } from '#search/model/filter.ts';
import type { ExplainedStep } from '../../store.ts';
import type { Connection } from '../database/connection.ts';
import type { Names } from '../database/names.ts';
import { visit } from '../index/entry-codec.ts';
import { indexed } from '../index/rows.ts';
import type { PackedPredicate } from './predicate.ts';

/** A part of a search whose rows are counted while a statement runs. */
export interface CountedPart {
  /** In words. */
  readonly name: string;
  seen: number;
  /** Of those; unknown where SQLite decides. */
  passed: number | undefined;
}

/** A statement was ended because its time was over. */
export class TimeLimitExceeded extends Error {}

/** A statement was ended because nobody waits for it any more. */
export class StatementAborted extends Error {}

/** Rows between two looks at the clock. */
const perLook = 256;

/** A sort key with the numbers of its parameter in the context of the types searched. */
export interface Sorted {
  readonly kind: SortKey['kind'];
  readonly descending: boolean;
  readonly params: ReadonlySet<number>;
  /** Counts the resources that it is asked of. */
  readonly part: CountedPart;
}

/**
 * What statements ask of JavaScript: whether the packed entries of a resource pass, the value it is sorted by, whom it refers
 * to. They name what they mean by a number, which a piece of SQL gets when it is made; `begin` forgets all of them.
 */
export class SqlFunctions {
  readonly #names: Names;
  #predicates: { readonly predicate: PackedPredicate; readonly part: CountedPart }[] = [];
  #sorts: Sorted[] = [];
  #paramSets: { readonly params: ReadonlySet<number>; readonly part: CountedPart }[] = [];
  #parts: CountedPart[] = [];
  #deadline = Number.POSITIVE_INFINITY;
  #rows = 0;
  #isAborted: () => boolean = () => false;

  constructor(connection: Connection, names: Names) {
    this.#names = names;
    const { db } = connection;
    db.function('passes_filter', { directOnly: true }, (predicate, bytes) =>
      this.#passesFilter(Number(predicate), bytes),
    );
    db.function('tick', { directOnly: true }, () => this.#tick());
    db.function('count_row', { directOnly: true }, (part) => this.#countRow(Number(part)));
    db.function('sort_value', { directOnly: true }, (sort, bytes) => this.#sortValue(Number(sort), bytes));
    db.function('targets', { directOnly: true }, (params, bytes) => this.#targets(Number(params), bytes));
  }

  /** Forgets what earlier statements meant. `timeout` in milliseconds. */
  begin(timeout: number | undefined): void {
    this.#predicates = [];
    this.#sorts = [];
    this.#paramSets = [];
    this.#parts = [];
    this.#rows = 0;
    this.#deadline = timeout === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeout;
  }

  /** Asked from time to time while a statement runs: whether to end it. */
  watch(isAborted: () => boolean): void {
    this.#isAborted = isAborted;
  }

  part(name: string): CountedPart {
    const part: CountedPart = { name, seen: 0, passed: undefined };
    this.#parts.push(part);
    return part;
  }

  /** The part that saw most rows. */
  busiest(): string {
    const [first] = this.#parts.toSorted((a, b) => b.seen - a.seen);
    return first?.name ?? 'reading the index';
  }

  /** What was checked since it was last asked, as steps of an explanation. */
  checked(): readonly ExplainedStep[] {
    const steps = this.#parts
      .filter(({ seen }) => seen > 0)
      .map(({ name, seen, passed }) => {
        const suffix = passed === undefined ? '' : `: ${passed} passed`;
        return { step: 'check', part: name + suffix, rows: seen };
      });
    for (const part of this.#parts) {
      part.seen = 0;
      part.passed = undefined;
    }
    return steps;
  }

  predicate(predicate: PackedPredicate, part: CountedPart): number {
    return this.#predicates.push({ predicate, part }) - 1;
  }

  counting(part: CountedPart): number {
    return this.#parts.indexOf(part);
  }

  sort(sort: Sorted): number {
    return this.#sorts.push(sort) - 1;
  }

  params(params: readonly number[], part: CountedPart): number {
    return this.#paramSets.push({ params: new Set(params), part }) - 1;
  }

  #count(part: CountedPart): void {
    part.seen += 1;
    this.#rows += 1;
    if (this.#rows % perLook === 0) this.#tick();
  }

  #tick(): 1 {
    if (performance.now() > this.#deadline) throw new TimeLimitExceeded(this.busiest());
    this.stopIfAborted();
    return 1;
  }

  /** For what works beside statements. Throws StatementAborted. */
  stopIfAborted(): void {
    if (this.#isAborted()) throw new StatementAborted();
  }

  #passesFilter(id: number, bytes: unknown): number | null {
    const known = this.#predicates[id];
    if (known === undefined) return null;
    this.#count(known.part);
    // A resource that has not been indexed yet passes nothing, and no negation either.
    if (!(bytes instanceof Uint8Array)) return null;
    const passes = known.predicate(bytes);
    known.part.passed = (known.part.passed ?? 0) + (passes ? 1 : 0);
    return passes ? 1 : 0;
  }

  #countRow(id: number): number {
    const part = this.#parts[id];
    if (part !== undefined) this.#count(part);
    return 1;
  }

  /** The lowest value, or the highest; null if there is none. Ranges go by their low end. */
  #sortValue(id: number, bytes: unknown): string | number | null {
    const sort = this.#sorts[id];
    if (sort === undefined) return null;
    this.#count(sort.part);
    if (!(bytes instanceof Uint8Array)) return null;
    let best: string | number | null = null;
    visit(bytes, sort.params, (value) => {
      const found = sortable(value, this.#names);
      if (found === undefined) return;
      if (best === null || (sort.descending ? isBefore(best, found) : isBefore(found, best))) best = found;
    });
    return best;
  }

  /** The rids that the resource refers to, as JSON. */
  #targets(id: number, bytes: unknown): string {
    const targets = new Set<number>();
    const known = this.#paramSets[id];
    if (known !== undefined) this.#count(known.part);
    if (known !== undefined && bytes instanceof Uint8Array) {
      visit(bytes, known.params, (value) => {
        if (value.kind === 'reference') targets.add(value.target);
      });
    }
    return JSON.stringify([...targets]);
  }
}

function sortable(value: Parameters<Parameters<typeof visit>[2]>[0], names: Names): string | number | undefined {
  switch (value.kind) {
    case 'token':
      return value.code;
    case 'string':
      return indexed(value.value);
    case 'date':
    case 'number':
      return value.low;
    case 'quantity':
      return value.low;
    case 'uri':
      return names.systemName(value.value);
    default:
      return undefined;
  }
}

/** In the order of SQLite: texts by their UTF-8. */
function isBefore(a: string | number, b: string | number): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a < b;
  return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b))) < 0;
}
