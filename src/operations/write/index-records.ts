import type { Resource } from '@medplum/fhirtypes';
import type { IndexRecord } from '#search/model/entry.ts';
import type { Context } from '../request/context.ts';

interface KnownRecord {
  readonly id: string;
  readonly revision: number;
  readonly record: IndexRecord;
}

/** Entries that are kept for another attempt: those of a large bundle would not fit beside each other. */
const most = 1_000;

/**
 * The index records of what one request writes. A resource is indexed once, however often an attempt asks, and not again by the next
 * attempt if it is still the same object and the definitions are.
 */
export class IndexRecords {
  readonly #context: Context;
  readonly #known = new WeakMap<Resource, KnownRecord>();
  #entries = 0;

  constructor(context: Context) {
    this.#context = context;
  }

  /** The record of a resource under this id, for criteria that ask several times. */
  keep(resource: Resource, id: string): IndexRecord {
    return this.#find(resource, id) ?? this.#add(resource, id, this.#make(resource, id));
  }

  /** The same for the store, which asks once. */
  take(resource: Resource, id: string): IndexRecord {
    const known = this.#find(resource, id);
    if (known !== undefined) return known;
    const record = this.#make(resource, id);
    return this.#entries + record.entries.length > most ? record : this.#add(resource, id, record);
  }

  #find(resource: Resource, id: string): IndexRecord | undefined {
    const known = this.#known.get(resource);
    return known?.id === id && known.revision === this.#context.definitions.revision ? known.record : undefined;
  }

  #make(resource: Resource, id: string): IndexRecord {
    return this.#context.index(withId(resource, id));
  }

  #add(resource: Resource, id: string, record: IndexRecord): IndexRecord {
    this.#entries += record.entries.length;
    this.#known.set(resource, { id, revision: this.#context.definitions.revision, record });
    return record;
  }
}

/** The resource as the store will have it. */
export function withId(resource: Resource, id: string): Resource {
  return resource.id === id ? resource : { ...resource, id };
}
