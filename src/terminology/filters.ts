import type { CodeSystem, ValueSetComposeIncludeFilter } from '@medplum/fhirtypes';
import { compilePattern } from './pattern.ts';
import { ancestors, descendants, type Hierarchy } from './subsumes.ts';

/** Whether a code passes. */
type Passes = (code: string) => boolean;

/**
 * Compiles a filter of a value set (R4 valueset.html#compositions, codes of filter-operator). Where it cannot be applied, the
 * text says why.
 */
export function compileFilter(
  { property, op, value }: ValueSetComposeIncludeFilter,
  system: CodeSystem,
  hierarchy: Hierarchy,
): Passes | string {
  if (hierarchical.has(op)) return bySubsumption(property, op, value, system, hierarchy);
  const values = valuesOf(property, system, hierarchy);
  if (values === undefined) return `the CodeSystem ${system.url} declares no property "${property}"`;
  const listed = new Set(value.split(',').map((v) => v.trim()));
  switch (op) {
    case '=':
      return (code) => values(code).includes(value);
    case 'in':
      return (code) => values(code).some((v) => listed.has(v));
    case 'not-in':
      return (code) => !values(code).some((v) => listed.has(v));
    case 'exists':
      if (value !== 'true' && value !== 'false') return `the filter exists has the value "${value}", not true or false`;
      return (code) => values(code).length > 0 === (value === 'true');
    case 'regex': {
      const pattern = compilePattern(value);
      if (pattern === undefined)
        return `the regular expression "${value}" has groups or repeats more than one part freely`;
      return (code) => values(code).some((v) => v.length <= 1_000 && pattern.test(v));
    }
    default:
      return `"${op}" is not a filter of R4`;
  }
}

const hierarchical: ReadonlySet<string> = new Set(['is-a', 'descendent-of', 'is-not-a', 'generalizes']);
/** What stands for the code itself. */
const ownCode: ReadonlySet<string> = new Set(['concept', 'code']);

function bySubsumption(
  property: string,
  op: string,
  value: string,
  system: CodeSystem,
  hierarchy: Hierarchy,
): Passes | string {
  if (!ownCode.has(property)) return `the filter ${op} is on the property "${property}", not on concept`;
  if (!hierarchy.concepts.has(value)) return `the CodeSystem ${system.url} has no code "${value}"`;
  const below = descendants(hierarchy, value);
  const above = op === 'generalizes' ? ancestors(hierarchy, value) : below;
  switch (op) {
    case 'is-a':
      return (code) => code === value || below.has(code);
    case 'descendent-of':
      return (code) => below.has(code);
    case 'is-not-a':
      return (code) => code !== value && !below.has(code);
    default:
      return (code) => code === value || above.has(code);
  }
}

/** The values of a property, as texts; undefined if the system does not declare it (R4 codesystem.html#properties). */
function valuesOf(
  property: string,
  system: CodeSystem,
  hierarchy: Hierarchy,
): ((code: string) => readonly string[]) | undefined {
  if (ownCode.has(property)) return (code) => [code];
  if (property === 'parent') return (code) => hierarchy.parents.get(code) ?? [];
  if (property === 'child') return (code) => hierarchy.children.get(code) ?? [];
  if (property === 'display') return (code) => [hierarchy.concepts.get(code)?.display ?? []].flat();
  if (!system.property?.some((p) => p.code === property)) return undefined;
  return (code) => {
    const found = hierarchy.concepts.get(code)?.property?.filter((p) => p.code === property) ?? [];
    return found.flatMap((p) => {
      const value =
        p.valueCode ?? p.valueString ?? p.valueBoolean ?? p.valueInteger ?? p.valueDecimal ?? p.valueDateTime;
      const text = value ?? p.valueCoding?.code;
      return text === undefined ? [] : [String(text)];
    });
  };
}

/** R4 codesystem-concept-properties.html: by the properties `inactive` and `status`; "deprecated" is not inactive. */
export function isInactive({ concepts }: Hierarchy, code: string): boolean {
  return (concepts.get(code)?.property ?? []).some(
    (p) =>
      (p.code === 'inactive' && p.valueBoolean === true) || (p.code === 'status' && retired.has(p.valueCode ?? '')),
  );
}

const retired: ReadonlySet<string> = new Set(['retired', 'inactive']);
