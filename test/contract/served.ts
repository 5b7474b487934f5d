import type { IndexRecord } from '#search/model/entry.ts';
import type { Lease, Shelf } from '#storage/shelf.ts';
import type { Needs, PatientRecord, Store, Transaction, Write } from '#storage/store.ts';

/** What crosses to another process cannot be called: the index record comes along. */
interface SentWrite extends Omit<Write, 'index'> {
  readonly record: IndexRecord;
}

interface SentTransaction extends Omit<Transaction, 'writes'> {
  readonly writes: readonly SentWrite[];
}

/** The store of another process, as far as races ask it. */
export interface RemoteStore
  extends Pick<Store, 'read' | 'find' | 'transact' | 'changes' | 'touched' | 'stats' | 'lastSeq' | 'revision'>,
    Pick<Shelf, 'setting' | 'lease' | 'release'> {
  readonly scan: (needs: Needs) => Promise<readonly PatientRecord[]>;
}

/** What a parent sends: its own number of the call, the moment at which it begins (milliseconds since 1970), and what to do. */
export interface Asked {
  readonly id: number;
  readonly at: number;
  readonly method: keyof RemoteStore;
  readonly args: readonly unknown[];
}

/** What is sent back; nothing but `ready` when the store has been opened. */
export type Told = 'ready' | { readonly id: number; readonly value: unknown } | { readonly id: number; error: string };

export function packed({ writes, ...rest }: Transaction): SentTransaction {
  return { ...rest, writes: writes.map(({ index, ...write }) => ({ ...write, record: index() })) };
}

function unpacked({ writes, ...rest }: SentTransaction): Transaction {
  return { ...rest, writes: writes.map(({ record, ...write }) => ({ ...write, index: () => record })) };
}

/** Does what the parent asks, each at its moment, until the parent is gone. */
export function serveStore(store: Store): void {
  const { shelf } = store;
  const methods: Record<keyof RemoteStore, (...args: never[]) => Promise<unknown>> = {
    read: (type: string, id: string) => store.read(type, id),
    find: (plan: Parameters<Store['find']>[0]) => store.find(plan),
    transact: (sent: SentTransaction) => store.transact(unpacked(sent)),
    changes: (after: number, limit: number) => store.changes(after, limit),
    touched: (after: number, limit: number) => store.touched(after, limit),
    stats: () => store.stats(),
    lastSeq: () => store.lastSeq(),
    revision: () => store.revision(),
    setting: (name: string) => shelf.setting(name),
    lease: (name: string, owner: string, ms: number) => shelf.lease(name, owner, ms),
    release: (lease: Lease) => shelf.release(lease),
    scan: async (needs: Needs) => (await Array.fromAsync(store.scan(needs))).flat(),
  };
  const tell = (told: Told) => process.send?.(told);
  process.on('message', ({ id, at, method, args }: Asked) => {
    // Timers are late by a millisecond or more: the rest of the time is waited for without one.
    while (Date.now() < at);
    methods[method](...(args as never[])).then(
      (value) => tell({ id, value }),
      (error) => tell({ id, error: String(error?.stack ?? error) }),
    );
  });
  process.on('disconnect', () => store.close().finally(() => process.exit()));
  tell('ready');
}
