import { compileTyped, type TypedValue } from '#fhir/fhirpath/fhirpath.ts';
import type { Definitions, SearchParameter } from '#fhir/model/definitions.ts';
import type { Stored } from './oracle-values.ts';

/** Where a Reference, or a uri in its place, points as far as its text tells. */
export type Link =
  | { readonly to: 'local'; readonly type: string; readonly id: string; readonly version?: string | undefined }
  | { readonly to: 'url'; readonly url: string }
  | { readonly to: 'identifier'; readonly system: string; readonly value: string; readonly type?: string | undefined };

type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value];
}

const localForm = /^([A-Z][A-Za-z]*)\/([A-Za-z0-9.-]{1,64})(?:\/_history\/([A-Za-z0-9.-]{1,64}))?$/;

/**
 * `resolve() is T` in FHIRPath that needs no server: by the type in the literal reference, else by Reference.type; a
 * reference that tells neither may be to a T.
 */
function answerResolve(expression: string): string {
  return expression.replace(/resolve\(\) is (\w+)/g, (_, type) => {
    const typed = `reference.matches('^([a-z][a-z0-9+.-]*:[^ ]*/)?[A-Z][A-Za-z]*/[A-Za-z0-9.-]+(/_history/[A-Za-z0-9.-]+)?$')`;
    const asked = `reference.matches('^([a-z][a-z0-9+.-]*:[^ ]*/)?${type}/[A-Za-z0-9.-]+(/_history/[A-Za-z0-9.-]+)?$')`;
    return `iif(reference.exists() and ${typed}, ${asked}, iif(type.exists(), type = '${type}', true))`;
  });
}

/** The sides of a union that is not within parentheses. */
function branches(expression: string): string[] {
  const found = [''];
  let depth = 0;
  for (const c of expression) {
    if (c === '(') depth++;
    if (c === ')') depth--;
    if (c === '|' && depth === 0) found.push('');
    else found.push(`${found.pop()}${c}`);
  }
  return found;
}

/** All resources of the server, and what the FHIRPath expressions of the search parameters give for each. */
export class World {
  readonly definitions: Definitions;
  readonly base: string;
  readonly #byType: ReadonlyMap<string, readonly Stored[]>;
  readonly #byReference: ReadonlyMap<string, Stored>;
  readonly #remembered = new Map<string, unknown>();
  /** Ids of contained resources repeat from container to container. */
  readonly #numbers = new Map<Stored, number>();

  constructor(definitions: Definitions, base: string, resources: readonly Stored[]) {
    this.definitions = definitions;
    this.base = base;
    this.#byType = Map.groupBy(resources, (r) => r.resourceType);
    this.#byReference = new Map(resources.map((r) => [`${r.resourceType}/${r.id}`, r]));
  }

  get types(): string[] {
    return [...this.#byType.keys()];
  }

  ofType(type: string): readonly Stored[] {
    return this.#byType.get(type) ?? [];
  }

  get(type: string, id: string): Stored | undefined {
    return this.#byReference.get(`${type}/${id}`);
  }

  parameter(type: string, code: string): SearchParameter | undefined {
    return this.definitions.searchParameters(type).get(code);
  }

  /** The values of a parameter, with their types. */
  values(resource: Stored, parameter: SearchParameter): readonly TypedValue[] {
    return this.#once(`${this.#numberOf(resource)} ${parameter.url}`, () =>
      this.#evaluate(parameter.expression, resource),
    );
  }

