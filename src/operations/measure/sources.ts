import type { ConceptMap, Library, Measure, Resource } from '@medplum/fhirtypes';
import { Failure, fail, failIfAny, type Issue, issue, type Outcome } from '#errors';
import { splitCanonical } from '#fhir/values/references.ts';
import { atMost, limits } from '#limits';
import { type MeasureDefinition, type ParameterSource, readMeasure } from '#measure/definition.ts';
import type { MeasureSource, ParameterValue } from '#measure/engine.ts';
import { cqlOf, cqlSize, dependencies } from '#measure/libraries.ts';
import type { CqlText } from '#measure/translate.ts';
import { type Filter, or } from '#search/model/filter.ts';
import { parseSearch } from '#search/parse.ts';
import { plan } from '#search/plan.ts';
import { findAll } from '#storage/pages.ts';
import type { Version } from '#storage/store.ts';
import { searchOptions } from '../lookups/criteria.ts';
import { resolveLookups } from '../lookups/lookups.ts';
import { findResources, resourcesOf } from '../read/find-readable.ts';
import type { Caller, Context } from '../request/context.ts';
import { readQuery } from '../request/query.ts';

/** A Measure with all that its evaluation needs besides the residents. */
export interface LoadedMeasure {
  readonly definition: MeasureDefinition;
  readonly source: MeasureSource;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
}

/** Finds the measures that a request names, with their libraries and parameters. Every fault of every one is named. */
export async function loadMeasures(
  context: Context,
  caller: Caller,
  names: readonly string[],
  instance: boolean,
): Promise<Outcome<readonly LoadedMeasure[]>> {
  const loaded: LoadedMeasure[] = [];
  const issues: Issue[] = [];
  const held = await findMeasures(context, caller, names);
  const spent: Spent = { libraries: 0, characters: 0 };
  for (const name of names) {
    const one = await loadMeasure(context, caller, name, held, instance, spent);
    if (one instanceof Failure) issues.push(...one.issues);
    else loaded.push(one);
  }
  return failIfAny(issues) ?? loaded;
}

/** What the libraries of one request have come to so far. */
interface Spent {
  libraries: number;
  characters: number;
}

async function loadMeasure(
  context: Context,
  caller: Caller,
  name: string,
  held: readonly Measure[],
  instance: boolean,
  spent: Spent,
): Promise<Outcome<LoadedMeasure>> {
  const measure = held.find(isCanonical(name) ? answersTo(name) : (m) => m.id === idOf(name));
  if (measure === undefined) {
    const expected = 'a Measure of this server, by canonical, id or Measure/[id]';
    return instance
      ? fail('not-found', { found: name })
      : fail('bad-parameter-value', { parameter: 'measure', found: name, expected });
  }
  const definition = readMeasure(measure);
  if (definition instanceof Failure) return definition;
  const texts = await loadLibraries(context, caller, definition, spent);
  if (texts instanceof Failure) return texts;
  const parameters = await parameterValues(context, caller, definition);
  if (parameters instanceof Failure) return parameters;
  const [library] = texts;
  const populations = definition.populations.map((p) => p.expression);
  const stratifiers = definition.stratifiers.map((s) => s.expression);
  const source = { url: definition.url, library, texts, populations, stratifiers };
  return { definition, source, parameters };
}

