import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MessageChannel } from 'node:worker_threads';
import t from 'tap';
import { Evaluator } from '#measure/evaluator.ts';
import { withLocalReferences } from '#measure/references.ts';
import { everything } from '#search/model/filter.ts';
import { startServer } from '#test/http/harness.ts';
import { ThreadPool } from '#threads/pool.ts';

t.test('an evaluation that nobody waits for loses its thread, and the next has one', async (t) => {
  const taskRunner = new URL('../../../src/threads/pool.ts', import.meta.url).href;
  const folder = t.testdir({
    'thread.mjs': `
      import { taskRunner } from ${JSON.stringify(taskRunner)};
      export const runTask = taskRunner(({ port }) => ({
        'evaluate-measures': async ({ key }) => {
          port.postMessage('begun');
          port.close();
          while (key === 'endless');
          return [];
        },
      }));`,
  });
  const begun = Promise.withResolvers<void>();
  const pool = new ThreadPool({
    file: pathToFileURL(join(folder, 'thread.mjs')),
    workerData: {},
    threads: 1,
    maxQueue: 10,
    maxWeight: 64 * 1024 * 1024,
    attach: () => {
      const { port1, port2 } = new MessageChannel();
      port1.on('message', () => begun.resolve());
      return { ticket: { port: port2 }, transfer: [port2] };
    },
  });
  t.teardown(() => pool.close());
  const evaluator = new Evaluator(pool, { time: 3_600_000, memory: 1_000 });
  const evaluate = (key: string, signal?: AbortSignal) =>
    evaluator.evaluate(
      { client: 'test', ...(signal && { signal }) },
      { key, measures: [], translated: { libraries: [], needs: [] } as never },
      {} as never,
      { rights: everything },
    );
  const controller = new AbortController();
  const endless = evaluate('endless', controller.signal);
  await begun.promise;
  controller.abort(new Error('nobody waits'));
  await t.rejects(endless, { message: 'nobody waits' });
  t.strictSame(await evaluate('short'), []);
});

t.test('an evaluation that takes too long is refused by the name of its limit, and each begins anew', async (t) => {
  const server = await startServer({ HUFHIR_MEASURE_TIMEOUT: '1' });
  t.teardown(() => server.stop());
  for (const query of ['', '&reportType=subject-list']) {
    const path = '/Measure/cn-sh-1-signing-coverage/$evaluate-measure?periodStart=2025&periodEnd=2025';
    const { status, body } = await server.ask('GET', path + query);
    t.equal(status, 503);
    t.equal(body.issue[0].code, 'timeout');
    t.match(body.issue[0].diagnostics, /longer than 1 ms \(HUFHIR_MEASURE_TIMEOUT\)/);
  }
});

t.test('references.html#literal: one resource, however it is written', async (t) => {
  const base = 'http://x.example/fhir';
  for (const [reference, expected] of [
    ['Organization/1', 'Organization/1'],
    [`${base}/Organization/1`, 'Organization/1'],
    [`${base}/EpisodeOfCare/e.1/_history/2`, 'EpisodeOfCare/e.1'],
    ['EpisodeOfCare/e-1/_history/1', 'EpisodeOfCare/e-1'],
    ['http://y.example/fhir/Organization/1', 'http://y.example/fhir/Organization/1'],
    ['http://y.example/fhir/Organization/1/_history/1', 'http://y.example/fhir/Organization/1/_history/1'],
    ['#o', '#o'],
    ['urn:uuid:0e2b8d3c-0f6a-4a67-9d3e-444444444444', 'urn:uuid:0e2b8d3c-0f6a-4a67-9d3e-444444444444'],
  ] as const) {
    const note = `"reference":"${base}/Organization/1/_history/1"`;
    const text = JSON.stringify({ note, managingOrganization: { reference, display: 'x' } });
    t.strictSame(JSON.parse(withLocalReferences(text, base)), {
      note,
      managingOrganization: { reference: expected, display: 'x' },
    });
  }
});
