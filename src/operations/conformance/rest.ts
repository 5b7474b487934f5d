import type {
  CapabilityStatementRest,
  CapabilityStatementRestResource,
  CapabilityStatementRestResourceSearchParam,
} from '@medplum/fhirtypes';
import { compartments, compartmentUrl } from '#fhir/model/compartments.ts';
import type { Definitions, SearchParameter } from '#fhir/model/definitions.ts';
import { modifiersOf } from '#search/criteria/modifiers.ts';
import type { Context } from '../request/context.ts';
import { isServed } from '../request/operation.ts';
import { type Documentation, readDocumentation } from './documentation.ts';
import { type Served, type Special, services, specials } from './services.ts';

/** What the description of a server is made from. */
export type Described = Pick<Context, 'config' | 'definitions' | 'profiles' | 'operations'>;

/** The codes of http://hl7.org/fhir/restful-interaction, for types and for all. */
const onType = [
  'read',
  'vread',
  'update',
  'patch',
  'delete',
  'history-instance',
  'history-type',
  'create',
  'search-type',
];
const onSystem = ['search-system', 'history-system'];

const security = {
  off: 'No authentication (HUFHIR_AUTH=off): whoever reaches the address may read and write everything.',
  required: 'Everything but GET and HEAD of metadata needs a token. This version knows none, and answers 401.',
};

/** R4 capabilitystatement.html, `rest`. */
export function restOf(context: Described): CapabilityStatementRest {
  const { config, definitions } = context;
  const documentation = readDocumentation();
  const types = [...definitions.resourceTypes].sort();
  const referring = referringTo(definitions, types);
  return {
    mode: 'server',
    documentation: rules(context),
    security: { cors: config.corsOrigins.length > 0, description: security[config.auth] },
    resource: types.map((type) => resourceOf(context, type, referring.get(type) ?? [], documentation)),
    interaction: [
      ...(serves('bundle') ? [{ code: 'transaction' }, { code: 'batch' }] : []),
      ...onSystem.filter((code) => serves(code)).map((code) => ({ code })),
    ],
    searchParam: [
      ...everywhere(definitions, types).map((p) => parameterOf(p, 'Resource', documentation)),
      ...specials.map(specialOf),
      { name: '_type', type: 'special', documentation: 'The types to search, between commas' },
    ],
    operation: operationsOf(context, undefined),
    compartment: compartments.map(compartmentUrl),
  } as CapabilityStatementRest;
}

function rules({ config, definitions }: Described): string {
  const one = config.conditionalDelete === 'single';
  return [
    'What a request says and the server would not heed is refused by name; `Prefer: handling=lenient` passes over unknown search parameters.',
    'HEAD is answered wherever GET is.',
    searchRules(definitions),
    config.references === 'strict'
      ? 'What a literal reference names must exist when it is written.'
      : 'What a reference names may arrive later: `$pending-references` tells what is awaited.',
    `A conditional delete deletes ${one ? 'one resource' : `at most ${config.maxConditionalDelete} resources`}.`,
  ].join(' ');
}

/** What a search may say beside names and values. */
function searchRules(definitions: Definitions): string {
  const byType = new Map<string, Set<string>>();
  for (const type of definitions.resourceTypes) {
    for (const p of definitions.searchParameters(type).values()) {
      const known = byType.get(p.type) ?? new Set();
      byType.set(p.type, known);
      for (const m of modifiersOf(p)) known.add(p.targets.includes(m) ? '[type]' : m);
    }
  }
  const modifiers = [...byType]
    .filter(([, known]) => known.size > 0)
    .map(([type, known]) => `${type} ${[...known].join(' ')}`);
  return [
    `Modifiers by type of parameter: ${modifiers.join('; ')}.`,
    'Prefixes of number, date and quantity: eq ne gt lt ge le sa eb ap.',
    '`_explain=true` tells how a search is made.',
  ].join(' ');
}

