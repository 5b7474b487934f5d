import { once } from 'node:events';
import t from 'tap';
import { operation } from '#operations/request/context.ts';
import { startServer, type TestServer } from './harness.ts';
import { dial } from './wire.ts';

/** Clients that leave before they have their answer: their work is given up, and is no defect. */

/** Each call waits for its signal, or for the test. */
const calls: { readonly signal: AbortSignal; readonly end: () => void }[] = [];
const wait = operation({
  name: 'wait',
  definition: 'http://example.org/OperationDefinition/wait',
  levels: ['system'],
  affectsState: false,
  long: false,
  title: '等待 Wait',
  documentation: 'Waits.',
  parameters: [],
  async handler(_context, { signal }) {
    if (signal === undefined) throw new Error('a caller without a signal');
    await new Promise<void>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
      calls.push({ signal, end: resolve });
    });
    return { kind: 'made', status: 200, resource: { resourceType: 'Parameters' } };
  },
});

const get = 'GET /fhir/$wait HTTP/1.1\r\nHost: localhost\r\n\r\n';
const health = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n';
const body = '{"resourceType":"Parameters"}';
const post = `POST /fhir/$wait HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/fhir+json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
}

async function metricsOf({ base }: TestServer): Promise<string> {
  return (await fetch(new URL('/metrics', base))).text();
}

t.test('what a client asked for that leaves is given up', async (t) => {
  const server = await startServer({}, { operations: [wait] });
  t.teardown(() => server.stop());
  let left = 0;
  const ways: Readonly<Record<string, (socket: ReturnType<typeof dial>['socket']) => unknown>> = {
    'it hangs up': (socket) => socket.destroy(),
    'it resets the connection': (socket) => socket.resetAndDestroy(),
  };
  for (const [way, leave] of Object.entries(ways)) {
    for (const [what, sent, expected] of [
      ['a GET', get, 1],
      ['a POST', post, 1],
      ['three at once', get + health + post, 2],
    ] as const) {
      calls.length = 0;
      const { socket } = dial(server.base, sent);
      await until(() => calls.length === expected);
      t.notOk(
        calls.some(({ signal }) => signal.aborted),
        `${way}, ${what}: while it waits`,
      );
      leave(socket);
      await until(() => calls.every(({ signal }) => signal.aborted));
      left += what === 'three at once' ? 3 : 1;
      t.pass(`${way}, ${what}`);
    }
  }
  const seen = async () => {
    const found = [...(await metricsOf(server)).matchAll(/hufhir_requests_total\{.*status="499"\} (\d+)/g)];
    return found.reduce((sum, [, n]) => sum + Number(n), 0);
  };
  await until(async () => (await seen()) >= left);
  t.equal(await seen(), left, 'each is counted once');
  t.notMatch(await metricsOf(server), /status="5/, 'none is a defect');
});

t.test('a client that closes its side and waits gets its answer', async (t) => {
  const server = await startServer({}, { operations: [wait] });
  t.teardown(() => server.stop());
  calls.length = 0;
  const wire = dial(server.base, get + health);
  await until(() => calls.length === 1);
  wire.socket.end();
  // It is asked whether it is there.
  await until(() => wire.answered() !== '');
  t.notOk(calls[0]?.signal.aborted);
  calls[0]?.end();
  const statuses = [...(await wire.ended).matchAll(/HTTP\/1.1 (\d+)/g)].map(([, status]) => status);
  t.same(
    statuses.filter((status) => status !== '102'),
    ['200', '200'],
  );
});

t.test('an answer that was sent leaves its signal alone', async (t) => {
  const server = await startServer({}, { operations: [wait] });
  t.teardown(() => server.stop());
  calls.length = 0;
  const wire = dial(server.base, get);
  await until(() => calls.length === 1);
  calls[0]?.end();
  await until(() => wire.answered().includes('Parameters'));
  wire.socket.destroy();
  await once(wire.socket, 'close');
  await metricsOf(server);
  t.notOk(calls[0]?.signal.aborted);
});
