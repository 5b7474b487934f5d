import type { Entry } from '#search/model/entry.ts';
import { everything, type Filter, type Plan } from '#search/model/filter.ts';
import type { Commit, Conflict, Page, Store, Transaction, Write, WriteRights } from '#storage/store.ts';

/** One store under test. */
export interface Opened {
  readonly store: Store;
  /** Closes the store and opens it again, if the adapter keeps it. */
  readonly reopen?: () => Promise<Store>;
  readonly close: () => Promise<void>;
}

export type Open = () => Promise<Opened>;

interface Options {
  readonly entries?: readonly Entry[];
  readonly patients?: readonly string[];
  readonly text?: string;
  readonly expect?: number;
  readonly method?: Write['method'];
}

/** A write of `Type/id`. */
export function put(reference: string, options: Options = {}): Write {
  const [type = '', id = ''] = reference.split('/');
  const { entries = [], patients = [], text = '', expect, method = 'PUT' } = options;
  const draft = { head: `{"resourceType":"${type}","id":"${id}","meta":{`, tail: `},"text":"${text}"}` };
  return {
    method,
    type,
    id,
    draft,
    index: () => ({ entries, patients }),
    ...(expect === undefined ? {} : { expect }),
  };
}

export function remove(reference: string, expect?: number): Write {
  const [type = '', id = ''] = reference.split('/');
  const index = () => ({ entries: [], patients: [] });
  return { method: 'DELETE', type, id, draft: undefined, index, ...(expect === undefined ? {} : { expect }) };
}

/** The same rights for all that is written. */
export const rightsOf = (rights: Filter): WriteRights => ({ create: rights, update: rights, delete: rights });

export function transaction(writes: readonly Write[], options: Partial<Transaction> = {}): Transaction {
  return { guards: [], references: 'lenient', rights: rightsOf(everything), writes, ...options };
}

/** Commits the writes; fails loudly where a conflict was not expected. */
export async function commit(store: Store, ...writes: readonly Write[]): Promise<Commit> {
  const result = await store.transact(transaction(writes));
  if ('conflict' in result) throw new Error(`unexpected conflict: ${JSON.stringify(result)}`);
  return result;
}

/** Of each write, whether its version created the resource. */
export function created(commit: Commit): unknown {
  return commit.versions.map((v) => v?.created);
}

/** What `transact` said, without times: `{versions}` as `Type/id/version`, or the conflict. */
export function outcome(result: Commit | Conflict): unknown {
  if ('conflict' in result) return result;
  return result.versions.map((v) => (v === undefined ? undefined : `${v.type}/${v.id}/${v.version}`));
}

export function plan(type: string | readonly string[], where: Filter = everything, more: Partial<Plan> = {}): Plan {
  const types = typeof type === 'string' ? [type] : type;
  return { types, where, sort: [], limit: 100, total: 'none', ...more };
}

export function ids(page: Page): readonly string[] {
  return page.found.map((v) => v.id);
}

/** `Type/id/version` of each. */
export function names(page: Pick<Page, 'found'>): readonly string[] {
  return page.found.map((v) => `${v.type}/${v.id}/${v.version}`);
}

/** The ids of every page of a plan, page by page. */
export async function pages(store: Store, asked: Plan): Promise<readonly (readonly string[])[]> {
  const all: (readonly string[])[] = [];
  let after: string | undefined;
  do {
    const page = await store.find(after === undefined ? asked : { ...asked, after });
    all.push(ids(page));
    after = page.next;
  } while (after !== undefined && all.length < 1000);
  return all;
}

export const token = (param: string, system: string, code: string, pos?: number): Entry =>
  pos === undefined ? { kind: 'token', param, system, code } : { kind: 'token', param, system, code, pos };

export const string = (param: string, exact: string): Entry => ({
  kind: 'string',
  param,
  value: exact.toLowerCase(),
  exact,
});

export const refers = (param: string, reference: string): Entry => {
  const [type = '', id = ''] = reference.split('/');
  return { kind: 'reference', param, type, id };
};

export const carries = (system: string, code: string): Entry => token('identifier', system, code);

export const byIdentifier = (
  param: string,
  system: string,
  value: string,
  type: string,
  inCompartment = false,
): Entry => ({
  kind: 'logical',
  param,
  system,
  value,
  types: [type],
  inCompartment,
});

export const isToken = (param: string, system: string | undefined, code?: string): Filter => ({
  op: 'match',
  param,
  test: {
    kind: 'token',
    ...(system === undefined ? {} : { system }),
    ...(code === undefined ? {} : { code }),
  },
});
