import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import t from 'tap';
import { evaluateMeasure } from '#operations/measure/evaluate-measure.ts';
import { unrestricted } from '#security/rights.ts';
import { patient, startOn } from './harness.ts';
import { cqlText, evaluationOf, measures } from './measures.ts';

/** Measures whose CQL never ends, or takes all memory, or nests too deep: each costs itself, and the measures of others are evaluated. */

/** Each element of a list with each of another, 14 lists deep: it takes no memory, and no end. */
const nested = (level: number, marker: number): string =>
  level === 0 ? `a1 = -${marker}` : `exists ("L" a${level} where ${nested(level - 1, marker)})`;
const endless = (marker: number) => `define "L": {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}\ndefine "X": ${nested(14, marker)}`;
const texts = {
  Endless1: cqlText('Endless1', endless(1)),
  Endless2: cqlText('Endless2', endless(2)),
  Endless3: cqlText('Endless3', endless(3)),
  Filling: cqlText('Filling', 'define "X": Count(expand { Interval[1, 2000000000] } per 1) > 0'),
  Plain: cqlText('Plain', 'define "X": Patient.gender = \'male\''),
};

const folder = mkdtempSync(join(tmpdir(), 'hufhir-'));
t.teardown(() => rmSync(folder, { recursive: true }));

/** A server with these measures and one resident. */
async function serverOf(name: string, settings: Record<string, string> = {}) {
  const server = await startOn(join(folder, `${name}.db`), settings);
  const stored = await server.ask('POST', '', measures(texts));
  if (stored.status !== 200) throw new Error(stored.text);
  await server.ask('PUT', '/Patient/p', patient({ id: 'p' }));
  return server;
}

/** A request of another client. */
function stranger(base: string, path: string): ClientRequest {
  const asked = request(`${base}${path}`, { localAddress: '127.0.0.2', agent: false }).end();
  asked.on('error', () => undefined);
  return asked;
}

/** Waits until so many tasks have a thread. */
async function untilRunning(pool: { readonly counts: { readonly running: number } }, count: number): Promise<void> {
  while (pool.counts.running !== count) await setTimeout(20);
}

t.test('who has endless sets of measures evaluated leaves a thread to others', async (t) => {
  const { base, ask, context, stop } = await serverOf('leaves', { HUFHIR_MEASURE_THREADS: '3' });
  t.teardown(() => stop());
  const all = ['Endless1', 'Endless2', 'Endless3'].map((id) => stranger(base, evaluationOf(id)));
  await untilRunning(context.measurePool, 2);
  const answered = all.map((asked) =>
    once(asked, 'response').then(
      () => 'answered',
      () => 'closed',
    ),
  );
  for (const times of [1, 2]) {
    const { status, body } = await ask('GET', evaluationOf('Plain'));
    t.equal(status, 200, `evaluated ${times}`);
    t.equal(body.group[0].population[0].count, 1);
  }
  t.equal(await Promise.race([...answered, 'waiting']), 'waiting');
  t.equal(context.measurePool.counts.running, 2, 'the third waits for one of its own');
  for (const asked of all) asked.destroy();
  await untilRunning(context.measurePool, 0);
  t.equal((await ask('GET', evaluationOf('Plain'))).status, 200, 'all threads are free again');
});

t.test('a set of measures has one thread, whoever asks', async (t) => {
  const { base, context, stop } = await serverOf('sets');
  t.teardown(() => stop());
  const years = [2021, 2022, 2023].map((year) =>
    stranger(base, `/Measure/Endless1/$evaluate-measure?periodStart=${year}&periodEnd=${year}`),
  );
  const other = request(`${base}${evaluationOf('Endless1')}`, { agent: false }).end();
  other.on('error', () => undefined);
  await untilRunning(context.measurePool, 1);
  await setTimeout(500);
  t.equal(context.measurePool.counts.running, 1);
  for (const asked of [...years, other]) asked.destroy();
});

