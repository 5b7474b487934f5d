import { readFileSync } from 'node:fs';
import type { CapabilityStatement, CapabilityStatementRestResource, Resource } from '@medplum/fhirtypes';
import { failIfAny, type Issue, issue, type Outcome } from '#errors';
import type { Answer } from '../request/answer.ts';
import { type Pairs, presentation } from '../request/parameters.ts';
import { type Described, restOf } from './rest.ts';
import { formats, patchFormats } from './services.ts';

const modes = ['full', 'normative'];

/** R4 http.html#capabilities: `mode` asks for the whole statement, or for its normative elements alone. */
export function readCapabilities(context: Described, pairs: Pairs): Outcome<Answer> {
  const issues: Issue[] = [];
  let mode = 'full';
  for (const [name, value] of pairs) {
    if (presentation.has(name)) continue;
    if (name !== 'mode') {
      const expected = ['mode', ...presentation].join(', ');
      issues.push(issue('unknown-parameter', { found: name, target: 'metadata', expected }));
    } else if (!modes.includes(value)) {
      const expected = `${modes.join(' or ')}, since no terminology operation is served`;
      issues.push(issue('bad-parameter-value', { parameter: name, found: value, expected }));
    } else mode = value;
  }
  const failure = failIfAny(issues);
  if (failure !== undefined) return failure;
  const resource = capabilities(context);
  // R4 http.html#capabilities: another statement has another ETag.
  const etag = `W/"${Date.parse(resource.date)}"`;
  return { kind: 'made', status: 200, resource: mode === 'normative' ? normativeStatement(resource) : resource, etag };
}

const leaned = new WeakMap<CapabilityStatement, CapabilityStatement>();

/** Made once, since its text is kept by it. */
function normativeStatement(statement: CapabilityStatement): CapabilityStatement {
  const known = leaned.get(statement) ?? normative(statement);
  leaned.set(statement, known);
  return known;
}

/** By the settings, since each request has a context of its own. Made anew when search parameters come, go or get ready. */
const made = new WeakMap<Described['config'], { readonly revision: number; readonly statement: CapabilityStatement }>();

/** R4 capabilitystatement.html: what this server does, by the table of its services and its definitions. */
export function capabilities(context: Described): CapabilityStatement {
  const { config, definitions } = context;
  const { revision } = definitions;
  const known = made.get(config);
  if (known?.revision === revision) return known.statement;
  // The start of the process, since the next one may have other settings; then that of the change.
  const time = known === undefined ? Math.round(performance.timeOrigin) : Date.now();
  const statement = describe(context, new Date(time).toISOString());
  made.set(config, { revision, statement });
  return statement;
}

function describe(context: Described, date: string): CapabilityStatement {
  const { baseUrl } = context.config;
  const program = software();
  return {
    resourceType: 'CapabilityStatement',
    url: `${baseUrl}/metadata`,
    version: program.version,
    name: 'Hufhir',
    title: program.name,
    status: 'active',
    date,
    kind: 'instance',
    software: program,
    implementation: {
      description: '居民健康记录与社区健康评价 Resident records and community health indicators',
      url: baseUrl,
    },
    fhirVersion: '4.0.1',
    format: formats,
    patchFormat: patchFormats,
    rest: [restOf(context)],
  } as CapabilityStatement;
}

/** The name and version of the program. */
export function software(): { readonly name: string; readonly version: string } {
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  return { name: 'Hufhir 沪FHIR', version };
}

/** Without the elements that R4 calls trial use. */
function normative(statement: CapabilityStatement): CapabilityStatement {
  const rest = (statement.rest ?? []).map(({ security: _, resource, ...others }) => ({
    ...others,
    resource: (resource ?? []).map(normativeResource),
  }));
  return { ...statement, rest } as CapabilityStatement;
}

function normativeResource(resource: CapabilityStatementRestResource): Partial<CapabilityStatementRestResource> {
  const kept = Object.entries(resource).filter(([name]) => !trialUse.has(name));
  return Object.fromEntries(kept);
}

const trialUse: ReadonlySet<string> = new Set([
  'supportedProfile',
  'versioning',
  'readHistory',
  'updateCreate',
  'conditionalCreate',
  'conditionalRead',
  'conditionalUpdate',
  'conditionalDelete',
  'referencePolicy',
  'searchInclude',
  'searchRevInclude',
]);

/** By type: the canonical URLs of the profiles that an implementation guide has for resources of it. */
export function profilesOf(guide: readonly Resource[]): ReadonlyMap<string, readonly string[]> {
  const profiles = guide.filter((r) => r.resourceType === 'StructureDefinition').filter((r) => r.kind === 'resource');
  const byType = Map.groupBy(profiles, (p) => p.type);
  return new Map([...byType].map(([type, list]) => [type, list.map((p) => p.url)]));
}
