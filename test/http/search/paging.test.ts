import t from 'tap';
import { patient, type Reply, startServer } from '../harness.ts';

/** R4 http.html#paging, search.html#count: the links between the pages of a search. */

const server = await startServer();
const { ask } = server;
t.teardown(() => server.stop());

const size = 50;
t.before(async () => {
  const entry = Array.from({ length: size }, (_, i) => {
    const id = `p${String(i).padStart(2, '0')}`;
    return { resource: patient({ id }), request: { method: 'PUT', url: `Patient/${id}` } };
  });
  const { status, text } = await ask('POST', '', { resourceType: 'Bundle', type: 'transaction', entry });
  if (status !== 200) throw new Error(text);
});

interface Page {
  readonly ids: readonly string[];
  readonly links: Readonly<Record<string, string>>;
  readonly total: number | undefined;
}

function read({ status, body, text }: Reply): Page {
  if (status !== 200) throw new Error(text);
  const links = Object.fromEntries(body.link.map((l: { relation: string; url: string }) => [l.relation, l.url]));
  return { ids: (body.entry ?? []).map((e: { resource: { id: string } }) => e.resource.id), links, total: body.total };
}

const get = async (path: string): Promise<Page> => read(await ask('GET', path));
const follow = (url: string | undefined): Promise<Page> => get(String(url).slice(server.base.length));

async function through(start: Page, relation: string): Promise<Page[]> {
  const pages = [start];
  for (let at = start; at.links[relation] !== undefined; ) {
    at = await follow(at.links[relation]);
    pages.push(at);
  }
  return pages;
}

t.test('next leads to the end, previous back to the start', async (t) => {
  const pages = await through(await get('/Patient?_sort=_id&_count=7'), 'next');
  t.same(
    pages.map((p) => p.ids.length),
    [7, 7, 7, 7, 7, 7, 7, 1],
  );
  t.equal(new Set(pages.flatMap((p) => p.ids)).size, size);
  const [first, last] = [pages[0], pages.at(-1)];
  if (first === undefined || last === undefined) throw new Error('no pages');
  const back = await through(last, 'previous');
  t.same(
    back.reverse().map((p) => p.ids),
    pages.map((p) => p.ids),
  );
  t.equal(first.links.previous, undefined, 'nothing is before the first page');
  t.equal(last.links.next, undefined, 'nothing follows the last');
});

t.test('which links a page has', async (t) => {
  const cases: [query: string, follow: number, relations: string][] = [
    ['_count=10', 0, 'self first next'],
    ['_count=10', 1, 'self first previous next'],
    ['_count=10', 4, 'self first previous'],
    ['_count=100', 0, 'self'],
    ['_count=50', 0, 'self'],
    ['_count=0', 0, 'self'],
    ['_id=nobody', 0, 'self'],
  ];
  for (const [query, steps, relations] of cases) {
    let page = await get(`/Patient?${query}`);
    for (let i = 0; i < steps; i++) page = await follow(page.links.next);
    t.equal(Object.keys(page.links).join(' '), relations, `${query}, page ${steps + 1}`);
  }
});

t.test('first and self lead where they say', async (t) => {
  const first = await get('/Patient?_sort=-_id&_count=10');
  const second = await follow(first.links.next);
  const third = await follow(second.links.next);
  t.equal(third.links.first, `${server.base}/Patient?_sort=-_id&_count=10`);
  t.same((await follow(third.links.first)).ids, first.ids);
  t.same((await follow(third.links.self)).ids, third.ids);
  t.same((await follow(third.links.previous)).ids, second.ids);
  const again = await follow((await follow(third.links.self)).links.previous);
  t.same(again.ids, second.ids, 'also from a page that was asked for by its own link');
  t.equal(again.links.previous, first.links.self, 'the page before the second is the first');
});

t.test('the total stands on each page that was asked for one', async (t) => {
  const pages = await through(await get('/Patient?_count=20&_total=accurate'), 'next');
  t.same(
    pages.map((p) => p.total),
    [size, size, size],
  );
});

