import t from 'tap';
import { Failure, fail, type Outcome } from '#errors';
import { everything, type Plan } from '#search/model/filter.ts';
import { findAll, pages } from '#storage/pages.ts';
import type { Page, Version } from '#storage/store.ts';

const plan: Plan = { types: ['Patient'], where: everything, sort: [], limit: 2, total: 'none' };

const version = (id: string): Version => ({
  type: 'Patient',
  id,
  version: 1,
  seq: 1,
  lastUpdated: 0,
  method: 'PUT',
  created: true,
  content: '{}',
});

/** Three pages by the place where they begin; the second is empty, as one of very long texts may be. */
const held: Readonly<Record<string, Page>> = {
  start: { found: [version('a'), version('b')], next: 'x' },
  x: { found: [], next: 'y' },
  y: { found: [version('c')] },
};

const from = (asked: Plan): Page => held[asked.after ?? 'start'] ?? { found: [] };

t.test('pages follow each other to the last, from where the plan begins', async (t) => {
  const rows: readonly (readonly [Plan, readonly string[]])[] = [
    [plan, ['a', 'b', 'c']],
    [{ ...plan, after: 'x' }, ['c']],
    [{ ...plan, after: 'nowhere' }, []],
  ];
  for (const [asked, expected] of rows) {
    const found = await Array.fromAsync(findAll({ find: async (p) => from(p) }, asked));
    t.same(
      found.map((v) => v.id),
      expected,
      `after ${asked.after}`,
    );
  }
});

t.test('a page is asked for when the one before has been taken', async (t) => {
  const asked: (string | undefined)[] = [];
  const find = async (p: Plan): Promise<Page> => {
    asked.push(p.after);
    return from(p);
  };
  for await (const page of pages(find, plan)) if (page.next === 'x') break;
  t.same(asked, [undefined]);
});

t.test('a failure is the last', async (t) => {
  const find = async (p: Plan): Promise<Outcome<Page>> =>
    p.after === undefined ? from(p) : fail('search-too-slow', { expected: 1, found: 'a count' });
  const found = await Array.fromAsync(pages(find, plan));
  t.same(
    found.map((page) => page instanceof Failure),
    [false, true],
  );
});
