import type { BundleEntry, Encounter, Resource } from '@medplum/fhirtypes';
import { DAY, dayText, instantText } from '#seed/calendar.ts';
import { generate } from '#seed/generate.ts';
import { residentIdCheck } from '#seed/model/numbers.ts';
import { ARCHIVE_NUMBER, BASE, INSURANCE_CARD, RESIDENT_ID } from '#seed/systems.ts';

/**
 * A district of any size, block by block: each block is a demo district of its own seed, with ids and numbers that no
 * other block has, and all share the institutions and doctors. The records of the year are there once more for each of some
 * years before it. References are what transactions would have made of them.
 */

/** Raised whenever the same district would hold other resources. */
export const generator = 1;

const year = 2025;
/** With those of the years before, a resident has about 55 resources. */
const years = 4;

/** The system of the number that every Encounter gets. */
export const visitNumber = `${BASE}/NamingSystem/visit-number`;

export interface District {
  readonly residents: number;
  readonly seed: number;
  /** Residents of a block; a multiple of it are in the district. */
  readonly block: number;
}

/** What all blocks share: institutions, doctors, devices. */
export function* platform(district: District): Generator<Resource> {
  for (const entries of bundlesOf(district, 0)) {
    for (const { resource } of entries) if (resource !== undefined && shared(resource)) yield resource;
  }
}

/** The residents of one block, counted from 0, and their records; a slice of the bundles at a time. */
export function* block(district: District, number: number): Generator<Resource> {
  const adoption = new Adoption(number);
  for (const entries of bundlesOf(district, number)) yield* adoption.take(entries);
}

const sharedTypes = ['Organization', 'Location', 'Practitioner', 'PractitionerRole', 'Group', 'Device'];

const shared = ({ resourceType }: Resource): boolean => sharedTypes.includes(resourceType);

const isShared = (reference: string): boolean => sharedTypes.includes(reference.slice(0, reference.indexOf('/')));

function* bundlesOf({ seed, block: residents }: District, number: number): Generator<readonly BundleEntry[]> {
  const { submissions } = generate({ residents, seed: seed * 1000 + number, year });
  for (const { method, path, body } of submissions) {
    if (body.resourceType === 'Bundle') yield body.entry ?? [];
    else yield [{ resource: body, request: { method, url: path } }];
  }
}

/** Whether it is a record of the year, not of the person: then each year has its own. */
function isYearly(resource: Resource): boolean {
  return ['Encounter', 'Observation'].includes(resource.resourceType) || 'encounter' in resource;
}

/** Where a value stands: in a record of so many years before. */
interface At {
  readonly ago: number;
}

/** Brings the entries of one block under names of their own. */
class Adoption {
  readonly #block: number;
  /** What a reference means: `Type/id` in each year; a reference is a `urn:uuid`, `Type/id` or `Type?identifier=…`. */
  readonly #names = new Map<string, readonly string[]>();
  #made = 0;

  constructor(number: number) {
    this.#block = number;
  }

  take(entries: readonly BundleEntry[]): readonly Resource[] {
    const created = entries.filter((entry) => this.#name(entry));
    return created.flatMap((entry) => this.#adopt(entry));
  }

  /** False if the entry asks for what is there already. */
  #name(entry: BundleEntry): boolean {
    const { fullUrl, request, resource } = entry;
    if (resource === undefined || request === undefined) throw new Error('an entry without request or resource');
    const type = resource.resourceType;
    const there = request.ifNoneExist === undefined ? undefined : this.#names.get(`${type}?${request.ifNoneExist}`);
    const named = there ?? Array.from({ length: isYearly(resource) ? years : 1 }, (_, ago) => this.#nameIn(entry, ago));
    this.#names.set(fullUrl ?? request.url, named);
    if (there !== undefined) return false;
    const identifiers = 'identifier' in resource && Array.isArray(resource.identifier) ? resource.identifier : [];
    for (const { system, value } of identifiers) this.#names.set(`${type}?identifier=${system}|${value}`, named);
    return !shared(resource);
  }

  /** The source's own id, or one in the form and the order of those that servers give. */
  #nameIn({ fullUrl, request }: BundleEntry, ago: number): string {
    const { method, url } = request ?? { url: '' };
    if (method === 'PUT') return isShared(url) ? url : `${this.#own(url)}${ago === 0 ? '' : `-${ago}`}`;
    const hex = (this.#made++).toString(16).padStart(7, '0');
    const block = this.#block.toString(16).padStart(4, '0');
    return `${url}/0190${block}-${hex.slice(0, 4)}-7${hex.slice(4)}-${String(fullUrl).slice(-17)}`;
  }

  #own(reference: string): string {
    return isShared(reference) ? reference : reference.replace('/', `/b${this.#block}-`);
  }

  #adopt(entry: BundleEntry): readonly Resource[] {
    const { fullUrl, request, resource } = entry;
    const named = this.#names.get(fullUrl ?? request?.url ?? '') ?? [];
    return named.map((name, ago) => {
      const id = name.slice(name.indexOf('/') + 1);
      const { resourceType, id: _, meta, ...rest } = this.#adopted(resource, '', { ago }) as Encounter;
      const number = resourceType === 'Encounter' ? [{ system: visitNumber, value: `V-${id}` }] : undefined;
      return { resourceType, id, meta, ...(number && { identifier: number }), ...rest } as Resource;
    });
  }

  #adopted(value: unknown, key: string, at: At): unknown {
    if (typeof value === 'string') return key === 'reference' ? this.#refer(value, at) : earlier(value, at);
    if (Array.isArray(value)) return value.map((each) => this.#adopted(each, key, at));
    if (typeof value !== 'object' || value === null) return value;
    const copy = Object.fromEntries(Object.entries(value).map(([k, each]) => [k, this.#adopted(each, k, at)]));
    const { system, value: number } = copy;
    if (typeof system === 'string' && typeof number === 'string') copy.value = renumbered(system, number, this.#block);
    return copy;
  }

  #refer(reference: string, { ago }: At): string {
    const named = this.#names.get(reference);
    if (named !== undefined) return named[ago] ?? named[0] ?? '';
    if (!/^[A-Za-z]+\/[^/?]+$/.test(reference)) throw new Error(`${reference} leads nowhere in block ${this.#block}`);
    return this.#own(reference);
  }
}

/** A date or time, so many years of whole weeks before. */
function earlier(text: string, { ago }: At): string {
  if (ago === 0 || !/^\d{4}-\d\d-\d\d(T[\d:]{8}\+08:00)?$/.test(text)) return text;
  const at = Date.parse(text) - ago * 364 * DAY;
  return text.length === 10 ? dayText(at / DAY) : instantText(at);
}

/** Each block counts from its own place. */
function renumbered(system: string, value: string, number: number): string {
  if (system === RESIDENT_ID) {
    const digits = `${310105 + number}${value.slice(6, 17)}`;
    return digits + residentIdCheck(digits);
  }
  if (system === ARCHIVE_NUMBER) return value.slice(0, 12) + counted(value.slice(12), number * 1000);
  if (system === INSURANCE_CARD) return `DEMO${counted(value.slice(4), number * 100_000)}`;
  return system.endsWith('-mrn') ? `B${number}-${value}` : value;
}

const counted = (digits: string, more: number): string => String(Number(digits) + more).padStart(digits.length, '0');