t.test('the way back is bounded: the first page stays one step away', async (t) => {
  const pages = await through(await get('/Patient?_sort=_id&_count=1'), 'next');
  const back = await through(pages.at(-1) ?? (await get('/Patient')), 'previous');
  t.equal(pages.length, size);
  t.equal(back.length, 21, 'twenty pages back');
  t.same(
    back.map((p) => p.ids[0]),
    pages
      .slice(-21)
      .reverse()
      .map((p) => p.ids[0]),
  );
  t.same((await follow(back.at(-1)?.links.first)).ids, ['p00']);
  const lengths = pages.map((p) => String(p.links.next ?? '').length);
  t.ok(Math.max(...lengths) < 8_000, `links of at most ${Math.max(...lengths)} characters`);
});

t.test('values that may identify a resident are in no link', async (t) => {
  const number = '310105195001021234';
  for (const id of ['x1', 'x2', 'x3']) {
    await ask('PUT', `/Patient/${id}`, patient({ id, identifier: [{ system: 'urn:id', value: number }] }));
  }
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const body = `identifier=urn:id|${number}&_count=1&_sort=_id`;
  const pages = await through(read(await ask('POST', '/Patient/_search', body, form)), 'next');
  t.same(
    pages.flatMap((p) => p.ids),
    ['x1', 'x2', 'x3'],
  );
  t.notOk(JSON.stringify(pages.map((p) => p.links)).includes(number));
  t.same((await follow(pages[2]?.links.first)).ids, ['x1']);
  t.same((await follow(pages[2]?.links.previous)).ids, ['x2']);
});

t.test('the self link tells what was applied, and no more', async (t) => {
  const cases: [query: string, self: string][] = [
    ['_count=5000', '_count=1000'],
    ['colour=red&gender=male&_count=3', 'gender=male&_count=3'],
    ['_sort=-birthdate,name&_total=none', '_sort=-birthdate,name&_total=none'],
  ];
  for (const [query, self] of cases) {
    const page = read(await ask('GET', `/Patient?${query}`, undefined, { prefer: 'handling=lenient' }));
    t.equal(page.links.self, `${server.base}/Patient?${self}`);
  }
});

t.test('a link that is forged, of another place, or mixed with parameters: 400', async (t) => {
  const { links } = await get('/Patient?_count=10');
  const path = String(links.next).slice(server.base.length);
  const cases: [path: string, text: RegExp][] = [
    ['/Patient?_after=x', /page link/],
    [`${path.slice(0, -5)}AAAAA`, /page link/],
    [path.replace('/Patient', '/Basic'), /page link/],
    [path.replace('/Patient', '/Patient/p00/*'), /page link/],
    [`${path}&gender=male`, /"gender" is not defined for a page link/],
  ];
  for (const [asked, text] of cases) {
    const { status, body } = await ask('GET', asked);
    t.equal(status, 400, asked.slice(0, 40));
    t.match(body.issue[0].diagnostics, text);
  }
});

t.test('where there is little room for links, the way back is shorter', async (t) => {
  const narrow = await startServer({ HUFHIR_MAX_URL: '700' });
  t.teardown(() => narrow.stop());
  for (let i = 0; i < 12; i++) await narrow.ask('PUT', `/Patient/n${i}`, patient({ id: `n${i}` }));
  let path: string | undefined = '/Patient?_count=1';
  const seen: string[] = [];
  let page: Page | undefined;
  while (path !== undefined) {
    page = read(await narrow.ask('GET', path));
    seen.push(...page.ids);
    const lengths = Object.values(page.links).map((url) => url.length - new URL(narrow.base).origin.length);
    t.ok(Math.max(...lengths) <= 700, `${lengths}`);
    path = page.links.next?.slice(narrow.base.length);
  }
  t.equal(new Set(seen).size, 12);
  t.ok(page?.links.previous !== undefined);
});
