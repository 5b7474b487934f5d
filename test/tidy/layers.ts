import { posix } from 'node:path';
import { type Breach, isScript, isTypeScript, lineOf, type Source } from './source.ts';

/** The order of the rooms: a file imports from rooms of a lower rank only, and from its own. */
const ranks: Readonly<Record<string, number>> = {
  'retry-catalogue': -2,
  'error-catalogue': -1,
  'resident-numbers': -1,
  limits: -1,
  // Plain JavaScript, before all.
  bin: -1,
  errors: 0,
  config: 1,
  threads: 2,
  fhir: 3,
  terminology: 4,
  search: 5,
  validation: 5,
  storage: 6,
  measure: 7,
  identity: 7,
  security: 7,
  operations: 8,
  http: 9,
  cli: 9,
  assembly: 10,
  main: 11,
};
const order =
  'errors → config → threads → fhir → terminology → search, validation → storage → measure, identity, security → operations → http, cli → assembly → main';

/**
 * The order of the sub-rooms of a room, and of files at its top where others may import them: a file imports from what stands
 * before its own. What stands together (an inner list) does not import from each other. Files at the top that are not named stand last.
 */
const subRanks: Readonly<Record<string, readonly (string | readonly string[])[]>> = {
  fhir: ['json', 'values', 'model', ['xml', 'fhirpath'], 'patch'],
  validation: [
    ['invariants', 'narrative.ts', 'value.ts'],
    'primitive.ts',
    'schema.ts',
    ['binding.ts', 'contained.ts', 'reference.ts', 'bundle.ts'],
    ['walk.ts', 'profile.ts'],
    'overlay.ts',
    'extension.ts',
    'validator.ts',
  ],
  search: ['model', 'text', 'extract', 'match', 'criteria', 'filter-expression', 'parse.ts', 'plan.ts'],
  storage: ['shelf.ts', 'unavailable.ts', 'store.ts', 'driver.ts', 'check.ts', 'pages.ts', 'planning', 'sqlite'],
  'storage/sqlite': [
    'database',
    'check',
    'wire',
    'index',
    'planner',
    'read',
    'write',
    'answers.ts',
    'workers.ts',
    'jobs.ts',
    'store.ts',
    'driver.ts',
  ],
  operations: [
    'search-parameters',
    'request',
    'jobs',
    'read',
    'lookups',
    'search',
    'write',
    'bundle',
    ['references', 'measure', 'validate'],
    'operations.ts',
    'conformance',
    'perform.ts',
  ],
  http: ['request', 'response', 'tasks.ts', 'exchange.ts', 'large-request.ts', 'dispatch.ts', 'server'],
};

const readers = { config: ['operations', 'http', 'cli', 'assembly', 'main'], seed: ['cli'] };
const adapters = ['sqlite', 'mongodb'];
const packages = [
  { name: /^(@fastify\/|fastify$)/, home: 'src/http/' },
  { name: /^node:sqlite$/, home: 'src/storage/sqlite/' },
  { name: /^mongodb$/, home: 'src/storage/mongodb/' },
];

export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** A worker's file, named by `new URL('./x.ts', import.meta.url)`. */
  readonly url: boolean;
}

