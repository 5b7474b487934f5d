import type { ServerResponse } from 'node:http';
import { type Failure, fail, type Outcome } from '#errors';
import type { HttpResponse } from '../request/messages.ts';

/** Bytes that nobody is refused who makes nothing else wait. */
const small = 64 * 1024;

/** Bytes that the system takes at once from a connection with nothing else to send. */
const takenAtOnce = 16 * 1024;

const held = Symbol('held');

type HoldingResponse = ServerResponse & { [held]?: Hold };

/**
 * Bounds the bytes that wait in memory, in both directions: bodies that come or are worked on, and answers that their clients have not
 * taken. A client makes no more wait than is left to others, or they could not even begin; what is larger than half of the bound
 * counts as half, so that a quiet server takes whatever its other limits allow, one at a time.
 */
export class WaitingBytes {
  readonly #most: number;
  readonly #byClient = new Map<string, number>();
  #total = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** The most that one exchange counts for. */
  get mostOfOne(): number {
    return this.#most / 2;
  }

  /** What an exchange makes wait, until its answer was taken or its connection is closed. */
  of(response: HoldingResponse, client: string): Hold {
    const known = response[held];
    if (known !== undefined) return known;
    const hold = new Hold(this, client);
    response[held] = hold;
    // It comes once; what is still told of an exchange that is over counts no more.
    if (response.closed) hold.end();
    else response.once('close', () => hold.end());
    return hold;
  }

  /** Makes room for bytes that are going to wait, or `waiting-full`; what is given back frees it. */
  reserve(client: string, bytes: number): Failure | (() => void) {
    const hold = new Hold(this, client);
    return hold.set(bytes) ?? (() => hold.free());
  }

  /** The answer of an exchange waits in place of its body, or does not wait: see `Hold.answer`. */
  answer(response: HoldingResponse, client: string, answer: HttpResponse): Outcome<HttpResponse> {
    const isSmall = answer.body === undefined || answer.body.length <= takenAtOnce;
    if (isSmall && response[held] === undefined && response.socket?.writableLength === 0) return answer;
    return this.of(response, client).answer(answer);
  }

  /** So many more, or fewer, of a client wait; `waiting-full`, and no more than before, if that cannot be. */
  change(client: string, by: number, forced: boolean): Failure | undefined {
    const before = this.#byClient.get(client) ?? 0;
    const own = before + by;
    const free = this.#most - this.#total - by;
    if (by > 0 && own > free && !forced && !(before === 0 && by <= small)) {
      return fail('waiting-full', { found: this.#total, expected: this.#most });
    }
    this.#total += by;
    if (own > 0) this.#byClient.set(client, own);
    else this.#byClient.delete(client);
    return undefined;
  }
}

/** The bytes that one exchange makes wait. */
export class Hold {
  readonly #waiting: WaitingBytes;
  readonly #client: string;
  #bytes = 0;
  #over = false;

  constructor(waiting: WaitingBytes, client: string) {
    this.#waiting = waiting;
    this.#client = client;
  }

  /** So many wait from now on; `waiting-full`, and as many as before, if that cannot be. What is forced always can. */
  set(bytes: number, forced = false): Failure | undefined {
    if (this.#over) return undefined;
    const counted = Math.min(bytes, this.#waiting.mostOfOne);
    if (counted === this.#bytes) return undefined;
    const refused = this.#waiting.change(this.#client, counted - this.#bytes, forced);
    if (refused === undefined) this.#bytes = counted;
    return refused;
  }

  /**
   * The answer waits in place of the body: `waiting-full` (503) if there is no room. What tells of something written goes out in any case,
   * that of a single write without its body where it is larger than what was sent: its client would send it again.
   */
  answer(response: HttpResponse): Outcome<HttpResponse> {
    const { asked, body = '', wrote = false } = response;
    const bytes = Buffer.byteLength(body);
    const isBundle = asked?.code === 'bundle';
    const full = this.set(bytes, wrote && (isBundle || bytes <= small + 2 * this.#bytes));
    if (full === undefined || !wrote || asked === undefined) return full ?? response;
    const { 'content-type': _, ...headers } = response.headers;
    this.free();
    return { status: response.status, headers, asked };
  }

  free(): void {
    this.set(0);
  }

  /** The exchange is over: nothing of it waits from now on. */
  end(): void {
    this.free();
    this.#over = true;
  }

  get over(): boolean {
    return this.#over;
  }
}
