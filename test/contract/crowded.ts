import type { Test } from 'tap';
import { and, type Filter, not } from '#search/model/filter.ts';
import { commit, type Open, plan, put, string } from './build.ts';

const many = 20_000;
const named: Filter = { op: 'match', param: 'name', test: { kind: 'string', how: 'contains', value: 'n' } };

/** Looks at all, and finds nothing. */
const slow = plan('Basic', and([named, not(named)]));
const trivial = plan('Basic', { op: 'id', ids: ['b7'] });

/** Clients beside each other. */
export function crowded(t: Test, open: Open): void {
  t.test('200 searches of one client hold up nobody, and end when it leaves', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const ids = [...Array(many).keys()];
    await commit(store, ...ids.map((n) => put(`Basic/b${n}`, { entries: [string('name', `n${n}`)] })));
    const left = new AbortController();
    let done = 0;
    const searches = Array.from({ length: 200 }, async () => {
      await store.find(slow, { client: 'a', signal: left.signal });
      done += 1;
    });
    const settled = Promise.allSettled(searches);
    for (let i = 0; i < 3; i++) t.equal((await store.find(trivial, { client: 'b' })).found.length, 1);
    t.ok(done < 100, `${done} were done before`);
    const before = process.cpuUsage();
    left.abort(new Error('left'));
    const refused = (await settled).filter((s) => s.status === 'rejected');
    t.equal(refused.length, 200 - done);
    t.ok(refused.every(({ reason }) => reason.message === 'left'));
    // Behind whatever the readers are still at.
    await Promise.all([1, 2, 3].map(() => store.find(trivial)));
    const { user, system } = process.cpuUsage(before);
    t.ok(user + system < 1_000_000, `${(user + system) / 1000} ms of CPU until they are idle`);
  });
}
