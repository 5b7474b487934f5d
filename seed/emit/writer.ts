import type { BundleEntry, CodeableConcept, Meta, Reference, Resource } from '@medplum/fhirtypes';
import type { Random } from '../random.ts';
import { codeSystem, HL7, LOINC, profileUrl, sourceUrl } from '../systems.ts';

/** A reference that fits wherever FHIR has one. */
export type Ref = Reference<never>;

/** How a source identifies what it sends: by ids of its own (PUT), or by `urn:uuid` within the bundle (POST). */
export type Style = 'own-ids' | 'uuids';

export interface Labels {
  /** The id of a profile that the resource claims. */
  readonly profile?: string | undefined;
  readonly selfMeasured?: boolean;
}

/** Collects the entries of one resident's records as one source sends them. Every resource gets its meta here. */
export class Writer {
  readonly entries: BundleEntry[] = [];
  readonly source: string;
  readonly #style: Style;
  readonly #draw: Random;

  constructor(source: string, style: Style, draw: Random) {
    this.source = source;
    this.#style = style;
    this.#draw = draw;
  }

  /** In the style of the source; `id` is used with ids of its own. */
  add(id: string, resource: Resource, labels: Labels = {}): Ref {
    if (this.#style === 'own-ids') return this.put(id, resource, labels);
    return this.#push(this.#complete(undefined, resource, labels), { method: 'POST', url: resource.resourceType });
  }

  /** With a client-assigned id, whatever the style. */
  put(id: string, resource: Resource, labels: Labels = {}): Ref {
    const url = `${resource.resourceType}/${id}`;
    return this.#push(this.#complete(id, resource, labels), { method: 'PUT', url });
  }

  /** Created only if nothing matches the criterion. */
  createIfNone(ifNoneExist: string, resource: Resource, labels: Labels = {}): Ref {
    const request = { method: 'POST', url: resource.resourceType, ifNoneExist } as const;
    return this.#push(this.#complete(undefined, resource, labels), request);
  }

  #push(resource: Resource, request: NonNullable<BundleEntry['request']>): Ref {
    if (this.#style === 'own-ids') {
      this.entries.push({ resource, request });
      return { reference: request.url };
    }
    const fullUrl = `urn:uuid:${this.#draw.uuid()}`;
    this.entries.push({ fullUrl, resource, request });
    return { reference: fullUrl };
  }

  #complete(id: string | undefined, resource: Resource, { profile, selfMeasured = false }: Labels): Resource {
    const tag = [{ system: codeSystem('cn-sh-tag-cs'), code: 'synthetic' }];
    if (selfMeasured) tag.push({ system: codeSystem('cn-sh-tag-cs'), code: 'self-measured' });
    const meta: Meta = {
      source: sourceUrl(this.source),
      ...(profile === undefined ? {} : { profile: [profileUrl(profile)] }),
      tag,
    };
    const { resourceType, ...rest } = resource;
    return { resourceType, ...(id === undefined ? {} : { id }), meta, ...rest } as Resource;
  }
}

export const literal = (type: string, id: string): Ref => ({ reference: `${type}/${id}` });

export const conditional = (type: string, system: string, value: string): Ref => ({
  reference: `${type}?identifier=${system}|${value}`,
});

/** By identifier alone. */
export const logical = (type: 'Patient', system: string, value: string): Ref => ({
  type,
  identifier: { system, value },
});

/** A code of one of the district's own code systems. */
export const local = (id: string, code: string): CodeableConcept => ({ coding: [{ system: codeSystem(id), code }] });

export const loinc = (code: string, text: string): CodeableConcept => ({ coding: [{ system: LOINC, code }], text });

/** A code of a code system of HL7. */
export const hl7 = (id: string, code: string): CodeableConcept => ({ coding: [{ system: `${HL7}/${id}`, code }] });
