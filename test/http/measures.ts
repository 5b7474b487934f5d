import { entry, transaction } from './harness.ts';

/** The text of a CQL library whose definition "X" stands for every population. */
export function cqlText(name: string, body: string): string {
  return `library ${name} version '1'\nusing FHIR version '4.0.1'\ninclude FHIRHelpers version '4.0.1'\ncontext Patient\n${body}\n`;
}

/** A Library of that name with the CQL, and what it depends on. */
export function library(name: string, text: string, dependsOn: readonly string[] = []): Record<string, unknown> {
  return {
    resourceType: 'Library',
    id: name,
    url: `http://x.example/Library/${name}`,
    name,
    version: '1',
    status: 'active',
    type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/library-type', code: 'logic-library' }] },
    ...(dependsOn.length > 0 && {
      relatedArtifact: dependsOn.map((other) => ({
        type: 'depends-on',
        resource: `http://x.example/Library/${other}`,
      })),
    }),
    content: [{ contentType: 'text/cql', data: Buffer.from(text).toString('base64') }],
  };
}

/** A Measure of that id over the library of the same name; a stratifier by "S" if asked for. */
export function measure(id: string, stratified = false): Record<string, unknown> {
  const criteria = (expression: string) => ({ language: 'text/cql-identifier', expression });
  const population = ['initial-population', 'denominator', 'numerator'].map((code) => ({
    code: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/measure-population', code }] },
    criteria: criteria('X'),
  }));
  return {
    resourceType: 'Measure',
    id,
    url: `http://x.example/Measure/${id}`,
    status: 'active',
    library: [`http://x.example/Library/${id}`],
    scoring: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/measure-scoring', code: 'proportion' }] },
    group: [{ population, ...(stratified && { stratifier: [{ criteria: criteria('S') }] }) }],
  };
}

/** A transaction with Measures and their Libraries. */
export function measures(texts: Readonly<Record<string, string>>): Record<string, unknown> {
  return transaction(
    ...Object.entries(texts).flatMap(([id, text]) => [
      entry('PUT', `Library/${id}`, library(id, text)),
      entry('PUT', `Measure/${id}`, measure(id)),
    ]),
  );
}

/** Where a Measure is evaluated. */
export function evaluationOf(id: string): string {
  return `/Measure/${id}/$evaluate-measure?periodStart=2025&periodEnd=2025`;
}
