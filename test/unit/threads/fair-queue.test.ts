import t from 'tap';
import { FairQueue } from '#threads/fair-queue.ts';

const any = () => true;

function filled(...items: readonly (readonly [client: string, item: string])[]): FairQueue<string> {
  const queue = new FairQueue<string>();
  for (const [client, item] of items) queue.push(client, item);
  return queue;
}

function drained(queue: FairQueue<string>, may: (item: string) => boolean = any): string[] {
  const found: string[] = [];
  for (let next = queue.shift(may); next !== undefined; next = queue.shift(may)) found.push(next);
  return found;
}

const turns: readonly (readonly [name: string, items: readonly (readonly [string, string])[], expected: string[]])[] = [
  ['nothing', [], []],
  [
    'one client: first in, first out',
    [
      ['a', '1'],
      ['a', '2'],
      ['a', '3'],
    ],
    ['1', '2', '3'],
  ],
  [
    'two clients in turn',
    [
      ['a', '1'],
      ['a', '2'],
      ['b', '3'],
      ['b', '4'],
    ],
    ['1', '3', '2', '4'],
  ],
  [
    'who asks once waits for one of each other client',
    [
      ['a', '1'],
      ['a', '2'],
      ['a', '3'],
      ['b', '4'],
      ['c', '5'],
    ],
    ['1', '4', '5', '2', '3'],
  ],
];

for (const [name, items, expected] of turns) {
  t.test(`turns: ${name}`, async (t) => {
    const queue = filled(...items);
    t.equal(queue.size, items.length);
    t.strictSame(drained(queue), expected);
    t.equal(queue.size, 0);
  });
}

t.test('what may not go is passed over, and keeps its place', async (t) => {
  const queue = filled(['a', 'long 1'], ['a', 'short 1'], ['b', 'long 2'], ['b', 'short 2']);
  t.strictSame(
    drained(queue, (item) => item.startsWith('short')),
    ['short 1', 'short 2'],
  );
  t.strictSame(drained(queue), ['long 1', 'long 2']);
});

t.test('one that is put back comes before all others', async (t) => {
  const queue = filled(['a', '1'], ['b', '2']);
  queue.unshift('a', '0');
  queue.unshift('c', '3');
  t.equal(queue.size, 4);
  t.strictSame(drained(queue), ['3', '0', '2', '1']);
});

t.test('one that was taken out does not come again', async (t) => {
  const queue = filled(['a', '1'], ['a', '2'], ['b', '3']);
  t.equal(queue.remove('b', '3'), true);
  t.equal(queue.remove('b', '3'), false);
  t.equal(queue.remove('c', '1'), false);
  t.equal(queue.remove('a', '1'), true);
  t.strictSame(drained(queue), ['2']);
});

const places: readonly (readonly [name: string, places: number, own: number, others: number, expected: boolean])[] = [
  ['nothing waits', 4, 0, 0, false],
  ['one more than nothing', 4, 1, 0, false],
  ['as many as are left', 4, 2, 0, true],
  ['half of what others leave', 4, 1, 2, true],
  ['another’s first', 4, 0, 3, false],
  ['no place at all', 4, 0, 4, true],
];

for (const [name, count, own, others, expected] of places) {
  t.test(`places: ${name}`, async (t) => {
    const queue = new FairQueue<string>();
    for (let i = 0; i < own; i++) queue.push('me', 'mine');
    for (let i = 0; i < others; i++) queue.push(`other ${i}`, 'theirs');
    t.equal(queue.isFull('me', count), expected);
    t.equal(
      queue.some((item) => item === 'theirs'),
      others > 0,
    );
  });
}
