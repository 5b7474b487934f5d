import { Failure, fail, failIfAny, type Issue, type Outcome } from '#errors';
import { readSubset, type Subset } from '#fhir/model/subset.ts';
import { orPlus } from '#search/criteria/escapes.ts';
import type { HistoryQuery } from '#storage/store.ts';
import type { History } from '../request/answer.ts';
import type { Caller, Context } from '../request/context.ts';
import { openCursor, sealCursor } from '../request/cursor.ts';
import { type Pairs, pageToken, presentation, withoutPartial } from '../request/parameters.ts';
import { mayRead } from './read.ts';

/** R4 http.html#history of a resource, a type or everything; newest first. */
export async function history(
  context: Context,
  caller: Caller,
  at: { readonly type?: string; readonly id?: string },
  pairs: Pairs,
): Promise<Outcome<History>> {
  const path = [at.type, at.id, '_history'].filter((part) => part !== undefined).join('/');
  const query = await readQuery(context, path, at.type, pairs);
  if (query instanceof Failure) return query;
  const { subset, ...window } = query;
  const { type, id } = at;
  const timeout = context.config.searchTimeout;
  // Of one resource it is cheap; of a type or of everything it has to be asked for.
  const total = id !== undefined || window.limit === 0;
  const page = await context.store.history({ ...window, ...at, rights: caller.rights.history, total, timeout });
  if (page.exceeded !== undefined) return fail('search-too-slow', { expected: timeout, found: page.exceeded });
  if (type !== undefined && id !== undefined && page.found.length === 0) {
    const known = (await context.store.read(type, id)) !== undefined && (await mayRead(context, caller, type, id));
    if (!known) return fail('not-found', { found: `${type}/${id}` });
  }
  const state = { ...query, before: Number(page.next) };
  return {
    kind: 'history',
    status: 200,
    versions: page.found,
    ...(subset !== undefined && { subset }),
    ...(page.total !== undefined && { total: page.total }),
    links: {
      self: selfLink(path, pairs),
      ...(page.next !== undefined && { next: `${path}?_after=${await sealCursor(context, path, state)}` }),
    },
  };
}

type Window = Pick<HistoryQuery, 'since' | 'until' | 'currentFrom' | 'before' | 'limit'> & { readonly subset?: Subset };

async function readQuery(
  context: Context,
  path: string,
  type: string | undefined,
  pairs: Pairs,
): Promise<Outcome<Window>> {
  const token = pageToken(pairs);
  if (token !== undefined) return token instanceof Failure ? token : openCursor<Window>(context, path, token);
  const issues: Issue[] = [];
  const subset = readSubset(pairs, type === undefined ? undefined : [type]);
  if (subset instanceof Failure) issues.push(...subset.issues);
  let window: Window = { limit: context.config.defaultCount };
  const own = withoutPartial(pairs).filter(([name]) => !presentation.has(name));
  for (const [i, [name, value]] of own.entries()) {
    const again = own.slice(0, i).some(([other]) => other === name);
    const read = again ? once(name, value) : readParameter(context, name, value);
    if (read instanceof Failure) issues.push(...read.issues);
    else window = { ...window, ...read };
  }
  const refused = failIfAny(issues);
  if (refused !== undefined || subset instanceof Failure) return refused ?? window;
  if (subset === 'count') return { ...window, limit: 0 };
  return subset === undefined ? window : { ...window, subset };
}

/** R4 http.html#history: none of them stands twice. */
function once(parameter: string, found: string): Failure {
  return fail('bad-parameter-value', { parameter, found, expected: 'the parameter once' });
}

function readParameter(context: Context, name: string, value: string): Outcome<Partial<Window>> {
  const { maxCount } = context.config;
  const wrong = (expected: string) =>
    fail('bad-parameter-value', { parameter: name, found: value, expected: orPlus(value, expected) });
  if (name === '_count') {
    if (!/^\d{1,9}$/.test(value)) return wrong('a whole number from 0');
    return { limit: Math.min(Number(value), maxCount) };
  }
  if (name === '_since' || name === '_at') {
    const range = context.clock.range(value);
    if (range === undefined) return wrong('a date or time such as 2025-01-31T08:00:00+08:00');
    return name === '_since' ? { since: range.low } : { currentFrom: range.low, until: range.high - 1 };
  }
  const expected = '_count, _since, _at, _summary, _elements, _format, _pretty';
  return fail('unknown-parameter', { found: name, target: '_history', expected });
}

function selfLink(path: string, pairs: Pairs): string {
  const query = new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, value])).toString();
  return query === '' ? path : `${path}?${query}`;
}
