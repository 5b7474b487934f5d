import { createRequire } from 'node:module';
import type { ResourceNode } from 'fhirpath';
import { atMost, limits } from '#limits';
import type { SyntaxNode } from '../fhirpath/run.ts';
import { children } from '../model/model.ts';
import { contentUnder, type Key } from './edit.ts';

type FhirPathModule = typeof import('fhirpath').default;

/** Where an element stands in the JSON of a resource. */
export interface ElementLocation {
  /** The keys from the resource to the object that holds the element; for elements of a primitive, that under `_name`. */
  readonly owner: readonly Key[];
  /** Where R4 declares the elements of that object. */
  readonly ownerPath: string;
  /** The element's name in FHIRPath (`value`), and its JSON key (`valueQuantity`). */
  readonly name: string;
  readonly key: string;
  readonly index: number | undefined;
}

/** An element to which a path leads; the resource itself has no place. */
export interface Selected {
  readonly place: ElementLocation | undefined;
  /** Where R4 declares what is in the element. */
  readonly path: string | undefined;
}

/** What selects and compares. Anything else a client could use to keep the server busy or to make long texts. */
const functions: ReadonlySet<string> = new Set(
  `where select repeat children ofType as is extension first last tail skip take single distinct union combine intersect exclude
   exists empty not all count hasValue iif startsWith endsWith contains lower upper length today now`.split(/\s+/),
);

const maxLength = limits['patch-path-length'].most;
const maxSteps = limits['patch-path-work'].most;
/** As long as that takes a character to compile. */
const stepsOfCharacter = 50;
/** For the few steps that are long: comparing large elements. */
const maxMilliseconds = 2_000;

type CompiledPath = (root: object) => readonly unknown[];

/** Why a path cannot be followed. */
interface PathFault {
  readonly found: string;
  readonly expected: string;
}

/** The FHIRPath expressions of one patch, which share a limit of work. */
export class Paths {
  readonly #known = new Map<string, CompiledPath | PathFault>();
  readonly #engine = load();
  #steps = 0;
  #millisecondsLeft = maxMilliseconds;
  #until = 0;

  /** What keeps the expression from being evaluated at all. */
  fault(expression: string): PathFault | undefined {
    const known = this.#compiled(expression);
    return typeof known === 'function' ? undefined : known;
  }

  /** The elements to which an expression leads from the resource. */
  select(root: object, expression: string): readonly Selected[] | PathFault {
    const run = this.#compiled(expression);
    if (typeof run !== 'function') return run;
    // The engine's message may quote the resource.
    const found = this.#limited(
      () => run(root),
      () => ({ found: 'a path that this resource cannot answer', expected }),
    );
    if ('found' in found) return found;
    const selected = found.map((node) => selectedBy(node, root));
    const inside = selected.filter((s) => s !== undefined);
    return inside.length === selected.length ? inside : { found: 'a path to something else', expected };
  }

  #compiled(expression: string): CompiledPath | PathFault {
    const known = this.#known.get(expression);
    if (known !== undefined) return known;
    const { length } = expression;
    const made =
      length > maxLength
        ? { found: `a path of ${length} characters`, expected: atMost('patch-path-length') }
        : this.#limited(
            () => this.#compile(delimited(expression)),
            (error) => {
              const column = /column: (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
              return { found: column === undefined ? 'not FHIRPath' : `not FHIRPath at column ${column}`, expected };
            },
          );
    this.#known.set(expression, made);
    return made;
  }

  #compile(expression: string): CompiledPath | PathFault {
    this.#count(expression.length * stepsOfCharacter);
    const { fhirpath, r4 } = this.#engine;
    const refused = refusedIn(fhirpath.parse(expression));
    if (refused !== undefined) return refused;
    const run = fhirpath.compile(expression, r4, {
      async: false,
      resolveInternalTypes: false,
      debugger: (_context, focus: unknown, result: unknown) => this.#count(1 + sizeOf(focus) + sizeOf(result)),
    });
    return (root) => run(root, { resource: root, rootResource: root });
  }

  /** The engine gives no other way out of its work than to throw. */
  #count(steps: number): void {
    this.#steps += steps;
    if (this.#spent()) throw new Error(tooCostly.found);
  }

  #spent(): boolean {
    return this.#steps > maxSteps || performance.now() > this.#until;
  }

  #limited<T>(work: () => T, faultOf: (error: unknown) => PathFault): T | PathFault {
    const start = performance.now();
    this.#until = start + this.#millisecondsLeft;
    try {
      return work();
    } catch (error) {
      return this.#spent() ? tooCostly : faultOf(error);
    } finally {
      this.#millisecondsLeft -= performance.now() - start;
    }
  }
}

function sizeOf(collection: unknown): number {
  return Array.isArray(collection) ? collection.length : 1;
}

const expected = 'a path to elements of the resource';
const tooCostly: PathFault = {
  found: 'too much work',
  expected: `${atMost('patch-path-work')} for the paths of a patch`,
};

/** Loaded when a patch first needs it, as fhirpath.ts does. */
function load() {
  const require = createRequire(import.meta.url);
  const fhirpath: FhirPathModule = require('fhirpath');
  const r4: Parameters<FhirPathModule['compile']>[1] = require('fhirpath/fhir-context/r4');
  return { fhirpath, r4 };
}

/** `Narrative.div` has the name of an operator, which FHIRPath wants delimited and R4's examples do not. */
function delimited(expression: string): string {
  const token = /'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`|\.\s*div\b/gs;
  return expression.replace(token, (found) => (found.startsWith('.') ? '.`div`' : found));
}

function refusedIn({ type, text = '', children = [] }: SyntaxNode): PathFault | undefined {
  if (type === 'Functn' && !functions.has(text)) {
    return { found: `the function ${text}()`, expected: `one of ${[...functions].join(', ')}` };
  }
  if (type === 'AdditiveExpression' || type === 'MultiplicativeExpression') {
    return { found: `the operator ${text}`, expected: 'no arithmetic' };
  }
  for (const child of children) {
    const refused = refusedIn(child);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

function selectedBy(found: unknown, root: object): Selected | undefined {
  if (typeof found !== 'object' || found === null || !('parentResNode' in found)) return undefined;
  const node = found as ResourceNode;
  const path = node.path ?? undefined;
  if (node.parentResNode === null) return node.data === root ? { place: undefined, path } : undefined;
  const place = placeOf(node, node.parentResNode, root);
  return place && { place, path };
}

function placeOf(node: ResourceNode, parent: ResourceNode, root: object): ElementLocation | undefined {
  const above = selectedBy(parent, root);
  if (above === undefined || above.path === undefined || node.propName === undefined) return undefined;
  const { path: ownerPath } = above;
  const name = node.propName;
  for (const owner of ownersOf(above.place)) {
    for (const key of [...(children(ownerPath, name)?.keys() ?? []), name]) {
      const there = [key, `_${key}`].some((k) => contentUnder(root, [...owner, k]) !== undefined);
      if (there) return { owner, ownerPath, name, key, index: node.index ?? undefined };
    }
  }
  return undefined;
}

/** The objects that may hold the members of an element: the element itself, and that beside a primitive. */
function ownersOf(place: ElementLocation | undefined): readonly (readonly Key[])[] {
  return place === undefined ? [[]] : [keysTo(place), keysTo({ ...place, key: `_${place.key}` })];
}

/** The keys from the resource to the JSON value of an element. */
export function keysTo({ owner, key, index }: ElementLocation): readonly Key[] {
  return index === undefined ? [...owner, key] : [...owner, key, index];
}
