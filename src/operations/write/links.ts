import type { Resource } from '@medplum/fhirtypes';
import { shown } from '#errors';
import { copyDigits } from '#fhir/json/json.ts';
import { asObject } from '#fhir/json/object.ts';
import { type ElementType, elementAt } from '#fhir/model/model.ts';
import type { Key } from '#fhir/patch/edit.ts';

/** A place in a resource that may name another resource of the same bundle (R4 http.html#trules). */
export interface Link {
  /** What leads to it from its resource: names of elements, and indexes in lists. */
  readonly keys: readonly [...Key[], Key];
  /** As it was sent. */
  readonly value: string;
  /** FHIRPath. */
  readonly path: string;
  readonly kind: 'reference' | 'uri' | 'narrative';
}

type LinkHolder = Record<Key, unknown>;

/** The types of elements that may point at a resource. A uuid and an oid are identifiers as well, and could not hold the URL of one. */
const pointing: ReadonlySet<string> = new Set(['uri', 'url']);

/** Elements of such a type that name a code system, a type or the thing itself. */
const naming: ReadonlySet<string> = new Set(['system', 'code', 'type', 'identifier']);

/** `_birthDate`: the id and the extensions of a primitive. */
const sibling: ElementType = { type: 'Element', path: 'Element', targets: [] };

/** Every such place of a resource, contained ones too. The entries of a stored Bundle and the resources of Parameters have
 * links of their own, which stay as they are; so do elements that R4 does not define. */
export function referenceLinks(resource: Resource, path: string, known: ReadonlySet<string>): readonly Link[] {
  const links: Link[] = [];
  collect(resource as unknown as LinkHolder, resource.resourceType, { path, keys: [], links, known });
  return links;
}

interface LinkCollector {
  /** FHIRPath of the resource. */
  readonly path: string;
  /** What leads to the holder that is looked at. */
  readonly keys: Key[];
  readonly links: Link[];
  /** The fullUrls of the bundle. */
  readonly known: ReadonlySet<string>;
}

/** `model` is where R4 declares the elements of `holder`. */
function collect(holder: LinkHolder, model: string, found: LinkCollector): void {
  for (const name in holder) {
    const value = holder[name];
    if (typeof value !== 'string' && (typeof value !== 'object' || value === null)) continue;
    const element = name.startsWith('_') ? sibling : elementAt(model, name);
    if (element === undefined) continue;
    const { keys } = found;
    keys.push(name);
    if (typeof value === 'string') addLink(value, model, name, element, found);
    else if (!hasOwnLinks(model, name, element)) {
      if (!Array.isArray(value)) collect(value as LinkHolder, modelOf(element, value), found);
      else {
        for (let i = 0; i < value.length; i++) {
          const item: unknown = value[i];
          keys.push(i);
          if (typeof item === 'string') addLink(item, model, name, element, found);
          else if (typeof item === 'object' && item !== null) {
            collect(item as LinkHolder, modelOf(element, item), found);
          }
          keys.pop();
        }
      }
    }
    keys.pop();
  }
}

function addLink(value: string, model: string, name: string, element: ElementType, found: LinkCollector): void {
  const kind = linkKind(model, name, element, value, found.known);
  if (kind === undefined) return;
  const keys = [...found.keys] as [...Key[], Key];
  found.links.push({ keys, value, path: found.path + pathOf(keys), kind });
}

function pathOf(keys: readonly Key[]): string {
  return keys.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('');
}

function modelOf(element: ElementType, value: object): string {
  return element.type === 'Resource' ? shown((value as LinkHolder).resourceType) : element.path;
}

function hasOwnLinks(model: string, name: string, element: ElementType): boolean {
  return (element.type === 'Resource' && name !== 'contained') || (model === 'Bundle' && name === 'entry');
}

