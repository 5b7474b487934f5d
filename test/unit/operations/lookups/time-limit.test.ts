import t from 'tap';
import { Failure } from '#errors';
import { timedFind } from '#operations/lookups/time-limit.ts';
import type { Plan } from '#search/model/filter.ts';
import type { Page, Store } from '#storage/store.ts';

const plan: Plan = { types: ['Patient'], where: { op: 'all' }, sort: [], limit: 1, total: 'none' };

/** What a store would answer. */
function searching(page: Page, searchTimeout: number) {
  const asked: Plan[] = [];
  const find = async (p: Plan) => {
    asked.push(p);
    return page;
  };
  const store = { find } as unknown as Store;
  return { asked, find: timedFind({ config: { searchTimeout } as never, store }, 0) };
}

t.test('the store is told what is left of the time, which is what it worked', async (t) => {
  const { asked, find } = searching({ found: [], revision: 0, spent: 250.5 }, 1_000);
  t.same(await find(plan), { found: [], revision: 0, spent: 250.5 });
  await find(plan);
  await find(plan);
  t.same(
    asked.map((p) => p.timeout),
    [1_000, 750, 499],
  );
});

t.test('when it is over, a millisecond is left: the store says what took it', async (t) => {
  const { asked, find } = searching({ found: [], exceeded: 'the chain over subject', spent: 20 }, 10);
  await find(plan);
  const failed = await find(plan);
  t.same(
    asked.map((p) => p.timeout),
    [10, 1],
  );
  t.ok(failed instanceof Failure && failed.status === 400);
  t.match(failed, { issues: [{ code: 'search-too-slow', text: /longer than 10 ms.*the chain over subject/ }] });
});

t.test('a page of a state in which other definitions are in force is no answer', async (t) => {
  const { find } = searching({ found: [], revision: 1 }, 1_000);
  t.match(await find(plan), { issues: [{ code: 'definitions-changed' }] });
});
