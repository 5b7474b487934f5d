import { createHash } from 'node:crypto';
import { type Answered, type KeepAlive, keepAlive } from './keep-alive.ts';
import type { Random } from './search/oracle-random.ts';

export const system = 'urn:example:kill';

/** What a write makes of one Patient. */
interface Change {
  /** The value of its identifier, by which it is found where its id is not known. */
  readonly value: string;
  readonly id: string | undefined;
  readonly version: number;
  /** Its contents; undefined if it is deleted. */
  readonly text: ((id: string, version: number, lastUpdated: string) => string) | undefined;
}

/** A version that was acknowledged, with a digest of the bytes that must be read; undefined for a deletion. */
export interface Acknowledged {
  readonly id: string;
  readonly version: number;
  readonly digest: string | undefined;
}

/** A text that stands for one of any length. */
export const digestOf = (text: string): string => createHash('sha256').update(text).digest('base64');

/** A write: changes that are made together or not at all; a batch is several. */
interface Sent {
  readonly units: readonly (readonly Change[])[];
  readonly large: boolean;
  readonly ask: () => Promise<Answered>;
}

/** Entries of a large transaction, and characters of each narrative: together more than a MB. */
const width = 40;
const narrative = 30_000;

/** A Patient of which each digit must stay. */
function person(value: string, weight: number, filler: number): NonNullable<Change['text']> {
  const div = `<div xmlns=\\"http://www.w3.org/1999/xhtml\\">${'x'.repeat(filler)}</div>`;
  const text = filler === 0 ? '' : `"text":{"status":"generated","div":"${div}"},`;
  const extension = `"extension":[{"url":"urn:example:weight","valueDecimal":${weight}.00}]`;
  const rest = `${text}${extension},"identifier":[{"system":"${system}","value":"${value}"}],"birthDate":"1950-01-02"}`;
  return (id, version, lastUpdated) => {
    const meta = version === 0 ? '' : `"meta":{"versionId":"${version}","lastUpdated":"${lastUpdated}"},`;
    return `{"resourceType":"Patient",${id === '' ? '' : `"id":"${id}",`}${meta}${rest}`;
  };
}

const body = ({ text, id }: Change): string => text?.(id ?? '', 0, '') ?? '';

/** The version that an answer, or the answer of an entry, tells of. */
const versionOf = (etag = ''): number => Number(/^W\/"(\d+)"$/.exec(etag)?.[1] ?? 0);
const idOf = (location = ''): string | undefined => /\/Patient\/([^/]+)\/_history\//.exec(location)?.[1];

/** One after the other, writes of each kind to Patients that are its alone, and what must be there of them. */
export class Writer {
  readonly acknowledged: Acknowledged[] = [];
  /** The write that was under way when the server was lost. */
  cut: Sent | undefined;
  readonly #name: string;
  readonly #random: Random;
  /** The last known state of each Patient, by its identifier. */
  readonly #people = new Map<string, Change & { readonly id: string }>();
  #count = 0;

  constructor(name: string, random: Random) {
    this.#name = name;
    this.#random = random;
  }

  /** Writes until the server is gone; tells of each write when it goes out, and when it was acknowledged. */
  async writeUntilLost(base: string, address: string, sent: (large: boolean) => void, done: () => void): Promise<void> {
    const client = keepAlive(base, 1, address);
    try {
      for (;;) {
        const next = this.#next(client.ask);
        this.cut = next;
        const asked = next.ask();
        sent(next.large);
        const answer = await asked.catch(() => undefined);
        if (answer === undefined) return;
        this.#heed(next, answer);
        this.cut = undefined;
        done();
      }
    } finally {
      client.close();
    }
  }

