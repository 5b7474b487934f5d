import type { ElmJson } from './translate.ts';

/** What we look at in any node of ELM. */
interface Node {
  readonly type?: string;
  readonly name?: string;
  readonly libraryName?: string;
  readonly dataType?: string;
}

interface Definition extends Node {
  readonly name: string;
}

interface ElmLibrary {
  readonly library: ElmJson['library'] & {
    readonly includes?: { readonly def?: readonly { readonly localIdentifier: string; readonly path: string }[] };
    readonly statements?: { readonly def?: readonly Definition[] };
    readonly valueSets?: { readonly def?: readonly { readonly name: string }[] };
    readonly parameters?: { readonly def?: readonly { readonly name: string }[] };
  };
}

/** What the expressions of a main library reach. */
export interface ElmReach {
  /** The resource types of the retrieves. */
  readonly types: ReadonlySet<string>;
  /** Names of expressions asked for that the main library does not define. */
  readonly missing: readonly string[];
  /** Names of value sets, as the libraries call them. */
  readonly valueSets: ReadonlySet<string>;
  /** Names of the parameters that the reached libraries declare. */
  readonly parameters: ReadonlySet<string>;
}

/** Walks from these expressions of the first library through all they refer to. */
export function elmReach(libraries: readonly ElmJson[], expressions: readonly string[]): ElmReach {
  const [main] = libraries as readonly ElmLibrary[];
  const byName = new Map((libraries as readonly ElmLibrary[]).map((l) => [l.library.identifier.id, l]));
  const types = new Set<string>();
  const valueSets = new Set<string>();
  const parameters = new Set<string>();
  const seen = new Set<Definition>();

  const definition = (library: ElmLibrary, name: string): readonly Definition[] =>
    (library.library.statements?.def ?? []).filter((d) => d.name === name);

  const visit = (value: unknown, library: ElmLibrary): void => {
    if (Array.isArray(value)) for (const item of value) visit(item, library);
    else if (typeof value === 'object' && value !== null) {
      const node: Node = value;
      if (node.type === 'Retrieve') types.add((node.dataType ?? '').replace(/^\{.*\}/, ''));
      if (node.type === 'ValueSetRef' && node.name !== undefined) valueSets.add(node.name);
      if (node.type === 'ExpressionRef' || node.type === 'FunctionRef') follow(node, library);
      for (const child of Object.values(value)) visit(child, library);
    }
  };

  const follow = ({ name = '', libraryName }: Node, from: ElmLibrary): void => {
    const include = from.library.includes?.def?.find((i) => i.localIdentifier === libraryName);
    const library = libraryName === undefined ? from : byName.get(include?.path ?? libraryName);
    if (library === undefined) return;
    for (const d of definition(library, name)) {
      if (seen.has(d)) continue;
      seen.add(d);
      visit(d, library);
    }
  };

  for (const l of libraries as readonly ElmLibrary[])
    for (const p of l.library.parameters?.def ?? []) parameters.add(p.name);
  const missing = expressions.filter((name) => main === undefined || definition(main, name).length === 0);
  if (main !== undefined) for (const name of expressions) follow({ name }, main);
  types.delete('Patient');
  return { types, missing, valueSets, parameters };
}

/**
 * ELM for cql-execution: without `localId` and `annotation`, for each of which it would keep a result; and with the
 * return clause written out where a query of one source has none, since it would then compare all results to drop equal
 * ones, which CQL does not ask (Author's Guide, Shaping: a query without `return` gives its source's elements).
 */
export function trimmed(library: ElmJson): ElmJson {
  return JSON.parse(JSON.stringify(library), (key, value: unknown) => {
    if (key === 'localId' || key === 'annotation' || key === 'signature') return undefined;
    return isPlainQuery(value)
      ? { ...value, return: { distinct: false, expression: { type: 'AliasRef', name: value.source[0].alias } } }
      : value;
  });
}

interface PlainQuery {
  readonly type: 'Query';
  readonly source: readonly [{ readonly alias: string }];
}

function isPlainQuery(value: unknown): value is PlainQuery {
  if (typeof value !== 'object' || value === null) return false;
  const query = value as Partial<Record<string, unknown>>;
  if (query.type !== 'Query' || query.return !== undefined || query.aggregate !== undefined) return false;
  return Array.isArray(query.source) && query.source.length === 1;
}
