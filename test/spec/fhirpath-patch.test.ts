import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Resource } from '@medplum/fhirtypes';
import t from 'tap';
import { Failure } from '#errors';
import { parseResource, stringify } from '#fhir/json/json.ts';
import { applyFhirPathPatch } from '#fhir/patch/fhirpath-patch.ts';

const file = join(import.meta.dirname, '../../../shared/spec-cases/fhirpath-patch/cases.json');
const absent = !existsSync(file) && process.env.CI !== 'true';

interface Case {
  readonly name: string;
  readonly input: unknown;
  readonly diff: unknown;
  readonly output: unknown;
  readonly error: boolean;
}

const parsed = (value: unknown): unknown => parseResource(JSON.stringify(value), 100);

/** The suite compares narratives as XML, and its authors indented one of them: white space beside tags does not count. */
function comparable(text: string): unknown {
  return JSON.parse(text, (key, value) =>
    key === 'div' ? value.replace(/\s+/g, ' ').replace(/ ?(<[^>]+>) ?/g, '$1') : value,
  );
}

t.test('FHIRPath Patch, the official suite', { skip: absent && 'no ../shared/spec-cases' }, async (t) => {
  const cases: readonly Case[] = JSON.parse(readFileSync(file, 'utf8'));
  t.equal(cases.length, 33);
  for (const { name, input, diff, output, error } of cases) {
    const result = applyFhirPathPatch(parsed(input) as Resource, parsed(diff));
    if (error) t.ok(result instanceof Failure, name);
    else if (result instanceof Failure) t.fail(`${name}: ${result.issues.map((i) => i.text).join(' ')}`);
    else t.strictSame(comparable(stringify(result)), comparable(JSON.stringify(output)), name);
  }
});
