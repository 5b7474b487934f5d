import type { Commit, Page, PatientRecord, Transaction, Version } from '../store.ts';
import type { PackedPage } from './read/find.ts';
import type { PackedPatients } from './read/patients.ts';
import { complete, type PackedCommit, unpackVersions } from './wire/pack.ts';

/** A page as it came from a reader. */
export function unpacked({ found, ...rest }: PackedPage): Page {
  return { found: unpackVersions(found), ...rest };
}

/** The writer tells numbers alone; the texts are here already. */
export function committed({ writes }: Transaction, { lastUpdated, made }: PackedCommit): Commit {
  const versions = writes.map(({ type, id, method, draft }, i): Version | undefined => {
    const version = made[3 * i] ?? 0;
    const seq = made[3 * i + 1] ?? 0;
    if (version === 0) return undefined;
    const at = { type, id, version, seq, lastUpdated, created: made[3 * i + 2] === 1 };
    if (draft === undefined) return { ...at, method: 'DELETE', content: undefined };
    const content = complete(draft.head, draft.tail, version, lastUpdated);
    return { ...at, method, content };
  });
  return { versions };
}

/** A chunk of a scan as it came from a reader. */
export function patients({ versions, sizes }: PackedPatients): readonly PatientRecord[] {
  const all = unpackVersions(versions);
  let start = 0;
  return sizes.flatMap((size) => {
    const [patient, ...records] = all.slice(start, start + size);
    start += size;
    return patient === undefined ? [] : [{ patient, records }];
  });
}
