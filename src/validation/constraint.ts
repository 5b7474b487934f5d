import { evalFhirPathTyped, type FhirPathAtom, parseFhirPath, type TypedValue } from '@medplum/core';
import type { ElementDefinition } from '@medplum/fhirtypes';
import { type Issue, issue } from '#errors';
import { isObject } from '#fhir/json/object.ts';
import type { Clock } from '#fhir/values/dates.ts';
import { nativeCheck } from './ordering.ts';

/** An invariant of a StructureDefinition. */
export interface Constraint {
  readonly key: string;
  readonly severity: 'error' | 'warning';
  readonly human: string;
  readonly expression: string;
}

/** What an invariant may refer to: the element, the resource that holds it, and the outermost resource. */
export interface ConstraintContext {
  readonly type: string;
  readonly value: unknown;
  readonly resource: TypedValue;
  readonly root: TypedValue;
  readonly clock: Clock;
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

const parsed = new Map<string, FhirPathAtom>();

/** The expressions are parsed when they are first evaluated: R4 has some 1,500, most writes need a dozen. */
export function compileConstraints(constraints: ElementDefinition['constraint']): readonly Constraint[] {
  const compiled = (constraints ?? []).flatMap(({ key, severity, human, expression }) =>
    expression === undefined || elsewhere.has(key)
      ? []
      : [{ key, severity: severity === 'warning' ? ('warning' as const) : ('error' as const), human, expression }],
  );
  return compiled.length === 0 ? none : compiled;
}

const none: readonly Constraint[] = [];

/** Parses the expression; throws if it is not FHIRPath. */
export function parseConstraint(constraint: Constraint): FhirPathAtom {
  let atom = parsed.get(constraint.expression);
  if (atom === undefined) {
    atom = parseFhirPath(constraint.expression);
    parsed.set(constraint.expression, atom);
  }
  return atom;
}

const ucum: TypedValue = { type: 'string', value: 'http://unitsofmeasure.org' };

/** The issue of an invariant that the element does not meet. */
export function constraintIssue(constraint: Constraint, context: ConstraintContext, path: string): Issue | undefined {
  const check = nativeCheck(constraint.expression);
  if (check === undefined) return evaluated(constraint, context, path);
  const { value } = context;
  return !isObject(value) || check(value, context.clock) ? undefined : unmet(constraint, '', path);
}

function evaluated(constraint: Constraint, context: ConstraintContext, path: string): Issue | undefined {
  const atom = parseConstraint(constraint);
  const input: TypedValue = { type: context.type, value: context.value };
  const variables = {
    '%context': input,
    '%resource': context.resource,
    '%rootResource': context.root,
    '%ucum': ucum,
  };
  let met: boolean;
  let reason = '';
  try {
    const result = evalFhirPathTyped(atom, [input], variables);
    met = result.length === 1 && result[0]?.value === true;
  } catch (error) {
    // The engine throws on values that an expression is not made for, as FHIRPath asks: the invariant is then not met.
    met = false;
    reason = ` (${error instanceof Error ? error.message : 'not evaluable'})`;
  }
  return met ? undefined : unmet(constraint, reason, path);
}

function unmet(constraint: Constraint, reason: string, path: string): Issue {
  return issue(
    'invalid-content',
    { text: `${constraint.key}: ${constraint.human}${reason}` },
    path,
    constraint.severity,
  );
}
