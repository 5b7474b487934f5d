import t from 'tap';
import { boundOf, few, most, RememberedCounts } from '#storage/planning/remembered-counts.ts';

t.test('a count is remembered until the store has grown by half of it', (t) => {
  /** Rows counted at a seq, the seq at which they are asked for, and whether they are still known. */
  const rows: readonly (readonly [number, number, number, boolean])[] = [
    [1000, 5000, 5000, true],
    [1000, 5000, 5500, true],
    [1000, 5000, 5501, false],
    [0, 10, 10, true],
    [0, 10, 11, false],
  ];
  for (const [count, at, asked, isKnown] of rows) {
    let seq = at;
    const counts = new RememberedCounts(() => seq);
    t.equal(counts.remember('a', count), count);
    seq = asked;
    t.equal(counts.recall('a'), isKnown ? count : undefined, `${count} rows at ${at}, asked at ${asked}`);
    seq = at;
    t.equal(counts.recall('a'), isKnown ? count : undefined, 'what was forgotten has to be counted anew');
    t.equal(counts.recall('b'), undefined);
  }
  t.end();
});

t.test('what took work to count is remembered as long as that many rows would be', (t) => {
  let seq = 0;
  const counts = new RememberedCounts(() => seq);
  t.equal(counts.remember('a', 3, 1000), 3);
  seq = 500;
  t.equal(counts.recall('a'), 3);
  seq = 501;
  t.equal(counts.recall('a'), undefined);
  t.end();
});

t.test('the count of a long question is not remembered, and goes less far', (t) => {
  const counts = new RememberedCounts(() => 1);
  const [short, long] = ['x'.repeat(2000), 'x'.repeat(2001)];
  t.equal(counts.remember(long, 700), 700);
  t.equal(counts.recall(long), undefined);
  counts.remember(short, 700);
  t.equal(counts.recall(short), 700);
  t.equal(boundOf(short), most);
  t.ok(boundOf(long) < most && boundOf(long) > few);
  t.end();
});
