import type { Filter, Plan } from '#search/model/filter.ts';
import { basisOf, type PlanBasis } from '../../planning/basis.ts';
import { pruneImpossible } from '../../planning/prune.ts';
import type { Guard } from '../../store.ts';
import type { Connection } from '../database/connection.ts';
import { literal, oneOf, sql } from '../database/fragment.ts';
import { current } from '../database/schema.ts';
import type { Planner } from '../planner/planner.ts';
import { TimeLimitExceeded } from '../planner/sql-functions.ts';
import { findIds } from '../read/find.ts';
import { conceptSets, type UnversionedChanges } from './unversioned.ts';

/** Changed resources that are judged one by one, whatever an index might do: to plan a search costs as much. */
const few = 16;

/** Changed resources that are judged one by one at most, and rows of an index that are fewer than they. */
const many = 5_000;

/**
 * Looks up what the guards of a transaction find, and its criteria after the writes, in one time for all of them. What a guard found
 * outside still holds unless something that it rests on was changed since; then what was changed is looked at, where that is enough.
 */
export class Guards {
  readonly #connection: Connection;
  readonly #planner: Planner;
  readonly #unversioned: UnversionedChanges;
  /** Milliseconds. */
  #left = Number.POSITIVE_INFINITY;
  #lastSeq = 0;
  /** Of the state: by what was asked of it. */
  readonly #changes = new Map<string, number>();

  constructor(connection: Connection, planner: Planner, unversioned: UnversionedChanges) {
    this.#connection = connection;
    this.#planner = planner;
    this.#unversioned = unversioned;
  }

  /** To be called before a transaction. */
  begin(timeout: number | undefined): void {
    this.#left = timeout ?? Number.POSITIVE_INFINITY;
  }

  /** To be called whenever the state has changed. */
  look(lastSeq: number): void {
    this.#lastSeq = lastSeq;
    this.#changes.clear();
  }

  /** The ids that the guard finds, sorted; `most` of them are enough to tell. Throws TimeLimitExceeded. */
  found(guard: Guard, most: number): readonly string[] {
    const { plan, expect, seq } = guard;
    const basis = basisOf(plan);
    if (seq === undefined || seq > this.#lastSeq || this.#lastUnversioned(basis) >= seq) return this.#anew(plan, most);
    const changed = this.#countChanged(basis, seq, few + 1);
    if (changed === 0) return expect;
    if (!basis.own || plan.types.length > 1) return this.#anew(plan, most);
    if (changed > few && !this.#isWorthwhile(plan, most, basis, seq)) return this.#anew(plan, most);
    return this.#timed((left) => this.#amongChanged(plan, expect, seq, left));
  }

  #anew(plan: Plan, most: number): readonly string[] {
    return this.#timed((left) => findIds(this.#connection, this.#planner, plan, most, left));
  }

  #timed<T>(work: (left: number | undefined) => T): T {
    if (this.#left <= 0) throw new TimeLimitExceeded('criteria of the transaction');
    const begun = performance.now();
    try {
      return work(this.#left === Number.POSITIVE_INFINITY ? undefined : this.#left);
    } finally {
      this.#left -= performance.now() - begun;
    }
  }

  #lastUnversioned({ types, concepts }: PlanBasis): number {
    const of = [...types, ...(concepts ? [conceptSets] : [])];
    return Math.max(...of.map((type) => this.#known(`unversioned ${type}`, () => this.#unversioned.last(type))), -1);
  }

  /** Resources of the types that have a version with a higher seq, deleted ones too; counted to `most`. */
  #countChanged({ types }: PlanBasis, seq: number, most: number): number {
    if (seq === this.#lastSeq) return 0;
    let count = 0;
    for (const type of this.#planner.names.types([...types])) {
      const changed = sql`SELECT 1 FROM resource INDEXED BY resource_type_seq WHERE type = ${type} AND seq > ${seq}`;
      const query = sql`SELECT count(*) FROM (${changed} LIMIT ${most})`;
      count += this.#known(`${type} ${seq} ${most}`, () => this.#connection.number(query));
    }
    return count;
  }

  #known(key: string, look: () => number): number {
    const known = this.#changes.get(key) ?? look();
    this.#changes.set(key, known);
    return known;
  }

  /** Whether to judge what was changed costs less than to look all up. */
  #isWorthwhile(plan: Plan, most: number, basis: PlanBasis, seq: number): boolean {
    const changed = this.#countChanged(basis, seq, many + 1);
    if (changed > many) return false;
    return this.#timed((left) => {
      this.#planner.begin(left);
      return this.#planner.base(this.#typesOf(plan), this.#possible(plan), { page: most }).rows > changed;
    });
  }

  #typesOf({ types }: Plan): readonly number[] {
    return this.#planner.names.types(types);
  }

  #possible({ where, types }: Plan): Filter {
    const { names } = this.#planner;
    return pruneImpossible(where, types, (of, param) => names.params(names.types(of), param).length > 0);
  }

  /** What was found by then, but for what was changed since; and of that, what passes now. */
  #amongChanged(plan: Plan, expect: readonly string[], seq: number, left: number | undefined): readonly string[] {
    const types = this.#typesOf(plan);
    this.#planner.begin(left);
    const passes = this.#planner.condition(this.#possible(plan), { rid: literal('d.rid'), types });
    const rows = this.#connection.rows(sql`SELECT d.id, ${literal(`d.state = ${current}`)} AND ${passes}
      FROM resource d INDEXED BY resource_type_seq WHERE ${oneOf('d.type', types)} AND d.seq > ${seq}`);
    const changed = new Set(rows.map(([id]) => id));
    const matching = rows.flatMap(([id, passed]) => (passed === 1 ? [String(id)] : []));
    return [...expect.filter((id) => !changed.has(id)), ...matching].sort();
  }
}
