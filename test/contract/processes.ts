import { fork } from 'node:child_process';
import { once } from 'node:events';
import { type Asked, packed, type RemoteStore, type Told } from './served.ts';

/** A process that has a store open. */
export interface StoreProcess {
  /** Its store; what is asked of it begins at once. */
  readonly store: RemoteStore;
  /** The same; what is asked of it begins at this moment, in milliseconds since 1970. */
  readonly from: (at: number) => RemoteStore;
  /** Ends it without a chance to do anything more. Who waits for an answer of it is told an error. */
  readonly kill: () => Promise<void>;
  /** Closes its store. */
  readonly end: () => Promise<void>;
}

/** One store that processes share. */
export interface SharedStore {
  /** Opens it in another process; the first makes it. */
  readonly join: () => Promise<StoreProcess>;
  /** Takes it away, when all processes have ended. */
  readonly discard: () => void;
}

export type Share = () => SharedStore;

/** Starts a script that calls `serveStore`; settles when it has opened its store. */
export async function startStoreProcess(script: URL, args: readonly string[]): Promise<StoreProcess> {
  // No flags of the test runner; texts with `undefined` and bytes as they are.
  const child = fork(script, [...args], { execArgv: [], serialization: 'advanced' });
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  const ready = Promise.withResolvers<void>();
  child.on('message', (told: Told) => {
    if (told === 'ready') return ready.resolve();
    const { resolve, reject } = waiting.get(told.id) ?? {};
    waiting.delete(told.id);
    if ('error' in told) reject?.(new Error(told.error));
    else resolve?.(told.value as never);
  });
  let gone: Error | undefined;
  const exited = once(child, 'exit').then(([code, signal]) => {
    gone = new Error(`The process of the store has ended: ${code ?? signal}.`);
    ready.reject(gone);
    for (const { reject } of waiting.values()) reject(gone);
    waiting.clear();
  });
  let last = 0;
  const call = (at: number, method: keyof RemoteStore, args: readonly unknown[]) =>
    new Promise((resolve, reject) => {
      const id = ++last;
      if (gone !== undefined) return reject(gone);
      waiting.set(id, { resolve, reject });
      // What cannot be sent any more is told when the end of the process is seen.
      if (child.connected) child.send({ id, at, method, args } satisfies Asked, () => undefined);
    });
  const from = (at: number) =>
    new Proxy({} as RemoteStore, {
      get: (_, method: keyof RemoteStore) =>
        method === 'transact'
          ? (asked: Parameters<RemoteStore['transact']>[0]) => call(at, method, [packed(asked)])
          : (...args: readonly unknown[]) => call(at, method, args),
    });
  await ready.promise;
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  const end = async () => {
    if (child.connected) child.disconnect();
    await exited;
  };
  return { store: from(0), from, kill, end };
}
