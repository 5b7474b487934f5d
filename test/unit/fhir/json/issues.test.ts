import t from 'tap';
import { failIfAny, issue } from '#errors';
import { Issues, maxIssues } from '#fhir/json/issues.ts';

t.test('issues are bounded: errors and warnings apart, so that none hides another', async (t) => {
  const issues = new Issues();
  issues.addAll(Array.from({ length: maxIssues }, () => issue('deleted', { found: 'x' }, 'x', 'warning')));
  t.equal(issues.list.length, maxIssues);
  issues.addAll(Array.from({ length: 9 }, () => issue('deleted', { found: 'x' }, 'x', 'warning')));
  t.equal(issues.list.length, maxIssues + 1);
  t.match(issues.list.at(-1), { code: 'more-issues', severity: 'warning' });
  t.notOk(issues.full);
  t.equal(failIfAny(issues.list), undefined);
  issues.add(issue('deleted', { found: 'x' }));
  t.equal(failIfAny(issues.list)?.status, 410);
  issues.addAll(Array.from({ length: maxIssues + 9 }, () => issue('deleted', { found: 'x' })));
  t.ok(issues.full);
  t.equal(issues.list.length, 2 * (maxIssues + 1));
  t.match(issues.list.at(-1), { code: 'more-issues', severity: 'error' });
});