  /** For each element that a composite's expression gives: the values of each component. */
  tuples(resource: Stored, parameter: SearchParameter): readonly (readonly (readonly TypedValue[])[])[] {
    return this.#once(`${this.#numberOf(resource)} ${parameter.url}`, () =>
      branches(parameter.expression).flatMap((context) =>
        this.#evaluate(context, resource).map((_, at) =>
          parameter.components.map(({ expression }) => {
            const parts = branches(expression.replaceAll('DateTime', 'dateTime'));
            return parts.flatMap((part) => this.#evaluate(`(${context})[${at}].select(${part})`, resource));
          }),
        ),
      ),
    );
  }

  /** Branch by branch: a union would drop quantities that FHIRPath holds equal, such as 1 g beside 1000 mg. */
  #evaluate(expression: string, resource: Stored): TypedValue[] {
    return branches(expression).flatMap((branch) => {
      const run = this.#once(branch, () => compileTyped(answerResolve(branch)));
      return run(resource);
    });
  }

  #numberOf(resource: Stored): number {
    const number = this.#numbers.get(resource) ?? this.#numbers.size;
    this.#numbers.set(resource, number);
    return number;
  }

  /** What a resource contains. */
  contained(resource: Stored): readonly Stored[] {
    return listOf(resource.contained) as readonly Stored[];
  }

  isContained(resource: Stored): boolean {
    return this.get(resource.resourceType, resource.id) !== resource;
  }

  /** A reference to what the resource contains. */
  #ownTarget(resource: Stored, { value }: TypedValue): Stored | undefined {
    const { reference } = fieldsOf(value);
    return this.contained(resource).find((one) => reference === `#${one.id}`);
  }

  #once<V>(key: string, make: () => V): V {
    if (!this.#remembered.has(key)) this.#remembered.set(key, make());
    return this.#remembered.get(key) as V;
  }

  /** Undefined for what cannot be searched: contained resources, and references that have a display alone. */
  link({ value, type }: TypedValue): Link | undefined {
    if (type !== 'Reference') return typeof value === 'string' ? this.linkOf(value.replace(/\|.*/s, '')) : undefined;
    const { reference, identifier, type: declared } = fieldsOf(value);
    if (typeof reference === 'string') return this.linkOf(reference);
    const { system, value: code } = fieldsOf(identifier);
    if (typeof code !== 'string') return undefined;
    return {
      to: 'identifier',
      system: typeof system === 'string' ? system : '',
      value: code,
      type: typeof declared === 'string' ? declared : undefined,
    };
  }

  linkOf(text: string): Link | undefined {
    if (text.startsWith('#')) return undefined;
    const relative = text.startsWith(`${this.base}/`) ? text.slice(this.base.length + 1) : text;
    const [, type, id, version] = localForm.exec(relative) ?? [];
    return type !== undefined && id !== undefined ? { to: 'local', type, id, version } : { to: 'url', url: text };
  }

  /** Where a reference leads, whether or not the resource exists: by its text, or to the one that carries the identifier. */
  target(value: TypedValue, parameter: SearchParameter): { readonly type: string; readonly id: string } | undefined {
    const link = this.link(value);
    if (link?.to !== 'identifier') return link?.to === 'local' ? link : undefined;
    const types = parameter.targets.filter((t) => link.type === undefined || link.type === t);
    const [found, ...more] = this.#once(`${link.system}|${link.value} ${types}`, () => this.#carriers(types, link));
    return found === undefined || more.length > 0 ? undefined : { type: found.resourceType, id: found.id };
  }

  #carriers(
    types: readonly string[],
    { system, value }: { readonly system: string; readonly value: string },
  ): Stored[] {
    return types.flatMap((type) =>
      this.ofType(type).filter((r) =>
        listOf(r.identifier).some((i) => (fieldsOf(i).system ?? '') === system && fieldsOf(i).value === value),
      ),
    );
  }

  /** The resources that a reference parameter leads to, those in the resource itself too. */
  targets(resource: Stored, parameter: SearchParameter): readonly Stored[] {
    return this.#once(`${this.#numberOf(resource)} -> ${parameter.url}`, () => {
      const found = this.values(resource, parameter).flatMap((value) => {
        const own = this.#ownTarget(resource, value);
        if (own !== undefined) return parameter.targets.includes(own.resourceType) ? own : [];
        const target = this.target(value, parameter);
        if (target === undefined || !parameter.targets.includes(target.type)) return [];
        return this.get(target.type, target.id) ?? [];
      });
      return [...new Set(found)];
    });
  }
}
