import { readFileSync } from 'node:fs';
import t from 'tap';
import { Failure } from '#errors';
import { atMost, limits } from '#limits';
import { SearchBudget } from '#search/criteria/budget.ts';
import type { Filter } from '#search/model/filter.ts';

t.test('README.md tells every limit, one a row, and no other', async (t) => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const row = /^\| `([a-z-]+)` \| ([\d,]+) \| (.*?) \| (.*?) \|$/gm;
  const told = [...readme.matchAll(row)].map(([, name, most = '', ...words]) => [
    name,
    Number(most.replaceAll(',', '')),
    ...words,
  ]);
  t.strictSame(
    told,
    Object.entries(limits).map(([name, { most, unit, of }]) => [name, most, unit, of]),
  );
});

t.test('a refusal names the limit and how much there may be', async (t) => {
  t.equal(atMost('search-parameters'), 'at most 100 parameters (limit search-parameters)');
});

t.test('the budget of a search counts what is read again', async (t) => {
  const budget = new SearchBudget();
  const filter: Filter = { op: 'or', of: Array.from({ length: 2_000 }, () => ({ op: 'all' })) };
  for (let i = 0; i < 100; i++) t.equal(budget.accept(filter), filter);
  const refused = budget.accept(filter);
  t.match(refused instanceof Failure && refused.issues[0].text, /202000 values .* 200000 .*\(limit search-work\)/);
});
