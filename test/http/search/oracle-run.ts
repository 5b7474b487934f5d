import type { Definitions } from '#fhir/model/definitions.ts';
import { entry, type Reply, type TestServer, transaction } from '#test/http/harness.ts';
import { generate } from './oracle-data.ts';
import type { Search } from './oracle-feature.ts';
import { criterion, inCompartment } from './oracle-search.ts';
import { misplaced } from './oracle-sort.ts';
import type { Stored } from './oracle-values.ts';
import { World } from './oracle-world.ts';

/** Writes the generated resources, and reads back all that the server has: it brings some definitions of its own. */
export async function load(server: TestServer, definitions: Definitions, seed: number): Promise<World> {
  const { early, final } = generate(seed, server.base);
  const urlOf = (r: Stored) => `${r.resourceType}/${r.id}`;
  const kept = new Set(final.map(urlOf));
  const bundles = [
    ...slices(early).map((some) => some.map((r) => entry('PUT', urlOf(r), r))),
    ...slices(final).map((some) => some.map((r) => entry('PUT', urlOf(r), r))),
    early.filter((r) => !kept.has(urlOf(r))).map((r) => entry('DELETE', urlOf(r))),
  ];
  for (const bundle of bundles) succeed(await server.ask('POST', '', transaction(...bundle)));
  const types = [...new Set(final.map((r) => r.resourceType))];
  const stored: Stored[] = [];
  for (const type of types) {
    for (const { resource } of succeed(await server.ask('GET', `/${type}?_count=1000`)).entry ?? [])
      stored.push(resource);
  }
  const there = new Set(stored.map(urlOf));
  for (const url of kept) if (!there.has(url)) throw new Error(`${url} was written and is not there`);
  return new World(definitions, server.base, stored);
}

function slices<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / 100) }, (_, i) => all.slice(i * 100, (i + 1) * 100));
}

/** The answer to a search, as far as it is looked at here. */
interface Page {
  readonly entry?: readonly { readonly resource: Stored; readonly search: { readonly mode: string } }[];
  readonly link: readonly { readonly relation: string; readonly url: string }[];
}

function succeed({ status, text, body }: Reply): Page {
  if (status !== 200) throw new Error(`${status}: ${text.slice(0, 2000)}`);
  return body;
}

function pairsOf({ types, pairs, contained, sort, count }: Search): (readonly [string, string])[] {
  const shape: (readonly [string, string])[] = [['_count', String(count)]];
  if (types.length > 1) shape.unshift(['_type', types.join(',')]);
  if (contained) shape.push(['_contained', 'true']);
  return [...pairs, ...shape, ...(sort === undefined ? [] : [['_sort', sort] as const])];
}

/** As it would be typed: readable, save for what a URL cannot hold. */
export function show(search: Search): string {
  const pairs = pairsOf(search).map(([name, value]) => `${name}=${value.replace(/[%&#+]/g, encodeURIComponent)}`);
  return `${search.post ? 'POST' : 'GET'} ${pathOf(search)}?${pairs.join('&')}`;
}

function pathOf({ types, compartment }: Search): string {
  const [type = ''] = types;
  if (types.length > 1) return '';
  return compartment === undefined ? `/${type}` : `/Patient/${compartment}/${type}`;
}

/** What the server finds, page after page. */
export async function find(server: TestServer, search: Search): Promise<readonly Stored[]> {
  const query = new URLSearchParams(pairsOf(search).map(([name, value]) => [name, value])).toString();
  const path = pathOf(search);
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  let page = succeed(
    await (search.post ? server.ask('POST', `${path}/_search`, query, form) : server.ask('GET', `${path}?${query}`)),
  );
  const found: Stored[] = [];
  for (;;) {
    for (const { resource, search: why } of page.entry ?? []) {
      if (why.mode !== 'match') throw new Error(`an entry has the mode ${why.mode}`);
      found.push(resource);
    }
    const next = page.link.find((l) => l.relation === 'next')?.url;
    if (next === undefined) return found;
    page = succeed(await server.ask('GET', next.slice(server.base.length)));
  }
}

/** What R4 says that it should find. */
export function expect(world: World, { types, compartment, pairs, contained }: Search): readonly Stored[] {
  return types.flatMap((type) => {
    const criteria = pairs.map(([name, value]) => {
      const read = criterion(world, type, name, value);
      if (read === undefined) throw new Error(`the oracle cannot read ${name}=${value} for ${type}`);
      return read;
    });
    const passes = (r: Stored) => criteria.every((holds) => holds(r));
    if (contained) {
      const all = world.types.flatMap((t) => world.ofType(t));
      return all.filter((r) => world.contained(r).some((one) => one.resourceType === type && passes(one)));
    }
    const all = world.ofType(type).filter(passes);
    return compartment === undefined ? all : all.filter((r) => inCompartment(world, r, compartment));
  });
}

/** How the server's answer differs from the oracle's; undefined if it does not. */
export function difference(world: World, search: Search, found: readonly Stored[]): string | undefined {
  const name = (r: Stored) => `${r.resourceType}/${r.id}`;
  const expected = new Map(expect(world, search).map((r) => [name(r), r]));
  const ids = new Set(found.map(name));
  const lines: string[] = [];
  if (ids.size < found.length) lines.push(`${found.length - ids.size} resources come twice`);
  const missing = [...expected].filter(([id]) => !ids.has(id));
  const extra = found.filter((r) => !expected.has(name(r))).map((r) => [name(r), r] as const);
  for (const [what, all] of [
    ['is missing', missing],
    ['is too much', extra],
  ] as const) {
    // The smallest shows best what the difference is about.
    const shown = [...all].sort((a, b) => JSON.stringify(a).length - JSON.stringify(b).length).slice(0, 2);
    for (const [id, resource] of shown)
      lines.push(`${id} ${what} (as one of ${all.length}): ${JSON.stringify(resource)}`);
  }
  if (lines.length === 0 && search.sort !== undefined)
    lines.push(...[misplaced(world, found, search.sort) ?? []].flat());
  return lines.length === 0 ? undefined : [show(search), ...lines].join('\n');
}
