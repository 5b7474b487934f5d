import { createHash } from 'node:crypto';
import type { Resource } from '@medplum/fhirtypes';
import type { Draft, Version } from '#storage/store.ts';
import { draftOf } from '../write/draft.ts';

/** What the store keeps of the guide that was installed in it. */
export interface GuideRecord {
  /** Of the guide as a whole, for people. */
  readonly version: string;
  /** By `Type/id`. */
  readonly resources: Readonly<Record<string, GuideEntry>>;
}

/** What it keeps of one resource. */
export interface GuideEntry {
  /** The hash of the text that was installed, or found to be the guide's, and the version that has it; absent where a client had the
   * id first. */
  readonly installed?: { readonly hash: string; readonly version: number };
  /** The hash of the text that a conflict was reported about. */
  readonly reported?: string;
  /** The guide has it no more, which was told. */
  readonly gone?: true;
}

/** A resource of the guide as the store would have it. */
export interface GuidePart {
  /** `Type/id` */
  readonly name: string;
  readonly resource: Resource;
  readonly id: string;
  readonly draft: Draft;
  readonly hash: string;
}

/**
 * What becomes of a resource of the guide: `current` has nothing to do, `install` and `upgrade` write it, `adopt` finds the guide's
 * text there, `left` stays as clients changed or deleted it, `conflict` too, and has to be told: the guide has changed as well.
 */
export type Fate = 'current' | 'install' | 'upgrade' | 'adopt' | 'left' | 'conflict';

/** A resource of the guide, what the store has of it, and what becomes of it. */
export interface PartState {
  readonly part: GuidePart;
  readonly known: GuideEntry | undefined;
  readonly found: Version | undefined;
  readonly fate: Fate;
}

export function partOf(resource: Resource): GuidePart {
  const { resourceType, id } = resource;
  if (id === undefined) throw new Error(`a ${resourceType} of the guide has no id`);
  const draft = draftOf(resource, id);
  return { name: `${resourceType}/${id}`, resource, id, draft, hash: hashText(`${draft.head}${draft.tail}`) };
}

/** The version of the program tells people more, but the guide changes without it while it is worked on. */
export function versionOf(parts: readonly GuidePart[], program: string): string {
  return `${program}+${hashText(parts.map(({ name, hash }) => `${name} ${hash}`).join()).slice(0, 8)}`;
}

function hashText(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

/** A store without a record was last written by a program that overwrote the guide at each start. */
export function stateOf(part: GuidePart, found: Version | undefined, record: GuideRecord | undefined): PartState {
  const known = record?.resources[part.name];
  const fate = fateOf(part, found, known, record === undefined);
  return { part, known, found, fate };
}

function fateOf(part: GuidePart, found: Version | undefined, known: GuideEntry | undefined, isOld: boolean): Fate {
  const { hash } = part;
  const installed = known?.installed;
  const isThere = found?.content !== undefined;
  const isUntouched = isThere && found.version === installed?.version;
  if (isUntouched && hash === installed?.hash) return 'current';
  if (isThere && isTextOf(part, found.content)) return 'adopt';
  if (isUntouched) return 'upgrade';
  if (installed === undefined && !isThere) {
    // That program deleted nothing: a client did, since its last start.
    return isOld && found !== undefined ? 'left' : 'install';
  }
  if (isOld) return 'upgrade';
  return hash === installed?.hash || hash === known?.reported ? 'left' : 'conflict';
}

/** The stored text is the draft with versionId and lastUpdated in its place. */
function isTextOf({ draft }: GuidePart, content: string): boolean {
  return content.startsWith(draft.head) && content.endsWith(draft.tail);
}

/** The number of the next version. */
export function versionAfter(found: Version | undefined): number {
  return (found?.version ?? 0) + 1;
}

/** What the store is to keep of a resource when what has to be written is. */
export function entryAfter({ part, known, found, fate }: PartState): GuideEntry {
  const { hash } = part;
  const { installed, reported } = known ?? {};
  switch (fate) {
    case 'install':
    case 'upgrade':
      return { installed: { hash, version: versionAfter(found) } };
    case 'adopt':
      return { installed: { hash, version: found?.version ?? 0 } };
    case 'conflict':
      return { ...(installed !== undefined && { installed }), reported: hash };
    case 'left':
      // Of a store without a record: the version before the deletion was the guide's.
      if (known === undefined) return { installed: { hash, version: (found?.version ?? 1) - 1 } };
      return { ...(installed !== undefined && { installed }), ...(reported !== undefined && { reported }) };
    case 'current':
      return installed === undefined ? {} : { installed };
  }
}

/** What the record tells of resources that the guide has no more; those of clients alone are none of its matter. */
export function withdrawn(
  record: GuideRecord | undefined,
  parts: readonly GuidePart[],
): readonly (readonly [name: string, entry: GuideEntry])[] {
  const names = new Set(parts.map((part) => part.name));
  return Object.entries(record?.resources ?? {}).filter(([name, { installed }]) => !names.has(name) && installed);
}
