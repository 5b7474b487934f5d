import type { Resource } from '@medplum/fhirtypes';
import { shown } from '#errors';
import { type ElementType, elementAt } from '#fhir/model/model.ts';

/** A place in a resource that may name another resource of the same bundle (R4 http.html#trules). */
export interface Link {
  readonly holder: LinkHolder;
  readonly key: string | number;
  /** As it was sent. */
  readonly value: string;
  /** FHIRPath. */
  readonly path: string;
  readonly kind: 'reference' | 'uri' | 'narrative';
}

type LinkHolder = Record<string | number, unknown>;

/** The types of elements that may point at a resource. */
const pointing: ReadonlySet<string> = new Set(['uri', 'url', 'oid', 'uuid']);

/** Elements of such a type that name a code system, a type or the thing itself. */
const naming: ReadonlySet<string> = new Set(['system', 'code', 'type', 'identifier']);

/** `_birthDate`: the id and the extensions of a primitive. */
const sibling: ElementType = { type: 'Element', path: 'Element', targets: [] };

/** Every such place of a resource, contained ones too. The entries of a stored Bundle and the resources of Parameters have
 * links of their own, which stay as they are; so do elements that R4 does not define. */
export function referenceLinks(resource: Resource, path: string, known: ReadonlySet<string>): readonly Link[] {
  const links: Link[] = [];
  collect(resource as unknown as LinkHolder, resource.resourceType, path, { links, known });
  return links;
}

interface LinkCollector {
  readonly links: Link[];
  /** The fullUrls of the bundle. */
  readonly known: ReadonlySet<string>;
}

/** `model` is where R4 declares the elements of `holder`. */
function collect(holder: LinkHolder, model: string, path: string, found: LinkCollector): void {
  for (const name in holder) {
    const value = holder[name];
    const element = name.startsWith('_') ? sibling : elementAt(model, name);
    if (element === undefined) continue;
    if (typeof value === 'string') {
      const kind = linkKind(model, name, element, value, found.known);
      if (kind !== undefined) found.links.push({ holder, key: name, value, path: `${path}.${name}`, kind });
    } else if (typeof value !== 'object' || value === null || hasOwnLinks(model, name, element)) continue;
    else if (!Array.isArray(value)) collect(value as LinkHolder, modelOf(element, value), `${path}.${name}`, found);
    else {
      const list = value as unknown as LinkHolder;
      for (let i = 0; i < value.length; i++) {
        const item = list[i];
        if (typeof item === 'string') {
          const kind = linkKind(model, name, element, item, found.known);
          if (kind !== undefined)
            found.links.push({ holder: list, key: i, value: item, path: `${path}.${name}[${i}]`, kind });
        } else if (typeof item === 'object' && item !== null) {
          collect(item as LinkHolder, modelOf(element, item), `${path}.${name}[${i}]`, found);
        }
      }
    }
  }
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