  /**
   * Looks what became of the write that was cut, and tells what is wrong: each unit must be there whole, or not at all. What is
   * there must stay from now on.
   */
  async settle(ask: KeepAlive['ask']): Promise<string | undefined> {
    const { units = [] } = this.cut ?? {};
    this.cut = undefined;
    for (const unit of units) {
      const seen = await Promise.all(unit.map((change) => this.#made(ask, change)));
      const made = seen.filter((one) => one !== undefined);
      if (made.length !== 0 && made.length !== unit.length) return `${made.length} of ${unit.length} were made`;
      for (const [i, { id, text }] of made.entries()) this.#know(unit[i] as Change, id, text);
    }
    return undefined;
  }

  #know(change: Change, id: string, text: string | undefined): void {
    this.#people.set(change.value, { ...change, id });
    const digest = text === undefined ? undefined : digestOf(text);
    this.acknowledged.push({ id, version: change.version, digest });
  }

  /** What the change made; undefined if it was not made. */
  async #made(ask: KeepAlive['ask'], change: Change): Promise<{ id: string; text: string | undefined } | undefined> {
    const id = change.id ?? (await this.#found(ask, change.value));
    if (id === undefined) return undefined;
    const { status, text } = await ask('GET', `/Patient/${id}`);
    if (status === 404) return undefined;
    if (change.text === undefined) return status === 410 ? { id, text: undefined } : undefined;
    if (status === 410) return undefined;
    const { versionId, lastUpdated } = JSON.parse(text).meta;
    if (Number(versionId) !== change.version) return undefined;
    if (text !== change.text(id, change.version, lastUpdated)) throw new Error(`${id} is ${text.slice(0, 500)}`);
    return { id, text };
  }

  async #found(ask: KeepAlive['ask'], value: string): Promise<string | undefined> {
    const { status, text } = await ask('GET', `/Patient?identifier=${system}|${value}`);
    if (status !== 200) throw new Error(`${status} ${text}`);
    const { entry = [] } = JSON.parse(text);
    if (entry.length > 1) throw new Error(`${value} was made ${entry.length} times`);
    return entry[0]?.resource.id;
  }

