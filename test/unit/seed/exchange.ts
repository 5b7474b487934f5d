import type { BundleEntry, Resource } from '@medplum/fhirtypes';
import type { Submission } from '#seed/emit/submissions.ts';
import { RESIDENT_ID } from '#seed/systems.ts';

/** What became of the submissions, taken one after the other as a lenient server would take them. */
export interface Outcome {
  /** By `Type/id`. */
  readonly stored: ReadonlyMap<string, Resource>;
  /** What cannot be taken, in words. */
  readonly faults: readonly string[];
  /** Literal references that came before their targets. */
  readonly early: readonly string[];
  /** Logical references that came before their Patients. */
  readonly earlyLogical: readonly string[];
}

/** Keeps ids and identifiers only; conditional criteria are always one identifier. */
export function exchange(submissions: Iterable<Submission>): Outcome {
  const server = new Exchange();
  for (const submission of submissions) server.take(submission);
  server.finish();
  return server;
}

class Exchange implements Outcome {
  readonly stored = new Map<string, Resource>();
  readonly faults: string[] = [];
  readonly early: string[] = [];
  readonly earlyLogical: string[] = [];
  #created = 0;
  readonly #identified = new Map<string, string[]>();

  take({ body, path, method }: Submission): void {
    const entries =
      body.resourceType === 'Bundle' ? (body.entry ?? []) : [{ resource: body, request: { method, url: path } }];
    const uuids = new Map<string, string>();
    // Conditions are judged by the state before the bundle.
    const placed = entries.map((entry) => ({ entry, place: this.#place(entry) }));
    for (const { entry, place } of placed) if (entry.fullUrl !== undefined) uuids.set(entry.fullUrl, place);
    for (const { entry } of placed) this.#check(entry, uuids);
    for (const { entry, place } of placed) this.#store(entry, place);
    for (const { entry } of placed) this.#noteEarly(entry);
  }

  finish(): void {
    for (const reference of this.early) if (!this.stored.has(reference)) this.faults.push(`${reference} never came`);
    for (const key of this.earlyLogical) if (this.#found(key) !== 1) this.faults.push(`${key} never came`);
    for (const [key, places] of this.#identified) {
      if (places.length > 1) this.faults.push(`${key} is carried by ${places.join(' and ')}`);
    }
  }

  #place({ request, resource }: BundleEntry): string {
    if (!request?.url || !resource) throw new Error('an entry without request or resource');
    if (request.method === 'PUT') {
      if (this.stored.has(request.url)) this.faults.push(`${request.url} comes twice`);
      if (request.url !== `${resource.resourceType}/${resource.id}`) this.faults.push(`${request.url} is not its id`);
      return request.url;
    }
    const matches = request.ifNoneExist === undefined ? [] : this.#matches(resource.resourceType, request.ifNoneExist);
    if (matches.length > 1) this.faults.push(`${request.ifNoneExist} matches ${matches.join(' and ')}`);
    return matches[0] ?? `${resource.resourceType}/server-${++this.#created}`;
  }

  #check(entry: BundleEntry, uuids: ReadonlyMap<string, string>): void {
    for (const { reference } of referencesOf(entry.resource)) {
      if (reference === undefined) continue;
      const [type = '', criterion] = reference.split('?');
      if (reference.startsWith('urn:uuid:')) {
        if (!uuids.has(reference)) this.faults.push(`${reference} is not in the bundle`);
      } else if (criterion !== undefined) {
        const found = this.#matches(type, criterion).length;
        if (found !== 1) this.faults.push(`${reference} matches ${found}`);
      }
    }
  }

  #store({ resource }: BundleEntry, place: string): void {
    if (!resource || this.stored.has(place)) return;
    this.stored.set(place, resource);
    const identifiers = 'identifier' in resource && Array.isArray(resource.identifier) ? resource.identifier : [];
    for (const { system, value } of identifiers) {
      const key = `${resource.resourceType}?identifier=${system}|${value}`;
      this.#identified.set(key, [...(this.#identified.get(key) ?? []), place]);
    }
  }

  #noteEarly({ resource }: BundleEntry): void {
    for (const { reference, logical } of referencesOf(resource)) {
      const isLiteral = reference !== undefined && /^[A-Z][A-Za-z]+\/[^?]+$/.test(reference);
      if (isLiteral && !this.stored.has(reference)) this.early.push(reference);
      if (logical !== undefined && this.#found(logical) !== 1) this.earlyLogical.push(logical);
    }
  }

  #matches(type: string, criterion: string): string[] {
    return this.#identified.get(`${type}?${criterion}`) ?? [];
  }

  #found(key: string): number {
    return this.#identified.get(key)?.length ?? 0;
  }
}

interface Found {
  readonly reference?: string;
  /** As a criterion: `Patient?identifier=…`. */
  readonly logical?: string;
}

function referencesOf(value: unknown): Found[] {
  if (Array.isArray(value)) return value.flatMap(referencesOf);
  if (typeof value !== 'object' || value === null) return [];
  if ('reference' in value && typeof value.reference === 'string') return [{ reference: value.reference }];
  if ('type' in value && value.type === 'Patient' && 'identifier' in value) {
    const { system, value: number } = value.identifier as { system: string; value: string };
    return [{ logical: `Patient?identifier=${system}|${number}` }];
  }
  return Object.values(value).flatMap(referencesOf);
}

/** The resident ID number of a Patient. */
export function residentIdOf(resource: Resource): string | undefined {
  if (resource.resourceType !== 'Patient') return undefined;
  return resource.identifier?.find(({ system }) => system === RESIDENT_ID)?.value;
}