const isCanonical = (name: string): boolean => name.includes(':');
const idOf = (name: string): string => name.replace(/^Measure\//, '');

/** Every measure that one of the names may mean, by id or url. */
async function findMeasures(context: Context, caller: Caller, names: readonly string[]): Promise<Measure[]> {
  const urls = names.filter(isCanonical).map((name) => hasUrl(splitCanonical(name).url));
  const ids = names.filter((name) => !isCanonical(name)).map(idOf);
  return findResources<Measure>(context, caller, 'Measure', or(ids.length === 0 ? urls : [{ op: 'id', ids }, ...urls]));
}

function hasUrl(value: string): Filter {
  return { op: 'match', param: 'url', test: { kind: 'uri', how: 'equals', value } };
}

/** Whether a resource is the one that a canonical names; without a version, any version is. */
function answersTo(canonical: string): (resource: CanonicalResource) => boolean {
  const { url, version } = splitCanonical(canonical);
  return (resource) => resource.url === url && (version === undefined || resource.version === version);
}

type CanonicalResource = Measure | Library | ConceptMap;

/** The resource that a canonical names. */
export async function findCanonical<T extends CanonicalResource>(
  context: Context,
  caller: Caller,
  type: T['resourceType'],
  canonical: string,
): Promise<T | undefined> {
  const held = await findResources<T>(context, caller, type, hasUrl(splitCanonical(canonical).url));
  return held.find(answersTo(canonical));
}

/** The primary library, then those that it and they depend on. */
async function loadLibraries(
  context: Context,
  caller: Caller,
  { url, library }: MeasureDefinition,
  spent: Spent,
): Promise<Outcome<readonly [CqlText, ...CqlText[]]>> {
  const texts: CqlText[] = [];
  const wanted = [library];
  for (const canonical of wanted) {
    spent.libraries += 1;
    if (spent.libraries > limits['cql-libraries'].most) return tooMuchCql(url, canonical, 'cql-libraries');
    const found = await findCanonical<Library>(context, caller, 'Library', canonical);
    // Before it is decoded: four characters of base64 are one of text at least.
    if (found && cqlSize(found) / 4 > limits['cql-length'].most) return tooMuchCql(url, canonical, 'cql-length');
    const text = found && cqlOf(found);
    if (found === undefined || text === undefined) {
      const what = found === undefined ? 'is not held by this server' : 'has no name or no content of type text/cql';
      return fail('measure-not-evaluable', { text: `${url}: the Library ${canonical} ${what}.` }, 'Measure.library');
    }
    spent.characters += text.text.length;
    if (spent.characters > limits['cql-length'].most) return tooMuchCql(url, canonical, 'cql-length');
    texts.push(text);
    // The list grows while it is walked, once for each library.
    for (const next of dependencies(found)) if (!wanted.includes(next)) wanted.push(next);
  }
  const [main, ...rest] = texts;
  if (main === undefined) throw new Error('a measure was read that names no library');
  return [main, ...rest];
}

function tooMuchCql(url: string, canonical: string, limit: 'cql-libraries' | 'cql-length'): Failure {
  const text = `${url}: the Library ${canonical} comes on top of what the measures use already; expected ${atMost(limit)}.`;
  return fail('measure-not-evaluable', { text }, 'Measure.library');
}

async function parameterValues(
  context: Context,
  caller: Caller,
  { url, parameters }: MeasureDefinition,
): Promise<Outcome<Readonly<Record<string, ParameterValue>>>> {
  const values: Record<string, ParameterValue> = {};
  for (const parameter of parameters) {
    const value = await evaluated(context, caller, parameter);
    if (value instanceof Failure) {
      const reasons = value.issues.map((i) => i.text).join(' ');
      const text = `${url}: parameter "${parameter.name}": ${reasons}`;
      return new Failure([issue('measure-not-evaluable', { text }, 'Measure.extension')]);
    }
    values[parameter.name] = value;
  }
  return values;
}

/** A parameter's own value, or the references of all that its query finds, sorted. */
async function evaluated(context: Context, caller: Caller, source: ParameterSource): Promise<Outcome<ParameterValue>> {
  if ('value' in source) return source.value;
  const found = await versionsByQuery(context, caller, source.query);
  return found instanceof Failure ? found : found.map((v) => `${v.type}/${v.id}`).sort();
}

/** Everything that an x-fhir-query finds (R4 codesystem-expression-language.html) and that the caller may read, in its order. */
export async function findByQuery(context: Context, caller: Caller, query: string): Promise<Outcome<Resource[]>> {
  const found = await versionsByQuery(context, caller, query);
  return found instanceof Failure ? found : resourcesOf(found);
}

async function versionsByQuery(context: Context, caller: Caller, query: string): Promise<Outcome<Version[]>> {
  const [type = ''] = query.split('?', 1);
  const pairs = readQuery(query.slice(type.length + 1));
  if (pairs instanceof Failure) return pairs;
  const parsed = parseSearch(type, pairs, searchOptions(context, false));
  if (parsed instanceof Failure) return parsed;
  const where = await resolveLookups(context, caller, parsed.where, [type]);
  if (where instanceof Failure) return where;
  const asked = { ...plan({ ...parsed, where }, caller.rights.search), limit: 1000, total: 'none' } as const;
  return Array.fromAsync(findAll(context.store, asked));
}
