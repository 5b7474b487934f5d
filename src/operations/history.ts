import { Failure, fail, type Issue, type Outcome } from '#errors';
import type { HistoryQuery } from '#storage/store.ts';
import type { History } from './answer.ts';
import type { Caller, Context } from './context.ts';
import { openCursor, sealCursor } from './cursor.ts';
import { type Pairs, pageToken, presentation } from './parameters.ts';
import { mayRead } from './reading.ts';

/** R4 http.html#history of a resource, a type or everything; newest first. */
export async function history(
  context: Context,
  caller: Caller,
  at: { readonly type?: string; readonly id?: string },
  pairs: Pairs,
): Promise<Outcome<History>> {
  const path = [at.type, at.id, '_history'].filter((part) => part !== undefined).join('/');
  const query = await readQuery(context, path, pairs);
  if (query instanceof Failure) return query;
  const page = await context.store.history({ ...query, ...at, rights: caller.rights.read });
  const { type, id } = at;
  if (type !== undefined && id !== undefined && page.found.length === 0) {
    const known = (await context.store.read(type, id)) !== undefined && (await mayRead(context, caller, type, id));
    if (!known) return fail('not-found', { found: `${type}/${id}` });
  }
  const state = { ...query, before: Number(page.next) };
  return {
    kind: 'history',
    status: 200,
    versions: page.found,
    ...(page.total !== undefined && { total: page.total }),
    links: {
      self: selfLink(path, pairs),
      ...(page.next !== undefined && { next: `${path}?_after=${await sealCursor(context, path, state)}` }),
    },
  };
}

type Window = Pick<HistoryQuery, 'since' | 'until' | 'currentFrom' | 'before' | 'limit'>;

async function readQuery(context: Context, path: string, pairs: Pairs): Promise<Outcome<Window>> {
  const token = pageToken(pairs);
  if (token !== undefined) return token instanceof Failure ? token : openCursor<Window>(context, path, token);
  const issues: Issue[] = [];
  let window: Window = { limit: context.config.defaultCount };
  for (const [name, value] of pairs) {
    if (presentation.has(name)) continue;
    const read = readParameter(context, name, value);
    if (read instanceof Failure) issues.push(...read.issues);
    else window = { ...window, ...read };
  }
  const [first, ...rest] = issues;
  return first === undefined ? window : new Failure([first, ...rest]);
}

function readParameter(context: Context, name: string, value: string): Outcome<Partial<Window>> {
  const { maxCount } = context.config;
  const wrong = (expected: string) => fail('bad-parameter-value', { parameter: name, found: value, expected });
  if (name === '_count') {
    if (!/^\d{1,9}$/.test(value)) return wrong('a whole number from 0');
    return { limit: Math.min(Number(value), maxCount) };
  }
  if (name === '_since' || name === '_at') {
    const range = context.clock.range(value);
    if (range === undefined) return wrong('a date or time such as 2025-01-31T08:00:00+08:00');
    return name === '_since' ? { since: range.low } : { currentFrom: range.low, until: range.high - 1 };
  }
  const expected = '_count, _since, _at, _format';
  return fail('unknown-parameter', { found: name, target: '_history', expected });
}

function selfLink(path: string, pairs: Pairs): string {
  const query = new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, value])).toString();
  return query === '' ? path : `${path}?${query}`;
}
