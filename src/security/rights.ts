import { everything, type Filter } from '#search/model/filter.ts';

/**
 * A caller's rights, as data: a Filter for each kind of interaction (R4 http.html, the letters of SMART's scopes). That of `search` is
 * AND-ed into every Plan before it is made, and holds for whatever a Plan passes through and includes; those of writing hold for a
 * resource before and after it is written. Default deny: a caller who was not recognised has no Rights at all.
 */
export interface Rights {
  readonly create: Filter;
  readonly read: Filter;
  readonly update: Filter;
  readonly delete: Filter;
  readonly search: Filter;
  readonly history: Filter;
}

/** Rights that make no difference between the interactions that read, nor between those that write. */
export function rightsTo(reading: Filter, writing: Filter): Rights {
  return { create: writing, read: reading, update: writing, delete: writing, search: reading, history: reading };
}

/** The rights of every caller while HUFHIR_AUTH is off. */
export const unrestricted: Rights = rightsTo(everything, everything);
