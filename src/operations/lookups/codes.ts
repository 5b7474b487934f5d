import type { ValueSet } from '@medplum/fhirtypes';
import { Failure, fail, type Outcome } from '#errors';
import type { Definitions } from '#fhir/model/definitions.ts';
import { children, type ElementType } from '#fhir/model/model.ts';
import { parseReference, splitCanonical } from '#fhir/values/references.ts';
import { and, type Filter, type LookupSet, or } from '#search/model/filter.ts';
import { type Concept, expand } from '#terminology/expand.ts';
import { resolveImports, type TerminologyLibrary } from '#terminology/source.ts';
import { ancestors, descendants, hierarchyOf } from '#terminology/subsumes.ts';
import { findResources } from '../read/find-readable.ts';
import type { Caller, Context } from '../request/context.ts';

/** What the lookups of one search work with. */
export interface LookupContext {
  readonly context: Context;
  readonly caller: Caller;
  readonly library: TerminologyLibrary;
  /** Codes that one of them may give. */
  readonly most: number;
}

/** What is looked up, for resources of some types. */
export interface LookupRequest<S extends LookupSet = LookupSet> {
  readonly set: S;
  /** Undefined if any may be meant. */
  readonly types: readonly string[] | undefined;
}

/** What a lookup gave: tests in its place, and how many codes or resources they name. */
export interface LookupResult {
  readonly filter: Filter;
  readonly size: number;
}

/** R4 search.html#token, `:in`: by the address of a value set of this server, else by its canonical url. */
export async function codesOfValueSet(
  lookup: LookupContext,
  { set: { param, url }, types }: LookupRequest<Extract<LookupSet, { readonly by: 'valueSet' }>>,
): Promise<Outcome<LookupResult>> {
  const valueSet = await valueSetAt(lookup, url);
  if (valueSet === undefined) return fail('unknown-value-set', { found: url, parameter: param });
  const source = await resolveImports(valueSet, lookup.library);
  if (source instanceof Failure) return source;
  const concepts = expand(valueSet, source, { concepts: lookup.most, fragments: true });
  return concepts instanceof Failure ? concepts : tests(lookup, types, param, concepts);
}

async function valueSetAt({ context, caller, library }: LookupContext, text: string): Promise<ValueSet | undefined> {
  const target = parseReference(text, context.config.baseUrl);
  if (target?.kind === 'local' && target.type === 'ValueSet' && target.version === undefined) {
    const [found] = await findResources<ValueSet>(context, caller, 'ValueSet', { op: 'id', ids: [target.id] });
    if (found !== undefined) return found;
  }
  const { url, version } = splitCanonical(text);
  return (await library.valueSet(url, version)) ?? implicitValueSet(url);
}

/** The value sets that a code system implies (R4 snomedct.html, loinc.html): all of its codes, or those below one. */
function implicitValueSet(url: string): ValueSet | undefined {
  const [, system, code] = /^(.+)\?fhir_vs(?:=isa\/([^=/]+))?$/.exec(url) ?? [];
  if (system === undefined) return undefined;
  const all = { system };
  const below = code && { system, filter: [{ property: 'concept', op: 'is-a' as const, value: code }] };
  return { resourceType: 'ValueSet', status: 'active', url, compose: { include: [below || all] } };
}

/** R4 search.html#subsumption: a code, and those that it subsumes or is subsumed by. */
export async function codesAround(
  lookup: LookupContext,
  { set: { param, how, system, code }, types }: LookupRequest<Extract<LookupSet, { readonly by: 'code' }>>,
): Promise<Outcome<LookupResult>> {
  const resource = await lookup.library.codeSystem(system);
  const hierarchy = resource && hierarchyOf(resource);
  if (hierarchy === undefined) return fail('unknown-code-system', { found: system, parameter: param });
  if (!hierarchy.concepts.has(code)) return fail('unknown-code', { found: code, target: system, parameter: param });
  const around = how === 'below' ? descendants(hierarchy, code) : ancestors(hierarchy, code);
  const concepts = [code, ...around].map((at) => ({ system, code: at }));
  return tests(lookup, types, param, concepts);
}

/** Some elements of type code, such as languages, have no system in the index: for them the code alone counts. */
function tests(
  { context: { definitions } }: LookupContext,
  types: readonly string[] | undefined,
  param: string,
  concepts: readonly Concept[],
): LookupResult {
  const { plain, others } = typesOf(definitions, types ?? [...definitions.resourceTypes], param);
  const withSystem = concepts.map(({ system, code }) => match(param, system, code));
  const without = [...new Set(concepts.map((c) => c.code))].map((code) => match(param, '', code));
  const size = concepts.length;
  if (plain.length === 0) return { filter: or(withSystem), size };
  if (!others) return { filter: or(without), size };
  return { filter: or([...withSystem, and([{ op: 'type', types: plain }, or(without)])]), size };
}

function match(param: string, system: string, code: string): Filter {
  return { op: 'match', param, test: { kind: 'token', system, code } };
}

/** The types, of these, to which the parameter is a code without a system, and whether it is anything else to others. */
function typesOf(
  definitions: Definitions,
  types: readonly string[],
  param: string,
): { readonly plain: readonly string[]; readonly others: boolean } {
  const having = types.flatMap((type) => {
    const parameter = definitions.searchParameters(type).get(param);
    return parameter === undefined ? [] : [{ type, expression: parameter.expression }];
  });
  const plain = having.filter(({ type, expression }) => leadsToCode(type, expression)).map(({ type }) => type);
  return { plain, others: plain.length < having.length };
}

/** Only plain paths lead to elements of type code in R4's expressions. What one system's codes are bound to has that system. */
function leadsToCode(type: string, expression: string): boolean {
  return expression.split('|').some((branch) => {
    const [root, ...names] = branch.trim().split('.');
    if (root !== type) return false;
    let at: ElementType | undefined = { type, path: type, targets: [] };
    for (const name of names) at = at && children(at.path, name)?.values().next().value;
    return at?.type === 'code' && at.system === undefined;
  });
}
