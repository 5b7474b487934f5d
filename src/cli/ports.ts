import { createServer } from 'node:net';

/** A port that is free now, for settings with port 0: links need to know the port before the server listens. */
export async function freePort(host: string): Promise<number> {
  return bound(host, 0);
}

/** Whether nobody listens there now. */
export async function isFree(host: string, port: number): Promise<boolean> {
  return bound(host, port).then(
    () => true,
    () => false,
  );
}

/** Takes the port, gives it back, and tells which it was. */
async function bound(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(port, host, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
