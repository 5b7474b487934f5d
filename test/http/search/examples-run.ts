import t, { type Test } from 'tap';
import { entry, type Reply, startServer, type TestServer, transaction } from '../harness.ts';

/**
 * What an example of R4's page finds: ids, in any order unless the table is an ordered one, or the status of its refusal. Where
 * that is not what R4 says, the reason stands with it.
 */
export type Example = readonly [query: string, expected: string | number, differs?: `differs: ${string}`];

/** Examples under the title of their section. */
export type Sections = Readonly<Record<string, readonly Example[]>>;

export type Stored = Readonly<Record<string, unknown>> & { readonly resourceType: string; readonly id: string };

/** In texts of data and queries: the base URL of the server. */
const base = /\{base\}/g;

/** A server that holds these resources, put by one transaction. */
export async function serverOf(stored: readonly Stored[]): Promise<TestServer> {
  const server = await startServer({ HUFHIR_DEFAULT_COUNT: '1000' });
  const entries = stored.map((r) => entry('PUT', `${r.resourceType}/${r.id}`, r));
  const { status, text } = await server.ask(
    'POST',
    '',
    JSON.stringify(transaction(...entries)).replace(base, server.base),
  );
  if (status !== 200) throw new Error(text);
  return server;
}

/** The ids of a page, as they come. */
export function idsOf({ body }: Reply, mode = 'match'): readonly string[] {
  const entries: readonly { resource: { id: string }; search: { mode: string } }[] = body.entry ?? [];
  return entries.filter((e) => e.search.mode === mode).map((e) => e.resource.id);
}

/** Asks each example by GET and by POST of a form (R4 http.html#search). */
export function examples(server: TestServer, sections: Sections, order: 'ordered' | 'any' = 'any'): void {
  for (const [title, rows] of Object.entries(sections)) {
    t.test(title, async (t) => {
      for (const [query, expected, differs] of rows) {
        const name = differs === undefined ? query : `${query} (${differs})`;
        const [path = '', parameters = ''] = cut(query.replace(base, server.base));
        const slash = path === '' ? '' : '/';
        const got = await server.ask('GET', `${slash}${path}?${parameters}`);
        check(t, query, name, expected, got, order);
        const posted = await server.ask('POST', `${slash}${path}/_search`, parameters, form);
        check(t, query, `POST ${name}`, expected, posted, order);
      }
    });
  }
}

const form = { 'content-type': 'application/x-www-form-urlencoded' };

function cut(query: string): readonly string[] {
  const at = query.indexOf('?');
  return [query.slice(0, at), query.slice(at + 1)];
}

function check(
  t: Test,
  query: string,
  name: string,
  expected: string | number,
  reply: Reply,
  order: 'ordered' | 'any',
): void {
  if (typeof expected === 'number') {
    t.equal(reply.status, expected, name);
    t.ok(namesParameter(reply, query), `${name} is refused with an outcome that names a parameter of it`);
    return;
  }
  if (reply.status !== 200) {
    t.fail(`${name}: ${reply.status} ${reply.text.slice(0, 400)}`);
    return;
  }
  const found = order === 'ordered' ? idsOf(reply) : idsOf(reply).toSorted();
  const wanted = expected.split(' ').filter((id) => id !== '');
  t.equal(found.join(' '), (order === 'ordered' ? wanted : wanted.toSorted()).join(' '), name);
}

/** A chain may be told by any name in it. */
function namesParameter({ body }: Reply, query: string): boolean {
  const parameters = query.slice(query.indexOf('?') + 1).split('&');
  const names = parameters.flatMap((parameter) => (parameter.split('=', 1)[0] ?? '').split(/[:.]/));
  const text = body?.resourceType === 'OperationOutcome' ? String(body.issue[0].diagnostics) : '';
  return names.some((name) => text.includes(`"${name}`));
}