t.test('an evaluation ends with its last client, and so does a translation', async (t) => {
  const { context, stop } = await serverOf('ends', { HUFHIR_MEASURE_THREADS: '1' });
  t.teardown(() => stop());
  const input = { periodStart: '2025', periodEnd: '2025' } as never;
  const evaluate = (id: string, client: string, signal?: AbortSignal) => {
    const caller = { rights: unrestricted, identity: client, client };
    return evaluateMeasure.handler(context, caller, {
      id,
      input,
      preconditions: {} as never,
      ...(signal && { signal }),
    });
  };
  const [one, another] = [new AbortController(), new AbortController()];
  const first = evaluate('Endless1', 'a', one.signal);
  const second = evaluate('Endless1', 'b', another.signal);
  await untilRunning(context.measurePool, 1);
  const third = evaluate('Plain', 'c');
  one.abort(new Error('a left'));
  await t.rejects(first, { message: 'a left' });
  t.equal(await Promise.race([third, setTimeout(100, 'waiting')]), 'waiting', 'it goes on for the other');
  another.abort(new Error('b left'));
  await t.rejects(second, { message: 'b left' });
  t.match(await third, { resource: { resourceType: 'MeasureReport' } });
  t.equal(context.measurePool.counts.running, 0);
});

t.test('memory is bounded, and the answer names the setting', async (t) => {
  const settings = { HUFHIR_MEASURE_MEMORY: '448', HUFHIR_MEASURE_THREADS: '2' };
  const { base, ask, stop } = await serverOf('memory', settings);
  t.teardown(() => stop());
  const asked = stranger(base, evaluationOf('Filling'));
  const answered = once(asked, 'response') as Promise<[IncomingMessage]>;
  t.equal((await ask('GET', evaluationOf('Plain'))).status, 200, 'another is evaluated meanwhile');
  const [response] = await answered;
  t.equal(response.statusCode, 422);
  t.match(JSON.parse(await text(response)), {
    issue: [{ code: 'too-costly', diagnostics: /448 MB .*HUFHIR_MEASURE_MEMORY/ }],
  });
  t.equal((await ask('GET', evaluationOf('Plain'))).status, 200);
});

t.test('time is bounded, and the answer names the setting', async (t) => {
  const { ask, context, stop } = await serverOf('time', { HUFHIR_MEASURE_TIMEOUT: '3000' });
  t.teardown(() => stop());
  const { status, headers, body } = await ask('GET', evaluationOf('Endless1'));
  t.equal(status, 503);
  t.ok(headers.get('retry-after'));
  t.match(body.issue[0], { code: 'timeout', diagnostics: /HUFHIR_MEASURE_TIMEOUT/ });
  t.equal(context.measurePool.counts.running, 0);
});

t.test('CQL that nests deep or is none is evaluated or refused with what is wrong', async (t) => {
  const server = await startOn(join(folder, 'odd.db'));
  t.teardown(() => server.stop());
  const { ask } = server;
  await ask('PUT', '/Patient/p', patient({ id: 'p' }));
  const many = (count: number, text: string, by: string) => Array.from({ length: count }, () => text).join(by);
  const rows: readonly (readonly [string, string, number, RegExp?])[] = [
    ['And', cqlText('And', `define "X": ${many(3_000, 'true', ' and ')}`), 200],
    ['Or', cqlText('Or', `define "X": ${many(3_000, 'exists [Observation]', ' or ')}`), 200],
    ['Else', cqlText('Else', `define "X": ${many(1_000, 'if true then false else', ' ')} true`), 200],
    ['Parentheses', cqlText('Parentheses', `define "X": ${'('.repeat(20_000)}true${')'.repeat(20_000)}`), 422],
    ['Empty', ' ', 422, /does not define "X"/],
    ['Binary', String.fromCharCode(...Array.from({ length: 300 }, (_, i) => (i * 7) % 256)), 422, /Syntax error/],
    ['Comment', cqlText('Comment', '/* define "X": true'), 422, /CQL Comment 5:/],
    ['Itself', "library Itself version '1'\ninclude Itself version '1'\ndefine \"X\": true", 422],
    ['Recursive', cqlText('Recursive', 'define function F(a Integer): F(a + 1)\ndefine "X": F(1) > 0'), 422, /CQL/],
  ];
  for (const [id, text, expected, told = /CQL|HUFHIR_MEASURE_MEMORY/] of rows) {
    await ask('POST', '', measures({ [id]: text }));
    const { status, body, text: answer } = await ask('GET', evaluationOf(id));
    t.equal(status, expected, `${id}: ${answer.slice(0, 300)}`);
    if (expected !== 200) t.match(body.issue[0].diagnostics, told, id);
  }
});
