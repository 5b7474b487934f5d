import { createRequire } from 'node:module';
import { compileDirect } from './direct.ts';
import { ask, type Variables } from './run.ts';

type FhirPathEngine = typeof import('fhirpath').default;

/** Loaded when an expression first needs it: a tenth of a second that a start would wait for. */
let engine: { readonly fhirpath: FhirPathEngine; readonly r4: Parameters<FhirPathEngine['compile']>[1] } | undefined;

function load() {
  const require = createRequire(import.meta.url);
  engine ??= { fhirpath: takingLongLists(require('fhirpath')), r4: require('fhirpath/fhir-context/r4') };
  return engine;
}

/** The library hands whole lists to functions as arguments, of which the stack takes some 100,000. */
function takingLongLists(fhirpath: FhirPathEngine): FhirPathEngine {
  const pushFn = (into: unknown[], items: readonly unknown[]): number => {
    for (const item of items) into.push(item);
    return into.length;
  };
  Object.assign(fhirpath.util, { pushFn, flatten: (lists: readonly unknown[]) => lists.flat() });
  return fhirpath;
}

/** A value with its type: R4's name (`CodeableConcept`, `dateTime`), or that of the like primitive for a computed one. */
export interface TypedValue {
  readonly value: unknown;
  readonly type: string;
}

// What `trace()` would print may be a resident's.
const options = { async: false, resolveInternalTypes: false, traceFn: () => undefined } as const;

const systemTypes: Readonly<Record<string, string>> = {
  Boolean: 'boolean',
  String: 'string',
  Integer: 'integer',
  Decimal: 'decimal',
  Date: 'date',
  DateTime: 'dateTime',
  Time: 'time',
};

/** Compiles a FHIRPath expression; a syntax error throws. `resolve()` finds nothing: there is no store behind it. */
export function compile(expression: string): (resource: unknown) => unknown[] {
  const { fhirpath, r4 } = load();
  const run = fhirpath.compile(expression, r4, options);
  return (resource) => fhirpath.resolveInternalTypes(run(resource));
}

/** As compile, and tells the type of each value. */
export function compileTyped(expression: string): (resource: unknown) => TypedValue[] {
  const { fhirpath, r4 } = load();
  const run = fhirpath.compile(expression, r4, options);
  return (resource) => {
    const found = run(resource);
    const types = fhirpath.types(found);
    const values: unknown[] = fhirpath.resolveInternalTypes(found);
    return values.map((value, i) => {
      const [space, name = ''] = (types[i] ?? '').split('.');
      return { value, type: space === 'System' ? (systemTypes[name] ?? name) : name };
    });
  };
}

/**
 * As compile, for expressions that are evaluated on an element; `base` is its type, or the path of a backbone element
 * (`Period`, `Patient.contact`). `resolve()` and `memberOf()` throw: there is nothing behind them.
 */
export function compileAt(expression: string, base: string): (element: unknown, variables: Variables) => unknown[] {
  const { fhirpath } = load();
  const direct = compileDirect(fhirpath.parse(expression), base);
  if (direct === undefined) return compileInEngine(expression, base);
  let run: typeof direct | undefined;
  return (element, variables) => {
    try {
      return direct(element, variables);
    } catch (error) {
      if (error !== ask) throw error;
      run ??= compileInEngine(expression, base);
      return run(element, variables);
    }
  };
}

/** As compileAt, in the engine alone. */
export function compileInEngine(
  expression: string,
  base: string,
): (element: unknown, variables: Variables) => unknown[] {
  const { fhirpath, r4 } = load();
  const run = fhirpath.compile({ base, expression }, r4, options);
  return (element, { resource, rootResource }) => {
    // The engine cannot begin at a plain number.
    const root = typeof element === 'number' ? fhirpath.FP_Decimal.getDecimal(element) : element;
    return fhirpath.resolveInternalTypes(run(root, { resource, rootResource }));
  };
}
