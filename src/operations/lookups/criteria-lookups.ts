import { Failure, fail, type Outcome } from '#errors';
import type { Filter, Plan } from '#search/model/filter.ts';
import { plan } from '#search/plan.ts';
import { pages } from '#storage/pages.ts';
import type { Page, Version } from '#storage/store.ts';
import type { Caller, Context } from '../request/context.ts';
import type { Criterion, Matches } from './criteria.ts';

/** Matches that are looked up at once after the first page. */
const more = 1_000;

/** What a search found, and what holds the commit to it. */
type FoundMatches = Pick<Matches, 'found' | 'guard'>;

/**
 * Looks up the searches of one request that stand for resources: If-None-Exist, a conditional update, delete or reference (R4
 * http.html#cond-update). One after the other: they have HUFHIR_CRITERIA_TIMEOUT together, and it is known what is left of it.
 */
export class CriteriaLookups {
  readonly #context: Context;
  readonly #caller: Caller;
  /** Milliseconds. */
  #left: number;
  #isTold = false;
  #last: Promise<unknown> = Promise.resolve();
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
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
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
    const page = await this.#context.store.find({ ...asked, timeout: Math.max(1, Math.ceil(this.#left)) });
    this.#left -= page.spent ?? performance.now() - begun;
    return page.exceeded === undefined ? page : this.#tooSlow(page.exceeded);
  }

  #tooSlow(found: string): Failure {
    this.#isTold = true;
    return fail('criteria-too-slow', { expected: this.#context.config.criteriaTimeout, found });
  }
}
