import { Failure, fail, type Outcome } from '#errors';
import type { Filter, Plan } from '#search/model/filter.ts';
import { plan } from '#search/plan.ts';
import { pages } from '#storage/pages.ts';
import type { Page, Version } from '#storage/store.ts';
import type { Caller, Context } from '../request/context.ts';
import type { Criterion, Matches } from './criteria.ts';

/** Matches that are looked up at once after the first page. */
const more = 1_000;

/** Lookups that are under way at once while all of them are quick: a group goes to the store in one message. */
const width = 32;

/** Milliseconds that each of a group may take. */
const quick = 50;

/** One of a group was not quick: it is looked up again by itself. */
const again = fail('criteria-too-slow', { expected: quick, found: 'others' });

/** What a search found, and what holds the commit to it. */
type FoundMatches = Pick<Matches, 'found' | 'guard'>;

/**
 * Looks up the searches of one request that stand for resources: If-None-Exist, a conditional update, delete or reference (R4
 * http.html#cond-update). They have HUFHIR_CRITERIA_TIMEOUT together: in groups as long as all are quick, then one after the other, so that
 * it is known what is left.
 */
export class CriteriaLookups {
  readonly #context: Context;
  readonly #caller: Caller;
  /** Milliseconds. */
  #left: number;
  #isTold = false;
  readonly #queue: (() => Promise<void>)[] = [];
  #isBusy = false;
  #width = width;
  /** Of the group under way. */
  #size = 1;
  /** Of this attempt, by what does not count as stored, and what is asked. */
  #known = new WeakMap<ReadonlySet<string>, Map<string, Promise<Outcome<FoundMatches> | undefined>>>();

  constructor(context: Context, caller: Caller) {
    this.#context = context;
    this.#caller = caller;
    this.#left = context.config.criteriaTimeout;
  }

  /** To be called before another attempt, which may find another state. */
  forget(): void {
    this.#known = new WeakMap();
  }

  /**
   * At most `limit` matches of a criterion that asks `where`. Of what comes once the time is over, one is told so (`criteria-too-slow`);
   * the others are undefined.
   */
  async find(criterion: Criterion, where: Filter, limit: number): Promise<Outcome<Matches> | undefined> {
    const { type, without } = criterion;
    const known = this.#known.get(without) ?? new Map<string, Promise<Outcome<FoundMatches> | undefined>>();
    this.#known.set(without, known);
    const key = JSON.stringify([type, where, limit]);
    const asked = known.get(key) ?? this.#inTurn(() => this.#find(criterion, where, limit));
    known.set(key, asked);
    const found = await asked;
    return found === undefined || found instanceof Failure ? found : { ...found, criterion, where };
  }

  /** Work on criteria that is not the store's; `criteria-too-slow` where there is no time for it. */
  spend<T>(part: string, work: () => T): Outcome<T> {
    if (this.#left <= 0) return this.#tooSlow(part);
    const begun = performance.now();
    const result = work();
    this.#left -= performance.now() - begun;
    return result;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const one = async (): Promise<void> => {
      try {
        const result = await work();
        if (result !== again) return resolve(result);
        this.#width = 1;
        this.#queue.push(one);
      } catch (error) {
        reject(error);
      }
    };
    this.#queue.push(one);
    void this.#work();
    return promise;
  }

  async #work(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    // Those that are asked for in the same turn come along.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const group = this.#queue.splice(0, this.#width);
      this.#size = group.length;
      await Promise.all(group.map((one) => one()));
    }
    this.#isBusy = false;
  }

  async #find({ type, without }: Criterion, where: Filter, limit: number): Promise<Outcome<FoundMatches> | undefined> {
    if (this.#isTold) return undefined;
    if (this.#left <= 0) return this.#tooSlow('those before');
    const { revision } = this.#context.definitions;
    const searched = { types: [type], where, sort: [], count: limit, total: 'none', explain: false } as const;
    const planned = plan(searched, this.#caller.rights.search);
    const found: Version[] = [];
    const all: string[] = [];
    let seq = Number.POSITIVE_INFINITY;
    // More where some do not count, and where a page of very large resources ended before its limit.
    const findMore = (asked: Plan) => this.#page(asked.after === undefined ? asked : { ...asked, limit: more });
    for await (const page of pages(findMore, planned)) {
      if (page instanceof Failure) return page;
      if (page.revision !== revision) return fail('definitions-changed', {});
      seq = Math.min(seq, page.seq ?? Number.NEGATIVE_INFINITY);
      for (const version of page.found) {
        all.push(version.id);
        if (!without.has(`${type}/${version.id}`)) found.push(version);
      }
      if (found.length >= limit) break;
    }
    const guard = { plan: planned, expect: all.sort(), ...(seq >= 0 && { seq }) };
    return { found: found.slice(0, limit), guard };
  }

  async #page(asked: Plan): Promise<Outcome<Page>> {
    const begun = performance.now();
    const size = this.#size;
    const most = size === 1 ? this.#left : Math.min(this.#left / size, quick);
    const page = await this.#context.store.find({ ...asked, timeout: Math.max(1, Math.ceil(most)) });
    this.#left -= page.spent ?? (performance.now() - begun) / size;
    if (page.exceeded === undefined) return page;
    return size > 1 ? again : this.#tooSlow(page.exceeded);
  }

  #tooSlow(found: string): Failure {
    this.#isTold = true;
    return fail('criteria-too-slow', { expected: this.#context.config.criteriaTimeout, found });
  }
}