function linkKind(
  model: string,
  name: string,
  { type }: ElementType,
  value: string,
  known: ReadonlySet<string>,
): Link['kind'] | undefined {
  if (model === 'Reference' && name === 'reference') return value.startsWith('#') ? undefined : 'reference';
  if (type === 'xhtml') return known.size > 0 && /\s(href|src)\s*=/.test(value) ? 'narrative' : undefined;
  return known.has(value) && pointing.has(type) && !naming.has(name) ? 'uri' : undefined;
}

/**
 * The URNs of the resources that a Bundle or Parameters holds, in lower case: the fullUrls of entries, and the ids of resources in
 * parameters, which have no fullUrl (R4 bundle.html#references).
 */
export function urnsWithin(resource: unknown): ReadonlySet<string> {
  const urns = new Set<string>();
  const look = (value: unknown): void => {
    const { resourceType, entry, parameter } = asObject(value);
    if (resourceType === 'Bundle') {
      for (const one of listOf(entry)) {
        const { fullUrl, resource: inner } = asObject(one);
        if (typeof fullUrl === 'string') urns.add(fullUrl.toLowerCase());
        look(inner);
      }
    } else if (resourceType === 'Parameters') lookAt(parameter);
  };
  const lookAt = (parameters: unknown): void => {
    for (const one of listOf(parameters)) {
      const { resource: inner, part } = asObject(one);
      const { id } = asObject(inner);
      if (typeof id === 'string') urns.add(`urn:uuid:${id.toLowerCase()}`).add(`urn:oid:${id}`);
      look(inner);
      lookAt(part);
    }
  };
  look(resource);
  return urns;
}

/** The references of the resources that a Bundle or Parameters holds, which stay as they are. */
export function linksWithin(resource: unknown, path: string): readonly Link[] {
  const { resourceType, entry, parameter, part, resource: inner } = asObject(resource);
  const own = resourceType === 'Bundle' ? { entry } : resourceType === 'Parameters' ? { parameter } : { part };
  const links = Object.entries(own).flatMap(([name, list]) =>
    listOf(list).flatMap((one, i) => linksWithin(one, `${path}.${name}[${i}]`)),
  );
  if (resourceType !== undefined || typeof asObject(inner).resourceType !== 'string') return links;
  const at = `${path}.resource`;
  return [...links, ...referenceLinks(inner as Resource, at, nothing), ...linksWithin(inner, at)];
}

const nothing: ReadonlySet<string> = new Set();

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The narrative with the targets of its links and images replaced where `resolve` knows them. */
export function rewriteNarrative(div: string, resolve: (target: string) => string | undefined): string {
  return div.replace(
    /(\s(?:href|src)\s*=\s*)(["'])([^"']*)\2/g,
    (whole, attribute: string, quote: string, target: string) => {
      const found = resolve(target);
      return found === undefined ? whole : `${attribute}${quote}${found}${quote}`;
    },
  );
}

/** What a resource has at the place of a link. */
export function valueAt(resource: Resource, { keys }: Link): unknown {
  return keys.reduce<unknown>((holder, key) => (holder as LinkHolder)[key], resource);
}

/** The resource with these values at the places of links. What leads to them is copied, once each; all else is shared with the
 * resource, which stays as it is. */
export function replaceLinks(resource: Resource, values: readonly (readonly [Link, string])[]): Resource {
  const copies = new Set<unknown>();
  const copied = (holder: unknown): LinkHolder => {
    if (copies.has(holder)) return holder as LinkHolder;
    const copy = copyOf(holder as LinkHolder);
    copies.add(copy);
    return copy;
  };
  const root = values.length === 0 ? resource : copied(resource);
  for (const [{ keys }, value] of values) {
    let holder = root as unknown as LinkHolder;
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] ?? '';
      holder[key] = i === keys.length - 1 ? value : copied(holder[key]);
      holder = holder[key] as LinkHolder;
    }
  }
  return root as Resource;
}

function copyOf(holder: LinkHolder): LinkHolder {
  const copy = Array.isArray(holder) ? (holder.slice() as unknown as LinkHolder) : { ...holder };
  copyDigits(holder, copy);
  return copy;
}
