import { matches } from '#search/match/matches.ts';
import type { IndexRecord } from '#search/model/entry.ts';
import type { Filter } from '#search/model/filter.ts';
import type { IndexRecords } from './index-records.ts';
import type { ResolvedStep } from './step.ts';

/**
 * The ids of the resources of a type, among those that a transaction writes, that satisfy a filter. One that rests on other resources
 * (a chain, `_has`) looks at what is stored: it matches none, or, if asked, all that it may match.
 */
export type Candidates = (type: string, where: Filter, asked?: 'sure' | 'possible') => readonly string[];

interface WrittenCandidate extends IndexRecord {
  readonly type: string;
  readonly id: string;
}

/** Candidates of a type, and those by a code of theirs: what most criteria ask for. */
interface Listed {
  readonly all: readonly WrittenCandidate[];
  readonly byCode: ReadonlyMap<string, readonly WrittenCandidate[]>;
}

/** Indexes a type's resources when it is first asked for. */
export function candidates(records: IndexRecords, steps: readonly ResolvedStep[]): Candidates {
  const listed = new Map<string, Listed>();
  return (type, where, asked = 'sure') => {
    const known = listed.get(type) ?? list(records, type, steps);
    listed.set(type, known);
    const code = codeIn(where);
    const possible = code === undefined ? known.all : (known.byCode.get(code) ?? []);
    const passes = (candidate: WrittenCandidate): boolean => matches(where, candidate) ?? asked === 'possible';
    return possible.filter(passes).map(({ id }) => id);
  };
}

function list(records: IndexRecords, type: string, steps: readonly ResolvedStep[]): Listed {
  const all: WrittenCandidate[] = [];
  const byCode = new Map<string, WrittenCandidate[]>();
  for (const { step, resource, targets } of steps) {
    const [target] = targets;
    if (step.type !== type || resource === undefined || target === undefined) continue;
    const candidate = { type, id: target.id, ...records.keep(resource, target.id) };
    all.push(candidate);
    for (const key of new Set(candidate.entries.flatMap((e) => (e.kind === 'token' ? [`${e.param} ${e.code}`] : [])))) {
      const same = byCode.get(key);
      if (same === undefined) byCode.set(key, [candidate]);
      else same.push(candidate);
    }
  }
  return { all, byCode };
}

/** A code that every match must have, as `param code`. */
function codeIn(where: Filter): string | undefined {
  if (where.op === 'and') {
    for (const part of where.of) {
      const code = codeIn(part);
      if (code !== undefined) return code;
    }
    return undefined;
  }
  if (where.op !== 'match' || where.test.kind !== 'token' || where.test.code === undefined) return undefined;
  return `${where.param} ${where.test.code}`;
}
