import type { BundleEntry, Resource } from '@medplum/fhirtypes';
import { generate } from '#seed/generate.ts';
import { BASE } from '#seed/systems.ts';

/** The types that the transactions create. */
export const types = ['Patient', 'Encounter', 'Observation', 'Condition'] as const;

/** Entries of one Patient, itself included. */
export const perPatient = 100;

export interface Transaction {
  readonly body: string;
  readonly resources: number;
}

/** Transactions of one Patient each, without end: every one creates resources of its own and names nothing outside it. */
export function* transactions(residents: number, seed: number): Generator<Transaction> {
  for (const entries of patients(residents, seed)) yield transaction(entries);
}

/** One transaction of as many Patients as make `bytes` of UTF-8. */
export function largeTransaction(residents: number, seed: number, bytes: number): Transaction {
  const all: string[] = [];
  let size = 0;
  for (const entries of patients(residents, seed)) {
    all.push(...entries);
    size += entries.reduce((sum, entry) => sum + Buffer.byteLength(entry) + 1, 0);
    if (size >= bytes) break;
  }
  return transaction(all);
}

const transaction = (entries: readonly string[]): Transaction => ({
  body: `{"resourceType":"Bundle","type":"transaction","entry":[${entries.join(',')}]}`,
  resources: entries.length,
});

/** The entries of one Patient after the other, as JSON: the seed's records in the order of their sources, over and over. */
function* patients(residents: number, seed: number): Generator<readonly string[]> {
  const { submissions } = generate({ residents, seed, year: 2025 });
  const entries = [...submissions].flatMap(({ body }) => (body.resourceType === 'Bundle' ? (body.entry ?? []) : []));
  const persons = cycle(entries.filter(({ resource }) => resource?.resourceType === 'Patient'));
  const records = cycle(
    entries.filter(({ resource }) => types.slice(1).some((type) => type === resource?.resourceType)),
  );
  const urns = numbered();
  while (true) {
    const chosen = [...persons.take(1), ...records.take(perPatient - 1)];
    const urnOf = new Map(chosen.map((entry) => [nameOf(entry), urns.next().value]));
    yield chosen.map((entry) => JSON.stringify(adopt(entry, urnOf)));
  }
}

/** The `fullUrl` or, where the source has ids of its own, `<type>/<id>`: what references to the entry say. */
const nameOf = ({ fullUrl, request }: BundleEntry): string => fullUrl ?? request?.url ?? '';

/** As a create under the first of `urnOf`; a reference that leaves the bundle turns into one by identifier alone. */
function adopt(entry: BundleEntry, urnOf: ReadonlyMap<string, string>): BundleEntry {
  const [patient = ''] = urnOf.values();
  const { id: _, ...resource } = JSON.parse(JSON.stringify(entry.resource), (_key, value) =>
    typeof value?.reference === 'string' ? within(value.reference, urnOf) : value,
  );
  if (resource.resourceType !== 'Patient') resource.subject = { reference: patient };
  return {
    fullUrl: urnOf.get(nameOf(entry)) ?? '',
    resource: resource as Resource,
    request: { method: 'POST', url: resource.resourceType },
  };
}

function within(reference: string, urnOf: ReadonlyMap<string, string>): object {
  const urn = urnOf.get(reference);
  if (urn !== undefined) return { reference: urn };
  const value = reference.startsWith('urn:') ? reference : `${BASE}/${reference}`;
  return { identifier: { system: 'urn:ietf:rfc:3986', value } };
}

function cycle<T>(items: readonly T[]): { take(count: number): readonly T[] } {
  let next = 0;
  return { take: (count) => Array.from({ length: count }, () => items[next++ % items.length] as T) };
}

function* numbered(): Generator<string, never> {
  for (let i = 0; ; i++) yield `urn:uuid:00000000-0000-4000-8000-${i.toString(16).padStart(12, '0')}`;
}
