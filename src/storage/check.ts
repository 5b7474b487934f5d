import type { Conflict, Guard } from './store.ts';

/** What a transaction names of a write, before its contents matter. */
export interface WriteHead {
  readonly type: string;
  readonly id: string;
  /** The version that must be current, 0 for none; undefined if any may be. */
  readonly expect: number | undefined;
  readonly deletes: boolean;
}

/** A literal reference in a write; `write` is the place of that. */
export interface LiteralReference {
  readonly write: number;
  readonly param: string;
  readonly type: string;
  readonly id: string;
}

/** What a check is about. */
export interface CheckedTransaction {
  readonly revision: number | undefined;
  readonly guards: readonly Guard[];
  readonly heads: readonly WriteHead[];
  /** None unless references are strict. */
  readonly literals: readonly LiteralReference[];
  /** The highest seq that a result which it keeps was computed from; 0 if it keeps none. */
  readonly computedFrom: number;
}

/** A resource as it stands before a write. */
export interface WrittenBefore {
  /** 0 if none is current. */
  readonly version: number;
  /** Whether the caller may change what stands there, or stood there before it was deleted; true where nothing ever did. */
  readonly allowed: boolean;
}

/** What an engine found in the state in which it is going to apply the transaction. */
export interface StateBefore {
  readonly lastSeq: number;
  readonly revision: number;
  /** The lease that the transaction names is still its own; true if it names none. */
  readonly leased: boolean;
  /** The ids that each guard finds, sorted; one more than it expects is enough to tell. */
  readonly guards: readonly (readonly string[])[];
  /** Of each write. */
  readonly written: readonly WrittenBefore[];
  /** Of each literal reference: whether a current resource is there. */
  readonly targets: readonly boolean[];
}

/**
 * Whether a transaction may be applied to a state: the same rules for every engine. Rights come before versions, or a version would
 * be told to one who may not see the resource.
 */
export function check(transaction: CheckedTransaction, state: StateBefore): Conflict | undefined {
  const { revision, guards, heads, literals, computedFrom } = transaction;
  if (new Set(heads.map(({ type, id }) => `${type}/${id}`)).size < heads.length)
    throw new Error('A transaction writes a resource twice.');
  // It would hold against changes that are still to come.
  if (computedFrom > state.lastSeq) throw new Error('A result was computed from a state that is still to come.');
  if (!state.leased) return { conflict: 'lease' };
  if (revision !== undefined && revision !== state.revision) return { conflict: 'revision', found: state.revision };
  for (const [guard, { expect }] of guards.entries()) {
    const found = state.guards[guard] ?? [];
    const same = found.length === expect.length && found.every((id, i) => id === expect[i]);
    if (!same) return { conflict: 'guard', guard, found };
  }
  for (const [write, { expect, deletes }] of heads.entries()) {
    const { version: found = 0, allowed = true } = state.written[write] ?? {};
    if (isNothing(deletes, found, expect)) continue;
    if (!allowed) return { conflict: 'rights', write };
    if (expect !== undefined && expect !== found) return { conflict: 'version', write, found };
  }
  return literals.length === 0 ? undefined : checkReferences(heads, literals, state.targets);
}

/** A deletion of what is not there writes nothing, and is no error. */
export function isNothing(deletes: boolean, found: number, expect: number | undefined): boolean {
  return deletes && found === 0 && (expect ?? 0) === 0;
}

/** A target is there when all is done if it is written now, or is there already and is not deleted now. */
function checkReferences(
  heads: readonly WriteHead[],
  literals: readonly LiteralReference[],
  targets: readonly boolean[],
): Conflict | undefined {
  const written = new Map(heads.map(({ type, id, deletes }) => [`${type}/${id}`, !deletes]));
  for (const [i, { write, param, type, id }] of literals.entries()) {
    const reference = `${type}/${id}`;
    if (!(written.get(reference) ?? targets[i])) return { conflict: 'reference', write, param, reference };
  }
  return undefined;
}
