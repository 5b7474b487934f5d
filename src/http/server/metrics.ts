import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Context } from '#operations/request/context.ts';
import { type Stats, StoreUnavailable } from '#storage/store.ts';

export interface Metrics {
  readonly registry: Registry;
  /** Prometheus exposition text. */
  text(): Promise<string>;
  observe(interaction: string, type: string, status: number, seconds: number): void;
}

/** Milliseconds that what the store tells of itself is told again. */
const countsKept = 5_000;

/** What `/metrics` tells: each interaction counted and timed, the store's size, the process. */
export function createMetrics(context: Context): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: 'hufhir_requests_total',
    help: 'Requests answered',
    labelNames: ['interaction', 'type', 'status'],
    registers: [registry],
  });
  const durations = new Histogram({
    name: 'hufhir_request_seconds',
    help: 'Seconds from the request to its answer',
    labelNames: ['interaction'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers: [registry],
  });
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  const resources = gauge('hufhir_resources', 'Current resources', ['type']);
  const pending = gauge('hufhir_pending_references', 'References whose target has not arrived');
  const bytes = gauge('hufhir_store_bytes', 'Bytes of the store');
  const problems = gauge('hufhir_store_problems', 'Problems found by the check after an unclean end of the server');
  const revision = gauge('hufhir_store_revision', 'Revision of the definitions in force');
  const queue = gauge('hufhir_store_queue', 'Changes that wait to be written');
  const tasks = gauge('hufhir_pool_tasks', 'Tasks of the pool: begun since the start, running, waiting', ['state']);
  const groups = gauge('hufhir_store_groups', 'Groups of transactions that this process committed');
  const transactions = gauge('hufhir_store_transactions', 'Transactions in these groups');
  let counted: { readonly at: number; readonly stats: Stats | undefined } | undefined;
  /** Finding the series of a set of labels costs more than counting; there are few of them. */
  const children = new Map<string, (seconds: number) => void>();
  return {
    registry,
    observe(interaction, type, status, seconds) {
      const key = `${interaction} ${type} ${status}`;
      let child = children.get(key);
      if (child === undefined) {
        const counter = requests.labels({ interaction, type, status: String(status) });
        const histogram = durations.labels({ interaction });
        child = (s) => {
          counter.inc();
          histogram.observe(s);
        };
        children.set(key, child);
      }
      child(seconds);
    },
    async text() {
      for (const [state, count] of Object.entries(context.pool.counts)) tasks.set({ state }, count);
      if (counted === undefined || Date.now() - counted.at >= countsKept) {
        const stats = await statsOf(context);
        // A store that cannot be asked is told of by `/readyz`.
        counted = { at: Date.now(), stats: stats ?? counted?.stats };
      }
      const { stats } = counted;
      if (stats === undefined) return registry.metrics();
      for (const [type, count] of Object.entries(stats.resources)) resources.set({ type }, count);
      pending.set(stats.pending);
      bytes.set(stats.bytes);
      revision.set(stats.revision);
      queue.set(stats.queue);
      groups.set(stats.groups);
      transactions.set(stats.transactions);
      problems.set(stats.problems);
      return registry.metrics();
    },
  };
}

async function statsOf({ store }: Context): Promise<Stats | undefined> {
  try {
    return await store.stats();
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    return undefined;
  }
}
