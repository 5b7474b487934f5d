import { Code, CodeService, Interval, Library, PatientContext, Quantity } from 'cql-execution';
import { Failure, fail, failIfAny, type Issue, issue, type Outcome } from '#errors';
import { atMost, limits } from '#limits';
import { fhirTypes } from './elements.ts';
import { elmReach, trimmed } from './elm.ts';
import { withLocalReferences } from './references.ts';
import { reasonOf, unlessTooDeep } from './refusals.ts';
import { atOffset, FhirValue, Resident } from './resident.ts';
import { type CqlText, type ElmJson, type Translation, translate } from './translate.ts';

/** One measure as the engine needs it; plain data, so that it can be sent to a thread. */
export interface MeasureSource {
  /** How messages name it. */
  readonly url: string;
  /** The primary library, and every library it may include. */
  readonly library: CqlText;
  readonly texts: readonly CqlText[];
  /** Names of the definitions that decide on each population, in the order of the membership bits. */
  readonly populations: readonly string[];
  /** Names of the definitions that give the resident's value of each stratifier. */
  readonly stratifiers: readonly string[];
}

/** A value that a parameter of CQL takes, as plain data. */
export type ParameterValue =
  | boolean
  | number
  | string
  | readonly string[]
  /** A Quantity; the unit is UCUM. */
  | { readonly value: number; readonly unit: string };

/** What is the same for all residents of an evaluation. */
export interface EvaluationRun {
  /** Milliseconds since 1970, half-open. */
  readonly period: { readonly start: number; readonly end: number };
  /** Hours east of UTC. */
  readonly offset: number;
  /** What absolute references to this server begin with; no slash at its end. */
  readonly baseUrl: string;
  /** By measure, in the order in which they were prepared. */
  readonly parameters: readonly Readonly<Record<string, ParameterValue>>[];
  /** Whether to tell which records the retrieves found. */
  readonly evidence: boolean;
}

export interface ResidentInput {
  readonly patient: { readonly id: string; readonly content: string };
  readonly records: readonly { readonly type: string; readonly id: string; readonly content: string }[];
}

/** What one measure says of one resident. */
export interface MeasureResult {
  /** Bit i is set if population i holds; what is null does not hold. */
  readonly bits: number;
  /** By stratifier, the stratum that the resident is in; all null outside of every population. */
  readonly strata: readonly (string | null)[];
  /** `Type/id`, if evidence was asked for. */
  readonly evidence?: readonly string[];
}

export interface PatientResults {
  readonly patient: string;
  /** By measure, in the order in which they were prepared. */
  readonly byMeasure: readonly MeasureResult[];
}

/** Measures that can be evaluated. */
export interface Executable {
  /** The resource types that any of the measures retrieves, Patient aside. */
  readonly types: readonly string[];
  evaluate(run: EvaluationRun, residents: readonly ResidentInput[]): Promise<Outcome<readonly PatientResults[]>>;
}

/** Measures in ELM; plain data, so that it can be kept and sent to a thread. */
export interface TranslatedMeasures {
  /** The resource types that any of the measures retrieves, Patient aside. */
  readonly types: readonly string[];
  /** Of each measure, its primary library first, then those that it includes; as JSON. */
  readonly libraries: string;
}

/** Translates measures, and finds what they need. Every problem of every measure is reported. */
export async function translateMeasures(measures: readonly MeasureSource[]): Promise<Outcome<TranslatedMeasures>> {
  const texts = [...new Map(measures.flatMap((m) => m.texts).map((t) => [`${t.name}|${t.version}`, t])).values()];
  const mains = measures.map((m) => m.library);
  const translations = await translate(mains, texts);
  return unlessTooDeep(namesOf(measures), () => checkedMeasures(measures, translations));
}

function namesOf(measures: readonly MeasureSource[]): string[] {
  return measures.map((m) => m.library.name);
}

function checkedMeasures(
  measures: readonly MeasureSource[],
  translations: readonly Translation[],
): Outcome<TranslatedMeasures> {
  const checked = measures.map((measure, i) => check(measure, translations[i]));
  const failure = failIfAny(checked.flatMap((c) => c.issues));
  if (failure !== undefined) return failure;
  const types = new Set(checked.flatMap((c) => [...c.types]));
  const libraries = JSON.stringify(translations.map((t) => t.libraries.map(trimmed)));
  return { types: [...types].sort(), libraries };
}

/** Translates measures and makes them executable. */
export async function prepare(measures: readonly MeasureSource[]): Promise<Outcome<Executable>> {
  const translated = await translateMeasures(measures);
  return translated instanceof Failure ? translated : link(measures, translated);
}

/** Makes translated measures executable, unless they nest too deep. */
export function link(measures: readonly MeasureSource[], translated: TranslatedMeasures): Outcome<Executable> {
  const libraries = unlessTooDeep(namesOf(measures), () => linked(JSON.parse(translated.libraries)));
  if (libraries instanceof Failure) return libraries;
  const typeOf = fhirTypes();
  return {
    types: translated.types,
    evaluate: async (run, residents) => {
      const prepared = measures.map((measure, i) => ({
        measure,
        library: libraries[i],
        values: run.parameters[i] ?? {},
      }));
      const memberships: PatientResults[] = [];
      for (const input of residents) {
        const resident = new Resident(
          JSON.parse(withLocalReferences(input.patient.content, run.baseUrl)),
          input.records.map((r) => JSON.parse(withLocalReferences(r.content, run.baseUrl))),
          typeOf,
          run.offset,
        );
        const byMeasure: MeasureResult[] = [];
        const shared: ResidentContext = { resident, run, contexts: new Map() };
        for (const { measure, library, values } of prepared) {
          const result = library === undefined ? undefined : await resultOfMeasure(measure, library, values, shared);
          if (result instanceof Failure) return result;
          if (result !== undefined) byMeasure.push(result);
        }
        memberships.push({ patient: input.patient.id, byMeasure });
      }
      return memberships;
    },
  };
}

