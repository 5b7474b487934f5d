import type { CodeSystem, ValueSet } from '@medplum/fhirtypes';
import { fail, type Outcome } from '#errors';
import { splitCanonical } from '#fhir/values/references.ts';
import { atMost, limits } from '#limits';
import { publishedCodeSystem, publishedValueSet } from './published.ts';

/** What an expansion rests on; without a version, the newest that there is (R4 references.html#canonical). */
export interface ExpansionSource {
  valueSet(url: string, version?: string): ValueSet | undefined;
  codeSystem(url: string, version?: string): CodeSystem | undefined;
}

/** Where value sets and code systems are looked up first. */
export interface TerminologyLibrary {
  valueSet(url: string, version?: string): Promise<ValueSet | undefined>;
  codeSystem(url: string, version?: string): Promise<CodeSystem | undefined>;
}

/** What R4 publishes. */
export const published: ExpansionSource = {
  valueSet: (url, version) => ofVersion(publishedValueSet(url), version),
  codeSystem: (url, version) => ofVersion(publishedCodeSystem(url), version),
};

function ofVersion<T extends { readonly version?: string }>(found: T | undefined, version?: string): T | undefined {
  return version === undefined || found?.version === version ? found : undefined;
}

/** The newest business version: by its numbers, else by its date. */
export function newest<T extends ValueSet | CodeSystem>(versions: readonly T[]): T | undefined {
  return versions.toSorted(byVersion).at(-1);
}

function byVersion(a: ValueSet | CodeSystem, b: ValueSet | CodeSystem): number {
  const versions = order.compare(a.version ?? '', b.version ?? '');
  return versions === 0 ? order.compare(a.date ?? '', b.date ?? '') : versions;
}

/** `1.10` after `1.9`, `2019-11-01` after `2018-08-12`. */
const order = new Intl.Collator('en', { numeric: true });

/** Resources that one value set may draw from, itself included. */
const { most } = limits['value-set-sources'];

/** Fetches all that the expansion of a value set can ask for: what it imports, and the systems whose codes it does not list. */
export async function resolveImports(
  valueSet: ValueSet,
  library: TerminologyLibrary,
): Promise<Outcome<ExpansionSource>> {
  const valueSets = new Map<string, ValueSet | undefined>();
  const codeSystems = new Map<string, CodeSystem | undefined>();
  const queue: ValueSet[] = [valueSet];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    const { include = [], exclude = [], inactive } = at.compose ?? {};
    for (const { system, version, concept, valueSet: imports = [] } of [...include, ...exclude]) {
      for (const canonical of imports) {
        if (valueSets.has(canonical)) continue;
        const { url, version: asked } = splitCanonical(canonical);
        const found = await library.valueSet(url, asked);
        valueSets.set(canonical, found);
        if (found !== undefined) queue.push(found);
      }
      const canonical = canonicalOf(system ?? '', version);
      if (system === undefined || codeSystems.has(canonical) || (concept !== undefined && inactive !== false)) continue;
      codeSystems.set(canonical, await library.codeSystem(system, version));
    }
    if (valueSets.size + codeSystems.size > most) {
      const text = `The value set ${valueSet.url ?? valueSet.id} draws from more; expected ${atMost('value-set-sources')}.`;
      return fail('too-costly', { text });
    }
  }
  return {
    valueSet: (url, version) => valueSets.get(canonicalOf(url, version)),
    codeSystem: (url, version) => codeSystems.get(canonicalOf(url, version)),
  };
}

function canonicalOf(url: string, version: string | undefined): string {
  return version === undefined ? url : `${url}|${version}`;
}
