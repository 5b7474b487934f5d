import type { ElementDefinition } from '@medplum/fhirtypes';
import { type Issue, issue } from '#errors';
import { compileAt } from '#fhir/fhirpath/fhirpath.ts';
import type { Variables } from '#fhir/fhirpath/run.ts';
import type { ConstraintContext } from './check.ts';
import { corrected } from './corrections.ts';
import { nativeCheck } from './native.ts';

/** An invariant of a StructureDefinition. */
export interface Constraint {
  readonly key: string;
  readonly severity: 'error' | 'warning';
  readonly human: string;
  /** As published, or as corrected. */
  readonly expression: string;
}

/**
 * Checked by the walk itself (empty elements, extensions, references into the resource, contained resources, narrative), or a
 * matter of taste (dom-6: every resource should have a narrative).
 */
const elsewhere: ReadonlySet<string> = new Set([
  'ele-1',
  'ext-1',
  'ref-1',
  'txt-1',
  'txt-2',
  'dom-2',
  'dom-3',
  'dom-4',
  'dom-5',
  'dom-6',
]);

/** The invariants of an element as plain data. */
export function compileConstraints(constraints: ElementDefinition['constraint']): readonly Constraint[] {
  const compiled = (constraints ?? []).flatMap(({ key, severity, human, expression }) =>
    expression === undefined || elsewhere.has(key)
      ? []
      : [
          {
            key,
            severity: severity === 'warning' ? ('warning' as const) : ('error' as const),
            human,
            expression: corrected(expression),
          },
        ],
  );
  return compiled.length === 0 ? none : compiled;
}

const none: readonly Constraint[] = [];

type Evaluate = (element: unknown, variables: Variables) => unknown[];

/** By base, then by expression. Compiled when they are first evaluated: R4 has some 1,500, most writes need a few. */
const evaluators = new Map<string, Map<string, Evaluate>>();

/** `base` is the type of the element, or the path of a backbone element. Throws if the expression is not FHIRPath. */
export function compileExpression(expression: string, base: string): Evaluate {
  const compiled = evaluators.get(base) ?? new Map<string, Evaluate>();
  evaluators.set(base, compiled);
  const evaluate = compiled.get(expression) ?? compileAt(expression, base);
  compiled.set(expression, evaluate);
  return evaluate;
}

/** The issue of an invariant that the value, of the type or backbone element `base`, does not meet. */
export function constraintIssue(
  constraint: Constraint,
  value: unknown,
  base: string,
  context: ConstraintContext,
  path: string,
): Issue | undefined {
  const { key, severity, human, expression } = constraint;
  const check = nativeCheck(expression, value);
  if (check?.(value, context) === true) return undefined;
  const reason = check === undefined ? unmetReason(expression, value, base, context) : '';
  return reason === undefined
    ? undefined
    : issue('invalid-content', { text: `${key}: ${human}${reason}` }, path, severity);
}

/** What there is to say, be it nothing, of an expression that the engine does not find true; undefined if it does. */
export function unmetReason(
  expression: string,
  value: unknown,
  base: string,
  variables: Variables,
): string | undefined {
  const evaluate = compileExpression(expression, base);
  try {
    const result = evaluate(value, variables);
    return result.length === 1 && result[0] === true ? undefined : '';
  } catch (error) {
    // The engine throws on values that an expression is not made for, as FHIRPath asks: the invariant is then not met.
    return ` (${error instanceof Error ? error.message : String(error)})`;
  }
}
