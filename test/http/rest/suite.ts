import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import t from 'tap';
import { type Reply, startServer, type TestServer } from '../harness.ts';

/**
 * The conformance suite of R4's RESTful API as tables: a case is a request and what the specification expects of its answer.
 * `{own}` in any text is an id that no other case has; `{id}`, `{etag}`, `{location}`… are what the last answer told (`told`).
 */
export interface Step {
  readonly method: string;
  /** Behind the base, with its slash. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON, or a text that goes out as it is. */
  readonly body?: unknown;
  readonly encoding?: 'gzip' | 'br' | 'deflate';
  /** Milliseconds to let pass first, so that two versions have two times. */
  readonly pause?: number;
}

/** `details` is our code, `diagnostics` a part of the text or a pattern of it. */
interface ExpectedIssue {
  readonly code: string | RegExp;
  readonly details?: string | undefined;
  readonly diagnostics: string | RegExp;
  readonly expression?: string | RegExp | undefined;
}

interface Expected {
  readonly status: number;
  /** `undefined` is a header that must not be there. */
  readonly headers?: Readonly<Record<string, unknown>>;
  /** Part of the body: members not named may be there, `undefined` must not, lists are complete. */
  readonly body?: unknown;
  readonly text?: string | RegExp;
  readonly issue?: ExpectedIssue;
}

interface Case extends Expected {
  readonly name: string;
  readonly given?: readonly Step[];
  readonly when: Step;
  readonly after?: readonly (Expected & { readonly when: Step })[];
}

export interface Table {
  /** E.g. `http.html#read (3.1.0.2)`. */
  readonly section: string;
  readonly cases: readonly Case[];
}

/** Tables, and the settings of the server that they ask; none are the defaults. */
export interface Suite {
  readonly tables: readonly Table[];
  readonly settings?: Record<string, string>;
}

/** Every store that the suite holds for. */
const stores: readonly {
  readonly name: string;
  readonly start: (settings: Record<string, string>) => Promise<TestServer>;
}[] = [{ name: 'sqlite', start: startServer }];

let cases = 0;

/** Runs the tables on every store; those of the same settings share a server. */
export function conform(suites: readonly Suite[]): void {
  const groups = Object.values(Object.groupBy(suites, ({ settings }) => JSON.stringify(settings ?? {})));
  for (const store of stores) {
    for (const group of groups) {
      const { settings = {} } = group?.[0] ?? {};
      t.test([store.name, ...Object.entries(settings).map((pair) => pair.join('='))].join(' '), async (t) => {
        const server = await store.start(settings);
        t.teardown(() => server.stop());
        for (const { section, cases } of group?.flatMap(({ tables }) => tables) ?? []) {
          for (const one of cases)
            await t.test(`${section} ${one.name}`, async (t) => t.same(await run(server, one), []));
        }
      });
    }
  }
}

/** What is not as expected, in words. */
async function run(server: TestServer, one: Case): Promise<string[]> {
  const own = `c${++cases}x`;
  const memory = new Map([
    ['own', own],
    ['OWN', own.toUpperCase()],
    ['base', server.base],
  ]);
  const wrong: string[] = [];
  for (const step of one.given ?? []) {
    const reply = await send(server, step, memory);
    if (reply.status >= 400) wrong.push(`given ${step.method} ${step.path}: ${reply.status} ${reply.text}`);
  }
  for (const expected of [one, ...(one.after ?? [])]) {
    const { method, path } = expected.when;
    const reply = await send(server, expected.when, memory);
    const found = [...manners(method, reply), ...judge(fill(expected, memory) as Expected, reply)];
    wrong.push(...found.map((f) => `${method} ${path}: ${f}`));
  }
  return wrong;
}

async function send(server: TestServer, step: Step, memory: Map<string, string>): Promise<Reply> {
  const { method, path, headers, body, encoding, pause } = fill(step, memory) as Step;
  if (pause !== undefined) await new Promise((resolve) => setTimeout(resolve, pause));
  const coded = encoding === undefined ? body : encode(encoding, JSON.stringify(body));
  const coding = encoding === undefined ? {} : { 'content-encoding': encoding };
  const reply = await server.ask(method, path, coded, { ...headers, ...coding });
  for (const [name, value] of told(reply, server.base)) memory.set(name, value);
  return reply;
}

function encode(encoding: 'gzip' | 'br' | 'deflate', text: string): Uint8Array {
  return { gzip: gzipSync, br: brotliCompressSync, deflate: deflateSync }[encoding](text);
}