  #heed({ units }: Sent, { status, headers, text }: Answered): void {
    if (status >= 300) throw new Error(`${status} ${text.slice(0, 1000)}`);
    const parsed = text === '' ? undefined : JSON.parse(text);
    const [first] = units.flat();
    if (parsed?.resourceType !== 'Bundle') {
      if (first === undefined) return;
      const id = first.id ?? parsed.id;
      if (versionOf(headers.etag) !== first.version) throw new Error(`${id} has ${headers.etag}`);
      const wanted = first.text?.(id, first.version, parsed.meta.lastUpdated);
      if (wanted !== undefined && text !== wanted) throw new Error(`${text} was answered for ${wanted}`);
      this.#know(first, id, wanted);
      return;
    }
    for (const [i, change] of units.flat().entries()) {
      const { response } = parsed.entry[i];
      const id = change.id ?? idOf(response.location) ?? '';
      if (Number(response.status) >= 300 || versionOf(response.etag) !== change.version) {
        throw new Error(`entry ${i} of a bundle: ${JSON.stringify(response)}`);
      }
      this.#know(change, id, change.text?.(id, change.version, response.lastModified));
    }
  }

  #newcomer(filler = 0, id?: string): Change {
    const value = `${this.#name}-${this.#count++}`;
    return {
      value,
      id: id === undefined ? undefined : `${id}-${value}`,
      version: 1,
      text: this.#contents(value, filler),
    };
  }

  #contents(value: string, filler = 0) {
    return person(value, this.#random.below(1000), filler);
  }

  /** Another state of one of those who are there, each of them once. */
  #change(taken: Set<string>, deleting = false): Change | undefined {
    const able = [...this.#people.values()].filter(({ value, text }) => text !== undefined && !taken.has(value));
    if (able.length === 0) return undefined;
    const { value, id, version } = this.#random.pick(able);
    taken.add(value);
    return { value, id, version: version + 1, text: deleting ? undefined : this.#contents(value) };
  }

  /** A bundle: new Patients, others changed, one deleted. */
  #bundle(ask: KeepAlive['ask'], type: 'batch' | 'transaction', news: number, filler: number): Sent {
    const taken = new Set<string>();
    const created = Array.from({ length: news }, () => this.#newcomer(filler));
    const changed = [this.#change(taken), this.#change(taken), this.#change(taken, true)].filter(
      (c) => c !== undefined,
    );
    const changes = [...created, ...changed];
    const entries = changes.map((change) => {
      const { id, value, text } = change;
      const resource = text === undefined ? '' : `"resource":${body(change)},`;
      const condition =
        taken.has(value) || this.#random.oneIn(2) ? {} : { ifNoneExist: `identifier=${system}|${value}` };
      const url = id === undefined ? 'Patient' : `Patient/${id}`;
      const method = text === undefined ? 'DELETE' : id === undefined ? 'POST' : 'PUT';
      return `{${resource}"request":${JSON.stringify({ method, url, ...condition })}}`;
    });
    const sent = `{"resourceType":"Bundle","type":"${type}","entry":[${entries.join(',')}]}`;
    const units = type === 'batch' ? changes.map((change) => [change]) : [changes];
    return { units, large: sent.length > 1024 * 1024, ask: () => ask('POST', '', sent) };
  }

  #next(ask: KeepAlive['ask']): Sent {
    const one = (change: Change, asking: Sent['ask']): Sent => ({ units: [[change]], large: false, ask: asking });
    const criterion = ({ value }: Change) => `identifier=${system}|${value}`;
    const created = this.#newcomer();
    const create = () => one(created, () => ask('POST', '/Patient', body(created)));
    const changed = this.#change(new Set());
    if (changed === undefined) return create();
    const { id } = changed;
    const patch = () => {
      const weight = Number(/"valueDecimal":(\d+)/.exec(body(changed))?.[1]);
      const operation = `[{"op":"replace","path":"/extension/0/valueDecimal","value":${weight}.00}]`;
      const small = { ...changed, text: this.#patched(changed, weight) };
      const headers = { 'content-type': 'application/json-patch+json' };
      return one(small, () => ask('PATCH', `/Patient/${id}`, operation, headers));
    };
    const put = this.#newcomer(0, 'put');
    return this.#random.either<Sent>(
      create,
      () => one(created, () => ask('POST', '/Patient', body(created), { 'if-none-exist': criterion(created) })),
      () => ({ units: [], large: false, ask: () => this.#again(ask, changed) }),
      () => one(put, () => ask('PUT', `/Patient/${put.id}`, body(put))),
      () => one(changed, () => ask('PUT', `/Patient/${id}`, body(changed))),
      () => one(changed, () => ask('PUT', `/Patient?${criterion(changed)}`, body(changed))),
      patch,
      () => one({ ...changed, text: undefined }, () => ask('DELETE', `/Patient/${id}`)),
      () => this.#bundle(ask, 'batch', 4, 0),
      () => this.#bundle(ask, 'transaction', width, narrative),
    );
  }

  /** The contents that are there with another weight: the narrative stays. */
  #patched({ value }: Change, weight: number): Change['text'] {
    const before = this.#people.get(value)?.text;
    return (...of) => before?.(...of).replace(/"valueDecimal":\d+\.00/, `"valueDecimal":${weight}.00`) ?? '';
  }

  /** A conditional create of what is there: it finds it, and changes nothing. */
  async #again(ask: KeepAlive['ask'], { value, id }: Change): Promise<Answered> {
    const criterion = { 'if-none-exist': `identifier=${system}|${value}` };
    const answer = await ask('POST', '/Patient', this.#contents(value)('', 0, ''), criterion);
    if (answer.status !== 200 || JSON.parse(answer.text).id !== id) throw new Error(`${answer.status} ${answer.text}`);
    return answer;
  }
}
