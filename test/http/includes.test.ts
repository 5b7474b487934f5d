import t from 'tap';
import { patient, startServer } from './harness.ts';

const server = await startServer({ HUFHIR_MAX_INCLUDES: '3' });
const { ask } = server;
t.teardown(() => server.stop());

const group = (id: string, members: number) => ({
  resourceType: 'Group',
  id,
  type: 'person',
  actual: true,
  member: Array.from({ length: members }, (_, i) => ({ entity: { reference: `Patient/${id}-${i}` } })),
});

t.test('search.html#include: what a page may include is bounded before it is looked for', async (t) => {
  await ask('PUT', '/Group/three', group('three', 3));
  await ask('PUT', '/Group/four', group('four', 4));
  await ask('PUT', '/Patient/three-1', patient({ id: 'three-1' }));
  const few = await ask('GET', '/Group?_id=three&_include=Group:member');
  t.equal(few.status, 200);
  t.equal(few.body.entry.length, 2, 'targets that have not arrived are none');
  const many = await ask('GET', '/Group?_id=four&_include=Group:member');
  t.equal(many.status, 400);
  t.equal(many.body.issue[0].code, 'too-costly');
  t.match(many.body.issue[0].diagnostics, /more than 3 .*HUFHIR_MAX_INCLUDES/);
  t.equal((await ask('GET', '/Group?_include=Group:member')).status, 400, 'the targets of a page count together');
  t.equal((await ask('GET', '/Group?_id=four')).status, 200);
});

t.test('a large page is included in slices', async (t) => {
  const wide = await startServer({ HUFHIR_MAX_INCLUDES: '20000' });
  t.teardown(() => wide.stop());
  await wide.ask('PUT', '/Group/large', group('large', 20_000));
  const included = await wide.ask('GET', '/Group?_include=Group:member');
  t.equal(included.body.entry.length, 1);
  await wide.ask('PUT', '/Patient/large-19999', patient({ id: 'large-19999' }));
  const arrived = await wide.ask('GET', '/Group?_include=Group:member');
  t.equal(arrived.body.entry[1].resource.id, 'large-19999');
});

t.test('what is on the page already takes no place among what it includes', async (t) => {
  const chained = (id: string, next: string) =>
    patient({ id, link: [{ other: { reference: `Patient/${next}` }, type: 'seealso' }] });
  for (const [id, next] of [
    ['s1', 's2'],
    ['s2', 's1'],
    ['i1', 's1'],
    ['i2', 's1'],
    ['i3', 's1'],
  ] as const) {
    await ask('PUT', `/Patient/${id}`, chained(id, next));
  }
  const found = await ask('GET', '/Patient?_id=s1,s2&_revinclude=Patient:link');
  t.strictSame(
    found.body.entry.map((e: { resource: { id: string } }) => e.resource.id),
    ['s1', 's2', 'i1', 'i2', 'i3'],
  );
});
