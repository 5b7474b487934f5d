import { everything, type Filter } from '#search/model/filter.ts';

/**
 * A caller's rights, as data: `read` is AND-ed into every Plan before it is made, `write` must hold for a resource before
 * and after each write. Default deny: a caller who was not recognised has no Rights at all.
 */
export interface Rights {
  readonly read: Filter;
  readonly write: Filter;
}

/** The rights of every caller while HUFHIR_AUTH is off. */
export const unrestricted: Rights = { read: everything, write: everything };
