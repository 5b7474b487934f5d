import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { addressOf, inParallel, pause } from '../clients.ts';
import { type Load, some, times } from './load.ts';

const jsonPatch = { 'content-type': 'application/json-patch+json' };

const pathPatch = (path: string): string =>
  JSON.stringify({
    resourceType: 'Parameters',
    parameter: [
      {
        name: 'operation',
        part: [
          { name: 'type', valueCode: 'replace' },
          { name: 'path', valueString: path },
          { name: 'value', valueString: `changed` },
        ],
      },
    ],
  });

/** Reads or patches of what is large, so many of them, a few at a time. */
const several = (name: string, n: number, width: number, [method, path, ...more]: Parameters<Asked>): Load => ({
  name,
  run: ({ count }, share) =>
    inParallel(
      times(some(n, share), (i) => i),
      width,
      (i) => count(method, path, more[0], { address: addressOf(i), headers: more[1] ?? {} }),
    ),
});
type Asked = (method: string, path: string, body?: string, headers?: Record<string, string>) => void;

/** Milliseconds after which those go on who wait for the server. */
const patience = 20_000;

/** Until each of the connections is `done` or at its end, or for as long as is waited. */
function untilAll(sockets: readonly Socket[], ready: (socket: Socket, done: () => void) => void): Promise<unknown> {
  const each = sockets.map((socket) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    socket.once('close', () => resolve());
    ready(socket, () => resolve());
    return promise;
  });
  return Promise.race([Promise.all(each), pause(patience)]);
}

const title = '[{"op":"replace","path":"/title","value":"changed"}]';

export const large: readonly Load[] = [
  several('PATCH (JSON) of a 7 MB List', 4, 2, ['PATCH', '/List/middle', title, jsonPatch]),
  several('PATCH (FHIRPath) of a 7 MB List', 4, 2, ['PATCH', '/List/middle', pathPatch('List.title')]),
  several('_include of a 7 MB List', 4, 2, [
    'GET',
    '/Provenance?_id=p&_include=Provenance:target&_include:iterate=List:item',
  ]),
  several('XML of a 7 MB List', 4, 2, ['GET', '/List/middle?_format=xml']),
  several('a 7 MB List, indented', 4, 2, ['GET', '/List/middle?_pretty=true']),
  several('PATCH with Patient.repeat(children())', 4, 2, [
    'PATCH',
    '/Patient/wide',
    pathPatch('Patient.repeat(children())'),
  ]),
  several('20 readers of a 58 MB List', 20, 20, ['GET', '/List/huge']),
  { ...several('PATCH (JSON) of a 58 MB List', 2, 2, ['PATCH', '/List/huge', title, jsonPatch]), long: true },
  {
    name: '20 clients that do not read 28 MB',
    run: async ({ dial }, share) => {
      const sockets = times(some(20, share), (i) =>
        dial(addressOf(i), 'GET /fhir/List/large HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n'),
      );
      // Each has the beginning of its answer, or was refused.
      await untilAll(sockets, (socket, done) => socket.once('readable', done));
      await pause(4_000 * share);
      for (const socket of sockets) socket.destroy();
    },
  },
  {
    name: '200 half-sent bodies of 20 MB',
    run: async ({ dial }, share) => {
      const half = Buffer.alloc(20_000_000, ' ');
      const head = 'host: 127.0.0.1\r\ncontent-type: application/fhir+json\r\ncontent-length: 40000000';
      const sockets = times(some(200, share), (i) =>
        dial(addressOf(i), `POST /fhir/Patient HTTP/1.1\r\n${head}\r\n\r\n`).resume(),
      );
      await untilAll(sockets, (socket, done) => socket.write(half, done));
      await pause(4_000 * share);
      for (const socket of sockets) socket.destroy();
    },
  },
  {
    name: '12 bodies of 61 KB that unpack to 60 MB',
    run: async ({ count }, share) => {
      const packed = gzipSync(Buffer.alloc(60_000_000, ' '));
      const headers = { 'content-encoding': 'gzip' };
      await inParallel(
        times(some(12, share), (i) => i),
        12,
        (i) => count('POST', '/Patient', packed, { address: addressOf(i), headers }),
      );
    },
  },
];
