import { createRequire } from 'node:module';
import { fhirModelInfo } from './models/fhir.ts';

/** A FHIR type as the model info describes it. */
export interface FhirType {
  /** As type specifiers of ELM write it, e.g. `{http://hl7.org/fhir}Period`. */
  readonly qualified: string;
  /** Qualified names: its own, its ancestors', and System.Any. */
  readonly names: ReadonlySet<string>;
  /** Wraps one System value (FHIR.string, FHIR.dateTime, the types of bound codes …). */
  readonly primitive: boolean;
  element(name: string): FhirElement | undefined;
}

export interface FhirElement {
  readonly list: boolean;
  /** The JSON keys under which the element may stand, each with its type: several for a choice. */
  readonly options: readonly { readonly key: string; readonly type: FhirType | SystemType }[];
}

/** A type of CQL itself, e.g. `String`. */
export type SystemType = string;

interface NamedSpecifier {
  readonly name: string;
  readonly namespace?: string;
  readonly fqn: string;
}
interface Specifier extends NamedSpecifier {
  readonly isList?: boolean;
  readonly isChoice?: boolean;
  readonly elementType: Specifier;
  readonly choices: readonly NamedSpecifier[];
}
/** What we use of the model info that cql-exec-fhir parses. */
interface ClassInfo {
  readonly name: string;
  readonly elements: readonly { readonly name: string; readonly typeSpecifier: Specifier }[];
  readonly baseTypeSpecifier?: NamedSpecifier;
}
interface ModelInfo {
  findClass(name: string): ClassInfo | undefined;
}

const fhir = '{http://hl7.org/fhir}';
const any = '{urn:hl7-org:elm-types:r1}Any';

/** The types of FHIR 4.0.1 by name, from the model info; each is built when first asked for. */
export function fhirTypes(): (name: string) => FhirType | undefined {
  const load: (xml: string) => ModelInfo = createRequire(import.meta.url)('cql-exec-fhir/lib/load.js');
  const model = load(fhirModelInfo());
  const built = new Map<string, FhirType | undefined>();

  const typeOf = (name: string): FhirType | undefined => {
    const plain = name.replace(fhir, '').replace(/^FHIR\./, '');
    if (built.has(plain)) return built.get(plain);
    const info = model.findClass(plain);
    const type = info === undefined ? undefined : build(info);
    built.set(plain, type);
    return type;
  };

  const build = (info: ClassInfo): FhirType => {
    const base = info.baseTypeSpecifier?.namespace === 'FHIR' ? typeOf(info.baseTypeSpecifier.fqn) : undefined;
    const qualified = fhir + info.name.replace(/^FHIR\./, '');
    const elements = new Map<string, FhirElement>();
    const own = new Map(info.elements.map((e) => [e.name, e.typeSpecifier]));
    const element = (name: string): FhirElement | undefined => {
      const known = elements.get(name);
      if (known !== undefined) return known;
      const specifier = own.get(name);
      const made = specifier === undefined ? base?.element(name) : elementOf(name, specifier);
      if (made !== undefined) elements.set(name, made);
      return made;
    };
    const value = own.get('value');
    const primitive = value === undefined ? (base?.primitive ?? false) : value.namespace === 'System';
    return { qualified, names: new Set([qualified, ...(base?.names ?? [any])]), primitive, element };
  };

  const elementOf = (name: string, specifier: Specifier): FhirElement => {
    const list = specifier.isList === true;
    const item = list ? specifier.elementType : specifier;
    const options = item.isChoice
      ? item.choices.map((c) => ({ key: name + capital(c.name), type: named(c) }))
      : [{ key: name, type: named(item) }];
    return { list, options };
  };

  const named = (s: NamedSpecifier): FhirType | SystemType =>
    s.namespace === 'System' ? s.name : (typeOf(s.fqn) ?? 'Any');

  return typeOf;
}

function capital(name: string): string {
  const last = name.slice(name.lastIndexOf('.') + 1);
  return last.charAt(0).toUpperCase() + last.slice(1);
}
