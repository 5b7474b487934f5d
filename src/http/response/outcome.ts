import type { OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { catalogue } from '#error-catalogue';
import type { Issue } from '#errors';
import { canonicalBase } from '#fhir/values/canonical.ts';

const codes = `${canonicalBase}/CodeSystem/hufhir-error`;

/** R4 operationoutcome.html: `details` has the code of the catalogue, `diagnostics` the text. */
export function outcomeOf(issues: readonly Issue[]): OperationOutcome {
  return { resourceType: 'OperationOutcome', issue: issues.map(toIssue) } as OperationOutcome;
}

function toIssue(issue: Issue): OperationOutcomeIssue {
  return {
    severity: issue.severity,
    code: catalogue[issue.code].type,
    details: { coding: [{ system: codes, code: issue.code }] },
    diagnostics: issue.text,
    ...(issue.expression !== undefined && issue.expression !== '' && { expression: [issue.expression] }),
  };
}