/** Every import of a file, types and re-exports included. */
export function importsOf(source: Source): Import[] {
  const found: Import[] = [];
  const statement = /^(?:import|export)\b(?:[^'";]*?\bfrom)?\s*['"]([^'"\n]+)['"]/gm;
  const inner = /\bimport\(\s*['"]([^'"\n]+)['"]\s*[,)]/g;
  const url = /\bnew URL\(\s*['"](\.[^'"\n]+\.[jt]s)['"],\s*import\.meta\.url\s*\)/g;
  for (const pattern of [statement, inner, url]) {
    for (const match of source.text.matchAll(pattern)) {
      found.push({ specifier: match[1] ?? '', line: lineOf(source.text, match.index), url: pattern === url });
    }
  }
  return found;
}

/** The path that an import of our own names; undefined for packages. */
export function target(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(from), specifier);
  if (
    [
      '#retry-catalogue',
      '#error-catalogue',
      '#resident-numbers',
      '#limits',
      '#errors',
      '#config',
      '#assembly',
    ].includes(specifier)
  )
    return `src/${specifier.slice(1)}.ts`;
  if (/^#(seed|test|bin)\//.test(specifier)) return specifier.slice(1);
  return specifier.startsWith('#') ? `src/${specifier.slice(1)}` : undefined;
}

/** `search` of `src/search/plan.ts`, `errors` of `src/errors.ts`, `seed` of `seed/names.ts`. */
export function room(path: string): string {
  const parts = path.split('/');
  if (parts[0] !== 'src') return parts[0] ?? '';
  return parts.length > 2 ? (parts[1] ?? '') : (parts[1] ?? '').replace(/\.ts$/, '');
}

function adapter(path: string): string | undefined {
  const [, name] = /^src\/storage\/([^/]+)\//.exec(path) ?? [];
  return name !== undefined && adapters.includes(name) ? name : undefined;
}

interface Edge {
  readonly from: string;
  readonly to: string;
  readonly entry: Import;
}

function edges(sources: readonly Source[]): Edge[] {
  return sources
    .filter((s) => isScript(s.path))
    .flatMap((s) =>
      importsOf(s).flatMap((entry) => {
        const to = target(s.path, entry.specifier);
        return to === undefined ? [] : [{ from: s.path, to, entry }];
      }),
    );
}

function wrongDirection(from: string, to: string): string | undefined {
  const [here, there] = [room(from), room(to)];
  if (here === there) return undefined;
  if (here === 'seed') return there === 'seed' ? undefined : 'seed/ stands alone: let it import nothing of src or test';
  if (there === 'test') return 'src imports nothing of test/: move what both need into src';
  if (there === 'seed') return readers.seed.includes(here) ? undefined : 'only cli may import seed/';
  if (there === 'console' || here === 'console')
    return 'the console uses the public API only: it imports no room, and none imports it';
  const [a, b] = [ranks[here], ranks[there]];
  if (a === undefined || b === undefined)
    return `${a === undefined ? here : there} is no room of DESIGN.md: give it a rank in test/tidy/layers.ts`;
  if (b >= a) return `${here} may not import ${there}: move what it needs into a room that both may import (${order})`;
  if (there === 'config' && !readers.config.includes(here))
    return `only ${readers.config.join(', ')} may import config: take the value as an argument`;
  return undefined;
}

/** Rooms import one way. */
export function direction(sources: readonly Source[]): Breach[] {
  return edges(sources.filter((s) => /^(src|seed)\//.test(s.path))).flatMap(({ from, to, entry }) => {
    const todo = wrongDirection(from, to);
    return todo === undefined ? [] : [{ at: `${from}:${entry.line}`, todo }];
  });
}

/** The sub-room, or the file at the top of its room, that a path lies in. */
function subRoom(path: string, of: string): string {
  return path.slice(`src/${of}/`.length).split('/')[0] ?? '';
}

/** Sub-rooms import one way. */
export function subDirection(sources: readonly Source[]): Breach[] {
  const all = edges(sources.filter((s) => s.path.startsWith('src/'))).filter(({ to }) => isScript(to));
  return Object.entries(subRanks).flatMap(([of, order]) => {
    const rank = (sub: string): number => order.findIndex((o) => (typeof o === 'string' ? o === sub : o.includes(sub)));
    return all
      .filter(({ from, to }) => from.startsWith(`src/${of}/`) && to.startsWith(`src/${of}/`))
      .flatMap(({ from, to, entry }) => {
        const [here, there] = [subRoom(from, of), subRoom(to, of)];
        if (here === there) return [];
        const unranked = [here, there].find((sub) => rank(sub) < 0 && !sub.endsWith('.ts'));
        const todo =
          unranked !== undefined
            ? `${of}/${unranked} has no rank: give it one in test/tidy/layers.ts`
            : `${here} may not import ${there}: ${of} imports one way (${order.flat().join(' → ')})`;
        const last = order.length;
        const [a, b] = [here, there].map((sub) => (rank(sub) < 0 ? last : rank(sub)));
        return unranked === undefined && (a ?? last) > (b ?? last) ? [] : [{ at: `${from}:${entry.line}`, todo }];
      });
  });
}

/** Between rooms by the `#room/` map, within a room relative. */
export function spelling(sources: readonly Source[]): Breach[] {
  return edges(sources.filter((s) => s.path.startsWith('src/'))).flatMap(({ from, to, entry }) => {
    const relative = entry.specifier.startsWith('.');
    if (relative === (room(from) === room(to))) return [];
    const todo = relative
      ? `import it as #${to.replace(/^src\//, '')}`
      : 'it is of the same room: import it by a relative path';
    return [{ at: `${from}:${entry.line}`, todo }];
  });
}

/** Fastify in http, databases in their folders, adapters named by main alone. */
export function homes(sources: readonly Source[]): Breach[] {
  const scripts = sources.filter((s) => s.path.startsWith('src/') && isScript(s.path));
  const strangers = scripts.flatMap((s) =>
    importsOf(s).flatMap(({ specifier, line }) =>
      packages
        .filter((p) => p.name.test(specifier) && !s.path.startsWith(p.home))
        .map((p) => ({ at: `${s.path}:${line}`, todo: `${specifier} may be imported under ${p.home} only` })),
    ),
  );
  const named = edges(scripts)
    .filter(({ from, to }) => adapter(to) !== undefined && adapter(to) !== adapter(from) && from !== 'src/main.ts')
    .map(({ from, to, entry }) => ({
      at: `${from}:${entry.line}`,
      todo: `only src/main.ts names a store adapter (${to}): take a Store as an argument`,
    }));
  return [...strangers, ...named];
}

/** Import cycles among files, one breach each. Type imports count. */
export function cycles(sources: readonly Source[]): Breach[] {
  const next = Map.groupBy(
    edges(sources).filter((e) => !e.entry.url),
    (e) => e.from,
  );
  const done = new Set<string>();
  const path: string[] = [];
  const found: Breach[] = [];
  const visit = (file: string): void => {
    const seen = path.indexOf(file);
    if (seen >= 0) found.push({ at: file, todo: `break the cycle ${[...path.slice(seen), file].join(' → ')}` });
    if (seen >= 0 || done.has(file)) return;
    path.push(file);
    for (const { to } of next.get(file) ?? []) visit(to);
    path.pop();
    done.add(file);
  };
  for (const { path: file } of sources) visit(file);
  return found;
}

/** What the console's page names: `src="…"`, `href="…"` and imports of its scripts. */
function pageLinks(source: Source): string[] {
  const links = [...source.text.matchAll(/\b(?:src|href)="([^":#]+)"|\bfrom '(\.[^']+)'|\bimport '(\.[^']+)'/g)];
  return links.map((m) => posix.join(posix.dirname(source.path), (m[1] ?? m[2] ?? m[3] ?? '').replace(/^\//, '')));
}

/** Files under src that nothing reaches from main.ts, or from the console's page. */
export function dead(sources: readonly Source[]): Breach[] {
  const all = new Map(sources.filter((s) => s.path.startsWith('src/')).map((s) => [s.path, s]));
  const reached = new Set<string>();
  const queue = ['src/main.ts', 'src/console/index.html'];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    const source = all.get(path);
    if (source === undefined || reached.has(path)) continue;
    reached.add(path);
    if (isTypeScript(path)) queue.push(...importsOf(source).flatMap((i) => target(source.path, i.specifier) ?? []));
    else queue.push(...pageLinks(source));
  }
  return [...all.keys()]
    .filter((path) => !reached.has(path) && !path.endsWith('.md'))
    .map((at) => ({ at, todo: 'nothing reaches it from src/main.ts: import it or delete it' }));
}