/** What later requests may name: `{0}`, `{1}`… are the resources that the entries of a response bundle locate. */
function* told({ headers, body, text }: Reply, base: string): Generator<[string, string]> {
  const path = (url: string) => url.replace(base, '');
  if (text !== '')
    yield* [
      ['text', text],
      ['length', String(Buffer.byteLength(text))],
    ] as [string, string][];
  for (const name of ['etag', 'location', 'last-modified']) {
    const value = headers.get(name);
    if (value !== null) yield [name, path(value)];
  }
  const id = headers.get('location')?.match(/([^/]+)\/_history/)?.[1] ?? body?.id;
  if (id !== undefined) yield ['id', id];
  if (body?.meta?.lastUpdated !== undefined) yield ['lastUpdated', body.meta.lastUpdated];
  const entries: { response?: { location?: string } }[] = body?.entry ?? [];
  for (const [i, { response }] of entries.entries()) {
    const place = response?.location?.match(/[A-Z]\w+\/[^/]+(?=\/_history)/)?.[0];
    if (place !== undefined) yield [String(i), place];
  }
  const links: { relation: string; url: string }[] = body?.resourceType === 'Bundle' ? (body.link ?? []) : [];
  for (const { relation, url } of links) yield [relation, path(url)];
}

/** The same value with what is remembered in the place of each `{name}`. */
function fill(value: unknown, memory: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return value.replace(/\{([\w-]+)\}/g, (all, name: string) => memory.get(name) ?? all);
  if (Array.isArray(value)) return value.map((v) => fill(v, memory));
  if (typeof value !== 'object' || value === null || value instanceof RegExp) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, fill(v, memory)]));
}

/** What holds for every answer: its request id, an OperationOutcome for a failure, headers that say what the body says. */
function manners(method: string, { status, headers, text, body }: Reply): string[] {
  const wrong: string[] = [];
  if (!headers.has('x-request-id')) wrong.push('no X-Request-Id');
  if (status >= 400 && method !== 'HEAD') {
    wrong.push(...differ(headers.get('content-type'), /^application\/fhir\+(json|xml)/, 'Content-Type'));
    if (!text.includes('OperationOutcome')) wrong.push(`no OperationOutcome but ${text}`);
  }
  if (method === 'HEAD' && text !== '') wrong.push(`HEAD with a body: ${text}`);
  const { versionId, lastUpdated } = body?.meta ?? {};
  if (versionId !== undefined && body.resourceType !== 'Bundle') {
    wrong.push(...differ(headers.get('etag'), `W/"${versionId}"`, 'ETag'));
    wrong.push(...differ(headers.get('last-modified'), new Date(lastUpdated).toUTCString(), 'Last-Modified'));
  }
  return wrong;
}

function judge(expected: Expected, reply: Reply): string[] {
  const { status, headers, text, body } = reply;
  if (status !== expected.status) return [`status ${status}, expected ${expected.status}: ${text.slice(0, 300)}`];
  const wrong: string[] = [];
  for (const [name, value] of Object.entries(expected.headers ?? {})) {
    wrong.push(...differ(headers.get(name) ?? undefined, value, name));
  }
  if ('text' in expected) wrong.push(...differ(text, expected.text, 'text'));
  if (expected.body !== undefined) wrong.push(...differ(body, expected.body, ''));
  if (expected.issue !== undefined) wrong.push(...judgeIssue(expected.issue, body?.issue?.[0]));
  return wrong;
}

function judgeIssue(expected: ExpectedIssue, found: Reply['body']): string[] {
  const { code, details, diagnostics, expression } = expected;
  if (found === undefined) return ['no issue'];
  return [
    ...differ(found.severity, /^(error|fatal)$/, 'issue[0].severity'),
    ...differ(found.code, code, 'issue[0].code'),
    ...differ(found.details?.coding?.[0]?.code, details ?? /^[a-z-]+$/, 'issue[0].details.coding[0].code'),
    ...(typeof diagnostics === 'string' && String(found.diagnostics).includes(diagnostics)
      ? []
      : differ(found.diagnostics, diagnostics, 'issue[0].diagnostics')),
    ...(expression === undefined ? [] : differ(found.expression?.[0], expression, 'issue[0].expression[0]')),
  ];
}

/** Where the value is not what is expected: a value, a pattern, a predicate, or an object or list of such. */
function differ(found: unknown, expected: unknown, path: string): string[] {
  if (typeof expected === 'function') return expected(found) ? [] : [`${path} is ${JSON.stringify(found)}`];
  if (expected instanceof RegExp) {
    return typeof found === 'string' && expected.test(found) ? [] : [`${path} is ${found}, expected ${expected}`];
  }
  if (typeof expected !== 'object' || expected === null) {
    return found === expected ? [] : [`${path} is ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`];
  }
  if (typeof found !== 'object' || found === null || Array.isArray(found) !== Array.isArray(expected)) {
    return [`${path} is ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`];
  }
  if (Array.isArray(found) && Array.isArray(expected) && found.length !== expected.length) {
    return [
      `${path} has ${found.length} elements, expected ${expected.length}: ${JSON.stringify(found).slice(0, 500)}`,
    ];
  }
  return Object.entries(expected).flatMap(([name, value]) =>
    differ((found as Record<string, unknown>)[name], value, path === '' ? name : `${path}.${name}`),
  );
}
