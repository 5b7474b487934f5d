/**
 * Invariants of R4 whose FHIRPath says other than their words: published → as it is evaluated. The README says what is wrong with each.
 */
const corrections: ReadonlyMap<string, string> = new Map([
  // -0 of most definitions
  ["name.matches('[A-Z]([A-Za-z0-9_]){0,254}')", "name.exists() implies name.matches('^[A-Z]([A-Za-z0-9_]){0,254}$')"],
  // bdl-7
  [
    "(type = 'history') or entry.where(fullUrl.exists()).select(fullUrl&resource.meta.versionId).isDistinct()",
    "(type = 'history') or entry.where(fullUrl.exists()).select(fullUrl & '|' & resource.meta.versionId).isDistinct()",
  ],
  // con-3
  [
    "clinicalStatus.exists() or verificationStatus.coding.where(system='http://terminology.hl7.org/CodeSystem/condition-ver-status' and code = 'entered-in-error').exists() or category.select($this='problem-list-item').empty()",
    "clinicalStatus.exists() or verificationStatus.coding.where(system='http://terminology.hl7.org/CodeSystem/condition-ver-status' and code = 'entered-in-error').exists() or category.coding.where(system='http://terminology.hl7.org/CodeSystem/condition-category' and code='problem-list-item').empty()",
  ],
  // cpb-3
  [
    "messaging.endpoint.empty() or kind = 'instance'",
    "messaging.all(endpoint.exists() = (%resource.kind = 'instance'))",
  ],
  // csd-1
  [
    'concept.code.combine($this.descendants().concept.code).isDistinct()',
    'concept.code.combine(concept.concept.code).combine(concept.descendants().concept.code).isDistinct()',
  ],
  // eld-11
  [
    "binding.empty() or type.code.empty() or type.select((code = 'code') or (code = 'Coding') or (code='CodeableConcept') or (code = 'Quantity') or (code = 'string') or (code = 'uri')).exists()",
    "binding.empty() or type.code.empty() or type.where((code = 'code') or (code = 'Coding') or (code='CodeableConcept') or (code = 'Quantity') or (code = 'string') or (code = 'uri') or (code = 'Duration') or code.contains(':')).exists()",
  ],
  // eld-16
  [
    "sliceName.empty() or sliceName.matches('^[a-zA-Z0-9\\\\/\\\\-_\\\\[\\\\]\\\\@]+$')",
    "sliceName.empty() or sliceName.matches('^[a-zA-Z0-9/_@\\\\[\\\\]-]+$')",
  ],
  // eld-19
  [
    "path.matches('[^\\\\s\\\\.,:;\\\\\\'\"\\\\/|?!@#$%&*()\\\\[\\\\]{}]{1,64}(\\\\.[^\\\\s\\\\.,:;\\\\\\'\"\\\\/|?!@#$%&*()\\\\[\\\\]{}]{1,64}(\\\\[x\\\\])?(\\\\:[^\\\\s\\\\.]+)?)*')",
    "path.matches('^[^\\\\s.,:;\\'\"/|?!@#$%&*()\\\\[\\\\]{}]{1,64}([.][^\\\\s.,:;\\'\"/|?!@#$%&*()\\\\[\\\\]{}]{1,64}(\\\\[x\\\\])?(:[^\\\\s.]+)?)*$')",
  ],
  // eld-20
  [
    "path.matches('[A-Za-z][A-Za-z0-9]*(\\\\.[a-z][A-Za-z0-9]*(\\\\[x])?)*')",
    "path.matches('^[A-Za-z][A-Za-z0-9]*([.][a-z][A-Za-z0-9]*(\\\\[x\\\\])?)*$')",
  ],
  // md-1
  ["max='*' or (max.toInteger() > 0)", "max.empty() or max='*' or (max.toInteger() > 0)"],
  // obs-7
  [
    'value.empty() or component.code.where(coding.intersect(%resource.code.coding).exists()).empty()',
    "value.empty() or component.code.coding.where(code.exists()).select(system & '|' & code).intersect(%resource.code.coding.where(code.exists()).select(system & '|' & code)).empty()",
  ],
  // ppc-2 to ppc-5
  ...['patient-privacy', 'research', 'adr', 'treatment'].map((code): [string, string] => [
    `patient.exists() or scope.coding.where(system='something' and code='${code}').exists().not()`,
    `patient.exists() or scope.coding.where(system='http://terminology.hl7.org/CodeSystem/consentscope' and code='${code}').exists().not()`,
  ]),
  // que-2
  [
    'descendants().linkId.isDistinct()',
    'item.linkId.combine(item.item.linkId).combine(item.descendants().item.linkId).isDistinct()',
  ],
  // que-7
  ["operator = 'exists' implies (answer is Boolean)", "operator = 'exists' implies (answer is boolean)"],
  // que-12
  ['enableWhen.count() > 2 implies enableBehavior.exists()', 'enableWhen.count() > 1 implies enableBehavior.exists()'],
  // tst-3
  [
    'expression.empty() or headerField.empty() or path.empty()',
    'expression.count() + headerField.count() + path.count() <= 1',
  ],
]);

/** The expression of an invariant as it is to be evaluated. */
export function corrected(expression: string): string {
  return corrections.get(expression) ?? expression;
}

/** The expressions of R4 that are not evaluated as published. */
export const mistaken: readonly string[] = [...corrections.keys()];
