import type { ConceptMap, Location, Organization, Reference } from '@medplum/fhirtypes';
import { Failure, fail, type Outcome } from '#errors';
import { parseReference } from '#fhir/values/references.ts';
import type { Attribution, MeasureDefinition } from '#measure/definition.ts';
import type { AttributedOrganizations, StratumOrganization } from '#measure/strata.ts';
import { or } from '#search/model/filter.ts';
import { findResources } from '../read/find-readable.ts';
import type { Caller, Context } from '../request/context.ts';
import { findByQuery, findCanonical } from './sources.ts';

/** Who gives the report, and whose residents it counts. */
export interface Reporter {
  readonly reference: Reference;
  /** Undefined for everybody. */
  readonly within: readonly StratumOrganization[] | undefined;
}

/** The Organizations that a measure's residents are attributed to, and the one that was asked for. */
export interface MeasureAttribution {
  readonly attributed: AttributedOrganizations;
  readonly reporter: Reporter | undefined;
}

/** Finds the Organizations of each measure, in their order, and what the reporter is to each; equal attributions are found once. */
export async function loadAttributions(
  context: Context,
  caller: Caller,
  definitions: readonly MeasureDefinition[],
  reporterId: string | undefined,
): Promise<Outcome<readonly MeasureAttribution[]>> {
  const known = new Map<string, MeasureAttribution>();
  const found: MeasureAttribution[] = [];
  for (const { url, stratifiers } of definitions) {
    const attribution = stratifiers.find((s) => s.attribution !== undefined)?.attribution;
    const key = JSON.stringify(attribution ?? null);
    const one = known.get(key) ?? (await loadAttribution(context, caller, url, attribution, reporterId));
    if (one instanceof Failure) return one;
    known.set(key, one);
    found.push(one);
  }
  return found;
}

async function loadAttribution(
  context: Context,
  caller: Caller,
  url: string,
  attribution: Attribution | undefined,
  reporterId: string | undefined,
): Promise<Outcome<MeasureAttribution>> {
  const attributed = await loadOrganizations(context, caller, url, attribution);
  if (attributed instanceof Failure) return attributed;
  if (reporterId === undefined) return { attributed, reporter: undefined };
  const reporter = await readReporter(context, caller, reporterId, attributed.organizations);
  if (reporter !== undefined) return { attributed, reporter };
  const ids = attributed.organizations.map(({ id }) => `Organization/${id}`);
  return fail('bad-parameter-value', {
    parameter: 'reporter',
    found: `Organization/${reporterId}`,
    expected:
      attribution === undefined
        ? `none, since ${url} attributes residents to no Organization`
        : `one of ${ids.join(', ')}, or an Organization that they are part of`,
  });
}

async function loadOrganizations(
  context: Context,
  caller: Caller,
  url: string,
  attribution: Attribution | undefined,
): Promise<Outcome<AttributedOrganizations>> {
  if (attribution === undefined) return { organizations: [], areaSystems: new Set() };
  const { organizations } = attribution;
  if ('query' in organizations) return queried(context, caller, url, organizations.query);
  const map = await findCanonical<ConceptMap>(context, caller, 'ConceptMap', organizations.map);
  if (map !== undefined) return mapped(context, caller, map);
  const text = `${url}: the ConceptMap ${organizations.map} is not held by this server.`;
  return fail('measure-not-evaluable', { text }, 'Measure.group[0].stratifier');
}

/** The Organizations of a ConceptMap from areas to identifiers that the store holds, in the map's order. */
async function mapped(context: Context, caller: Caller, map: ConceptMap): Promise<AttributedOrganizations> {
  const areaSystems = new Set<string>();
  const served = new Map<string, { readonly system: string; readonly value: string; readonly areas: string[] }>();
  for (const { source, target: system = '', element } of map.group ?? []) {
    if (source !== undefined) areaSystems.add(source);
    for (const { code, target } of element ?? []) {
      const value = target?.find((t) => t.equivalence !== 'unmatched' && t.equivalence !== 'disjoint')?.code;
      if (code === undefined || value === undefined) continue;
      const one = served.get(`${system}|${value}`) ?? { system, value, areas: [] };
      one.areas.push(code);
      served.set(`${system}|${value}`, one);
    }
  }
  const identifiers = [...served.values()];
  const held = await findResources<Organization>(
    context,
    caller,
    'Organization',
    or(
      identifiers.map(({ system, value }) => ({
        op: 'match',
        param: 'identifier',
        test: { kind: 'token', system, code: value },
      })),
    ),
  );
  const organizations = identifiers.flatMap(({ areas, ...identifier }): StratumOrganization[] => {
    const found = held.find((o) =>
      o.identifier?.some((i) => (i.system ?? '') === identifier.system && i.value === identifier.value),
    );
    return found === undefined ? [] : [{ ...described(context, found), identifier, areas }];
  });
  return { organizations, areaSystems };
}