function check(
  measure: MeasureSource,
  translation: Translation | undefined,
): { issues: Issue[]; types: Iterable<string> } {
  const issues = [...(translation?.issues ?? [])];
  if (translation === undefined || translation.libraries.length === 0) return { issues, types: [] };
  const found = elmReach(translation.libraries, [...measure.populations, ...measure.stratifiers]);
  const refuse = (text: string): void => {
    issues.push(issue('measure-not-evaluable', { text: `${measure.url}: ${text}` }));
  };
  for (const name of found.missing) refuse(`the library ${measure.library.name} does not define "${name}".`);
  for (const name of found.valueSets) refuse(`the value set "${name}" is used, which this server does not expand yet.`);
  return { issues, types: found.types };
}

/** The main library of each translation, linked to what it includes; libraries that are the same are one object. */
function linked(translations: readonly (readonly ElmJson[])[]): (Library | undefined)[] {
  const texts = new Map(translations.flat().map((l) => [l.library.identifier.id, l]));
  const made = new Map<string, Library>();
  const resolve = (name: string): Library | undefined => {
    const known = made.get(name);
    if (known !== undefined) return known;
    const elm = texts.get(name);
    if (elm === undefined) return undefined;
    const library = new Library(elm, { resolve });
    made.set(name, library);
    return library;
  };
  return translations.map(([main]) => (main === undefined ? undefined : resolve(main.library.identifier.id)));
}

/** What the measures share while one resident is evaluated: parsed records, and the results of included libraries. */
interface ResidentContext {
  readonly resident: Resident;
  readonly run: EvaluationRun;
  /** By parameters and library: what a common definition gave for one measure serves the others. */
  readonly contexts: Map<string, PatientContext>;
}

async function resultOfMeasure(
  measure: MeasureSource,
  library: Library,
  values: Readonly<Record<string, ParameterValue>>,
  shared: ResidentContext,
): Promise<Outcome<MeasureResult>> {
  const { resident, run } = shared;
  resident.retrieved.clear();
  const context = contextOf(library, values, { ...shared, contexts: run.evidence ? new Map() : shared.contexts });
  try {
    let bits = 0;
    for (const [i, name] of measure.populations.entries()) {
      if ((await resultOf(context, library, name)) === true) bits |= 1 << i;
    }
    const strata: (string | null)[] = [];
    for (const name of measure.stratifiers) {
      // Outside of every population nobody asks for the strata.
      strata.push(bits === 0 ? null : stratumOf(await resultOf(context, library, name), name));
    }
    const result = { bits, strata };
    return run.evidence ? { ...result, evidence: [...resident.retrieved] } : result;
  } catch (e) {
    const text = `${measure.url}: Patient/${resident.getId()}: ${reasonOf(e)}`;
    return fail('measure-not-evaluable', { text });
  }
}

/** A definition's value in the context, computed once. */
async function resultOf(context: PatientContext, library: Library, name: string): Promise<unknown> {
  const known: unknown = context.get(name);
  const definition = library.expressions[name];
  return known === definition ? definition.execute(context) : known;
}

/** The text of a stratifier's value: a String, Boolean, Integer, Decimal or Code of CQL, or a primitive of FHIR. */
function stratumOf(value: unknown, name: string): string | null {
  if (value === null || value === undefined || value === '') return null;
  if (typeof value === 'string' && value.length > limits['stratum-length'].most) {
    throw new Error(`the stratifier "${name}" gives ${value.length} characters; expected ${atMost('stratum-length')}`);
  }
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return String(value);
  if (value instanceof Code) return value.code;
  if (value instanceof FhirValue && 'value' in value.json) return stratumOf(value.json.value, name);
  throw new Error(`the stratifier "${name}" gives neither a simple value nor a code`);
}

function contextOf(
  library: Library,
  values: Readonly<Record<string, ParameterValue>>,
  shared: ResidentContext,
): PatientContext {
  const { run, resident, contexts } = shared;
  const names = declared(library);
  const own = Object.fromEntries(
    Object.entries(values)
      .filter(([name]) => names.has(name))
      .map(([name, v]) => [name, cqlValue(v)]),
  );
  const key = `${library.name} ${JSON.stringify(own)}`;
  const known = contexts.get(key);
  if (known !== undefined) return known;
  const start = atOffset(run.period.start, run.offset);
  const end = atOffset(run.period.end, run.offset);
  const parameters = { ...own, 'Measurement Period': new Interval(start, end, true, false) };
  const now = atOffset(Date.now(), run.offset);
  const context = new PatientContext(library, resident, noValueSets, parameters, now);
  contexts.set(key, context);
  for (const [alias, included] of Object.entries<Library>(library.includes)) {
    context.library_context[alias] = contextOf(included, values, shared);
  }
  return context;
}

function cqlValue(value: ParameterValue): unknown {
  return typeof value === 'object' && 'unit' in value ? new Quantity(value.value, value.unit) : value;
}

/** The parameters that a library or one that it includes declares. */
function declared(library: Library): ReadonlySet<string> {
  const included = Object.values<Library>(library.includes).flatMap((l) => [...declared(l)]);
  return new Set([...Object.keys(library.parameters), ...included]);
}

const noValueSets = new CodeService({});