function resourceOf(
  context: Described,
  type: string,
  referring: readonly string[],
  documentation: Documentation,
): CapabilityStatementRestResource {
  const { config, definitions, profiles } = context;
  const parameters = [...definitions.searchParameters(type).values()];
  const includes = parameters.filter((p) => p.targets.length > 0).map((p) => `${type}:${p.code}`);
  const checked = config.validation === 'profile' ? (profiles.get(type) ?? []) : [];
  const own = operationsOf(context, type);
  return {
    type,
    profile: `http://hl7.org/fhir/StructureDefinition/${type}`,
    ...(checked.length > 0 && { supportedProfile: checked }),
    interaction: onType.filter((code) => serves(code)).map((code) => ({ code, ...alsoConditional(code, type) })),
    versioning: config.ifMatch === 'required' ? 'versioned-update' : 'versioned',
    readHistory: serves('vread'),
    updateCreate: true,
    conditionalCreate: heeds('create', 'If-None-Exist'),
    conditionalRead:
      heeds('read', 'If-None-Match') && heeds('read', 'If-Modified-Since') ? 'full-support' : 'not-supported',
    conditionalUpdate: serves('conditional-update'),
    conditionalDelete: serves('conditional-delete') ? config.conditionalDelete : 'not-supported',
    // Not `enforced`, whatever HUFHIR_REFERENCES says: what others refer to can still be deleted.
    referencePolicy: ['literal', 'logical', 'resolves'],
    ...unready(definitions, type),
    ...(includes.length > 0 && { searchInclude: ['*', ...includes] }),
    ...(referring.length > 0 && { searchRevInclude: ['*', ...referring] }),
    searchParam: [...parameters.map((p) => parameterOf(p, type, documentation)), ...specials.map(specialOf)],
    ...(own.length > 0 && { operation: own }),
  } as CapabilityStatementRestResource;
}

/** Tells of the parameters that resources are being indexed by, since no search may use them yet. */
function unready(definitions: Definitions, type: string): { readonly documentation?: string } {
  const ready = definitions.searchParameters(type);
  const codes = [...definitions.indexParameters(type).keys()].filter((code) => !ready.has(code));
  if (codes.length === 0) return {};
  const names = codes.map((code) => `\`${code}\``).join(', ');
  return { documentation: `Being indexed, and not to be searched by yet: ${names}.` };
}

function specialOf({ code, type, definition, documentation }: Special): CapabilityStatementRestResourceSearchParam {
  return { name: code, type, ...(definition !== undefined && { definition }), documentation };
}

function serves(code: string): boolean {
  return services.some((s) => s.code === code);
}

function heeds(code: Served, header: string): boolean {
  return services.some((s) => s.code === code && s.headers.includes(header));
}

/** R4 has no element for a conditional patch. */
function alsoConditional(code: string, type: string): { readonly documentation?: string } {
  return code === 'patch' && serves('conditional-patch') ? { documentation: `Also by criteria: PATCH ${type}?…` } : {};
}

function parameterOf(
  { code, url, type }: SearchParameter,
  on: string,
  documentation: Documentation,
): CapabilityStatementRestResourceSearchParam {
  const text = documentation(url, on);
  return { name: code, definition: url, type, ...(text !== undefined && { documentation: text }) };
}

/** The parameters that every type has: those of a search over several. */
export function everywhere(definitions: Definitions, types: readonly string[]): readonly SearchParameter[] {
  const [first = '', ...others] = types;
  return [...definitions.searchParameters(first).values()].filter(({ code, url }) =>
    others.every((type) => definitions.searchParameters(type).get(code)?.url === url),
  );
}

/** By type: the `_revinclude`s that lead from what refers to it. */
function referringTo(definitions: Definitions, types: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const includes = new Map<string, string[]>(types.map((type) => [type, []]));
  for (const type of types) {
    for (const { code, targets } of definitions.searchParameters(type).values()) {
      for (const target of targets) includes.get(target)?.push(`${type}:${code}`);
    }
  }
  return includes;
}

/** Those of the system, or of a type and its instances. */
function operationsOf({ operations }: Described, type: string | undefined) {
  return operations
    .filter((o) => isServed(o, type, type === undefined ? ['system'] : ['type', 'instance']))
    .map(({ name, definition, documentation }) => ({ name, definition, documentation }));
}