/** The Organizations that an x-fhir-query finds, or those that manage the Locations that it finds, in the query's order. */
async function queried(
  context: Context,
  caller: Caller,
  url: string,
  query: string,
): Promise<Outcome<AttributedOrganizations>> {
  const refuse = (text: string): Failure =>
    fail('measure-not-evaluable', { text: `${url}: "${query}": ${text}` }, 'Measure.group[0].stratifier');
  const found = await findByQuery(context, caller, query);
  if (found instanceof Failure) return refuse(found.issues.map((i) => i.text).join(' '));
  const served = new Map<string, string[]>();
  const areaSystems = new Set<string>();
  for (const resource of found) {
    if (resource.resourceType !== 'Organization' && resource.resourceType !== 'Location') {
      return refuse('a query for Organization or Location is required.');
    }
    const id = resource.resourceType === 'Organization' ? resource.id : managerOf(context, resource);
    if (id === undefined) continue;
    const areas = served.get(id) ?? [];
    served.set(id, areas);
    if (resource.resourceType === 'Organization') continue;
    for (const { system, value } of resource.identifier ?? []) {
      if (system !== undefined) areaSystems.add(system);
      if (value !== undefined) areas.push(value);
    }
  }
  const byId = new Map((await organizationsOf(context, caller, [...served.keys()])).map((o) => [o.id, o]));
  const organizations = [...served].flatMap(([id, areas]): StratumOrganization[] => {
    const held = byId.get(id);
    if (held === undefined) return [];
    const { system, value } = held.identifier?.find((i) => i.use === 'official') ?? held.identifier?.[0] ?? {};
    const identifier = system === undefined || value === undefined ? undefined : { system, value };
    return [{ ...described(context, held), ...(identifier !== undefined && { identifier }), areas }];
  });
  return { organizations, areaSystems };
}

/** An Organization that has a stratum reports that one; one that they are part of, at whatever level, reports all of its parts. */
async function readReporter(
  context: Context,
  caller: Caller,
  id: string,
  organizations: readonly StratumOrganization[],
): Promise<Reporter | undefined> {
  const reference = `Organization/${id}`;
  const own = organizations.find((o) => o.id === id);
  if (own !== undefined) return { reference: { reference, display: own.name }, within: [own] };
  const [found] = await organizationsOf(context, caller, [id]);
  if (found === undefined) return undefined;
  const parts = await partsOf(context, caller, id, organizations);
  if (parts.length === 0) return undefined;
  return {
    reference: { reference, ...(found.name !== undefined && { display: found.name }) },
    within: parts.length === organizations.length ? undefined : parts,
  };
}

/** Levels of Organization.partOf that are followed. */
const maxLevels = 20;

async function partsOf(
  context: Context,
  caller: Caller,
  whole: string,
  organizations: readonly StratumOrganization[],
): Promise<StratumOrganization[]> {
  const parents = new Map(organizations.map((o) => [o.id, o.partOf]));
  for (let level = 0; level < maxLevels; level++) {
    const next = [...new Set(parents.values())].filter((id) => id !== undefined && !parents.has(id)) as string[];
    if (next.length === 0) break;
    const held = new Map((await organizationsOf(context, caller, next)).map((o) => [o.id, partOf(context, o)]));
    for (const id of next) parents.set(id, held.get(id));
  }
  const isPart = (id: string | undefined, level = 0): boolean =>
    id !== undefined && level <= maxLevels && (parents.get(id) === whole || isPart(parents.get(id), level + 1));
  return organizations.filter((o) => isPart(o.id));
}

async function organizationsOf(context: Context, caller: Caller, ids: readonly string[]): Promise<Organization[]> {
  return findResources<Organization>(context, caller, 'Organization', { op: 'id', ids });
}

function described(context: Context, organization: Organization): Pick<StratumOrganization, 'id' | 'name' | 'partOf'> {
  const { id = '', name = id } = organization;
  const above = partOf(context, organization);
  return { id, name, ...(above !== undefined && { partOf: above }) };
}

function partOf(context: Context, organization: Organization): string | undefined {
  return organizationIn(context, organization.partOf);
}

function managerOf(context: Context, location: Location): string | undefined {
  return organizationIn(context, location.managingOrganization);
}

/** The id of the Organization of this server that a reference names. */
function organizationIn({ config }: Context, reference: Reference | undefined): string | undefined {
  const target = parseReference(reference?.reference ?? '', config.baseUrl);
  return target?.kind === 'local' && target.type === 'Organization' ? target.id : undefined;
}
