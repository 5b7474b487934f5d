import type { SearchParameter } from '#fhir/model/definitions.ts';
import { children, type ElementType, isSubtype, typeName } from '#fhir/model/model.ts';
import { branches, type PathStep, readPath } from './path.ts';

/** The data types that the expression of a parameter passes and ends in. */
interface Route {
  readonly through: ReadonlySet<string>;
  readonly ends: ReadonlySet<string>;
}

const routes = new WeakMap<SearchParameter, Route | 'unknown'>();

/** Whether values of this type may be what the parameter searches; true also where only the FHIRPath engine could tell. */
export function mayYield(parameter: SearchParameter, type: string): boolean {
  const route = routeOf(parameter);
  return route === 'unknown' || route.ends.has(type);
}

/** Whether all that the parameter searches are values of these types. */
export function yieldsOnly(parameter: SearchParameter, types: ReadonlySet<string>): boolean {
  const route = routeOf(parameter);
  return route !== 'unknown' && route.ends.size > 0 && route.ends.isSubsetOf(types);
}

/** Whether the parameter searches values of this type or parts of them. */
export function passesThrough(parameter: SearchParameter, type: string): boolean {
  const route = routeOf(parameter);
  return route !== 'unknown' && route.through.has(type);
}

function routeOf(parameter: SearchParameter): Route | 'unknown' {
  const cached = routes.get(parameter) ?? findRoute(parameter.expression);
  routes.set(parameter, cached);
  return cached;
}

function findRoute(expression: string): Route | 'unknown' {
  const through = new Set<string>();
  const ends = new Set<string>();
  for (const path of branches(expression).map(readPath)) {
    if (path === undefined || !/^[A-Z]/.test(path.root)) return 'unknown';
    let elements: readonly ElementType[] = [{ type: path.root, path: path.root, targets: [] }];
    for (const step of path.steps) {
      elements = elements.flatMap((element) => follow(step, element));
      for (const { type } of elements) through.add(type);
    }
    for (const { type } of elements) ends.add(type);
  }
  return { through, ends };
}

function follow(step: PathStep, element: ElementType): readonly ElementType[] {
  if (step.op === 'child') return [...(children(element.path, step.name)?.values() ?? [])];
  if (step.op === 'ofType') return isSubtype(element.type, typeName(step.type)) ? [element] : [];
  return [element];
}
