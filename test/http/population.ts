import { entry, patient as small, transaction } from './harness.ts';
import type { Answered, KeepAlive } from './keep-alive.ts';

/** What a search parameter of the tests can find of a Patient. */
export interface Traits {
  readonly marital: 'M' | 'S';
  readonly gender: 'male' | 'female';
}

/** Bytes from which on a body goes to a thread of the pool, as the servers of `write` are to be set. */
export const largeBody = 5_000;

const div = `<div xmlns="http://www.w3.org/1999/xhtml">${'x'.repeat(largeBody)}</div>`;

export function resourceOf(id: string | undefined, { marital, gender }: Traits, large = false) {
  const maritalStatus = { coding: [{ system: 'urn:m', code: marital }] };
  const text = large && { text: { status: 'generated', div } };
  return { ...small({ gender, maritalStatus }), ...(id !== undefined && { id }), ...text };
}

interface Known {
  /** Undefined once it is deleted. */
  readonly traits: Traits | undefined;
  /** A write of it that was not answered yet. */
  readonly busy: boolean;
}

/** Ids that a search found, or why it did not. */
export interface Found {
  readonly status: number;
  readonly ids: readonly string[];
  readonly text: string;
}

/** What clients were told of the Patients that they wrote: the truth that searches are held to. */
export class Population {
  readonly #known = new Map<string, Known>();

  /** Who must be found, whatever is under way: `undefined` where a write is, or was begun since `before`. */
  #certain(before: ReadonlyMap<string, Known>, matches: (traits: Traits) => boolean): ReadonlyMap<string, boolean> {
    const certain = [...before].filter(([id, known]) => !known.busy && this.#known.get(id) === known);
    return new Map(certain.map(([id, { traits }]) => [id, traits !== undefined && matches(traits)]));
  }

  /** Searches page by page; tells what is wrong with what was found. */
  async compare(
    search: () => Promise<Found>,
    matches: (traits: Traits) => boolean,
  ): Promise<Found & { readonly missing: readonly string[]; readonly wrong: readonly string[] }> {
    const before = new Map(this.#known);
    const found = await search();
    if (found.status !== 200) return { ...found, missing: [], wrong: [] };
    const certain = this.#certain(before, matches);
    const seen = new Set(found.ids);
    const missing = [...certain].filter(([id, match]) => match && !seen.has(id)).map(([id]) => id);
    return { ...found, missing, wrong: found.ids.filter((id) => certain.get(id) === false) };
  }

  /** How many are there by now. */
  get size(): number {
    return [...this.#known.values()].filter(({ traits }) => traits !== undefined).length;
  }

  /** Writes under an id that nobody else writes; the answer is told. */
  async write(id: string, traits: Traits | undefined, send: () => Promise<Answered>): Promise<Answered> {
    this.#known.set(id, { traits, busy: true });
    const answer = await send();
    this.#known.set(id, { traits, busy: false });
    return answer;
  }

  told(id: string, traits: Traits): void {
    this.#known.set(id, { traits, busy: false });
  }
}

/** One of those who write beside each other, each Patients of its own. */
export interface Lane {
  readonly name: string;
  readonly servers: readonly [KeepAlive, KeepAlive];
  readonly population: Population;
}

/** The traits of the n-th write; neighbours differ in all ways. */
const traitsOf = (n: number): Traits => ({ marital: n % 2 === 0 ? 'M' : 'S', gender: n % 3 === 0 ? 'male' : 'female' });

/** The n-th write of a lane, on one of the servers in turn: each kind of write that there is. Rejects if it is not answered as made. */
export async function writeNext({ name, servers, population }: Lane, n: number): Promise<void> {
  const { ask } = n % 2 === 0 ? servers[0] : servers[1];
  const [id, other, traits, others] = [`${name}-${n}`, `${name}-${n}-too`, traitsOf(n), traitsOf(n + 1)];
  // What it put on the other server a few writes before: one that stays, and one that goes.
  const [kept, gone] = [`${name}-${n - 5}`, `${name}-${n - 3}`];
  // Few: what goes to the pool costs many times as much.
  const large = n % 4 === 0;
  const put = (which: string, what: Traits, large = false) =>
    population.write(which, what, () => ask('PUT', `/Patient/${which}`, resourceOf(which, what, large)));
  const bundle = () =>
    population.write(id, traits, () =>
      population.write(other, others, () =>
        ask(
          'POST',
          '',
          transaction(
            entry('PUT', `Patient/${id}`, resourceOf(id, traits, large && n % 7 === 4)),
            entry('PUT', `Patient/${other}`, resourceOf(other, others)),
            entry('POST', 'Patient', resourceOf(undefined, traits)),
          ),
        ),
      ),
    );
  const kinds: readonly (() => Promise<Answered>)[] = [
    () => put(id, traits),
    () => ask('POST', '/Patient', resourceOf(undefined, traits)),
    bundle,
    () => put(id, traits, large),
    bundle,
    () => put(kept, others),
    () => population.write(gone, undefined, () => ask('DELETE', `/Patient/${gone}`)),
  ];
  const kind = kinds[n % 7];
  if (kind === undefined) throw new Error('no kind of write');
  const { status, text } = await kind();
  if (![200, 201, 204].includes(status)) throw new Error(`${name}, write ${n}: ${status} ${text}`);
  // What came under an id of the server's.
  if (n % 7 === 1) population.told(JSON.parse(text).id, traits);
  if (n % 7 === 2 || n % 7 === 4) {
    const location = JSON.parse(text).entry[2].response.location as string;
    population.told(/Patient\/([^/]+)/.exec(location)?.[1] ?? '', traits);
  }
}
