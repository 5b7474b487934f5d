import t from 'tap';
import { startServer, type TestServer } from '../harness.ts';

/** R4 search.html#subsumption, in the hierarchy that is stored when the search comes. */

const url = 'http://x.example/codes';
const [one, other] = [await startServer(), await startServer()];
t.teardown(async () => {
  await one.stop();
  await other.stop();
});

function put(
  server: TestServer,
  parents: Readonly<Record<string, string>>,
  id = 'codes',
  version = '1',
): Promise<number> {
  const concept = ['a', 'b', 'c'].map((code) => {
    const parent = parents[code];
    return { code, ...(parent !== undefined && { property: [{ code: 'parent', valueCode: parent }] }) };
  });
  const system = { resourceType: 'CodeSystem', id, url, version, status: 'active', content: 'complete', concept };
  return server.ask('PUT', `/CodeSystem/${id}`, system).then((reply) => reply.status);
}

async function below(server: TestServer, code: string): Promise<string> {
  const { body } = await server.ask('GET', `/Basic?code:below=${url}|${code}&_sort=_id`);
  if (body.entry === undefined) return body.issue?.[0]?.details?.coding?.[0]?.code ?? '';
  return body.entry.map((e: { resource: { id: string } }) => e.resource.id).join(' ');
}

for (const server of [one, other]) {
  for (const code of ['a', 'b', 'c']) {
    const coding = [{ system: url, code }];
    await server.ask('PUT', `/Basic/${code}`, { resourceType: 'Basic', id: code, code: { coding } });
  }
}

t.test('a hierarchy is that of the current version, of each store', async (t) => {
  t.equal(await put(one, { b: 'a', c: 'b' }), 201);
  t.equal(await put(other, { a: 'c' }), 201);
  for (let i = 0; i < 2; i++) {
    t.equal(await below(one, 'a'), 'a b c');
    t.equal(await below(other, 'a'), 'a', 'another store has another');
    t.equal(await below(other, 'c'), 'a c');
  }
  t.equal(await put(one, { c: 'a' }), 200);
  t.equal(await below(one, 'a'), 'a c', 'changed');
  t.equal(await put(one, { b: 'c' }, 'codes-2', '2'), 201);
  t.equal(await below(one, 'a'), 'a', 'a newer one counts');
  t.equal((await one.ask('DELETE', '/CodeSystem/codes-2')).status, 204);
  t.equal(await below(one, 'a'), 'a c', 'until it is deleted');
  t.equal((await one.ask('DELETE', '/CodeSystem/codes')).status, 204);
  t.equal((await one.ask('GET', `/Basic?code:below=${url}|a`)).status, 400, 'then there is none');
  t.equal(await put(one, { b: 'a' }), 201);
  t.equal(await below(one, 'a'), 'a b', 'and there is again');
});
