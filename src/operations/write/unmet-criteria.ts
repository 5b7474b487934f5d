import type { Identifier, Resource } from '@medplum/fhirtypes';
import { Failure, fail } from '#errors';
import { matches } from '#search/match/matches.ts';
import type { Filter } from '#search/model/filter.ts';
import { type Matches, readCriteria, shownCriteria } from '../lookups/criteria.ts';
import type { Pairs } from '../request/parameters.ts';
import { located, requestPath } from '../request/request.ts';
import { candidates } from './candidates.ts';
import type { Attempt } from './resolve-targets.ts';
import type { ResolvedStep, WriteStep } from './step.ts';

/** A resource that is to be stored because of criteria. */
interface CriteriaOfWrite {
  readonly step: ResolvedStep;
  readonly id: string;
  readonly resource: Resource;
  readonly matches: Matches;
}

/**
 * What a conditional create or update makes must satisfy its criteria: else the same request, sent again, would not find it and make
 * another (R4 http.html#ccreate, #cond-update). A patch and a deletion are no such requests. Undefined where there is nothing to check.
 */
export function criteriaOfWrite(step: ResolvedStep): CriteriaOfWrite | undefined {
  const { resource, matches: found, targets, step: asked } = step;
  const [target] = targets;
  const makes = asked.action === 'create' || asked.action === 'update';
  if (!makes || found === undefined || resource === undefined || target === undefined) return undefined;
  return { step, id: target.id, resource, matches: found };
}

/**
 * What is to be said of the criteria of a transaction's writes before they are made: true where all is well, false where the resource does
 * not satisfy them, `shared` where another one that is written does too, `open` where the store has to tell, since that rests on others
 * or on the time of the commit. What is stored already is no matter: the guard holds the commit to it.
 */
export function judge({ records }: Attempt, steps: readonly ResolvedStep[]): (of: CriteriaOfWrite) => CriteriaVerdict {
  const written = steps.filter(({ resource, targets }) => resource !== undefined && targets.length > 0);
  const others = Map.groupBy(written, ({ step }) => step.type);
  const carriers = new Map<string, Map<string, number>>();
  const candidatesOf = candidates(records, written);
  return ({ step: { step }, id, resource, matches: { where } }) => {
    const { type } = step;
    const isAlone = others.get(type)?.length === 1;
    // What most criteria ask is seen without the index entries: those of a large bundle would be made twice.
    const identifier = identifierIn(where);
    if (identifier !== undefined && identifiersOf(resource).has(identifier)) {
      if (isAlone) return true;
      const known = carriers.get(type) ?? countIdentifiers(others.get(type) ?? []);
      carriers.set(type, known);
      return (known.get(identifier) ?? 0) > 1 ? 'shared' : true;
    }
    const verdict = matches(where, { type, id, ...records.take(resource, id) });
    if (verdict === undefined) return 'open';
    if (!verdict || isAlone) return verdict;
    const isOther = (found: string): boolean => found !== id;
    if (!candidatesOf(type, where, 'possible').some(isOther)) return true;
    return candidatesOf(type, where).some(isOther) ? 'shared' : 'open';
  };
}

type CriteriaVerdict = boolean | 'open' | 'shared';

/** The identifier that the criteria ask for, if that is all. */
function identifierIn(where: Filter): string | undefined {
  if (where.op !== 'match' || where.param !== 'identifier' || where.test.kind !== 'token') return undefined;
  const { system, code } = where.test;
  return system && code ? keyOf(system, code) : undefined;
}

function keyOf(system: string, value: string): string {
  return `${system}|${value}`;
}

function identifiersOf(resource: Resource | undefined): ReadonlySet<string> {
  const { identifier } = (resource ?? {}) as { identifier?: unknown };
  const all: readonly Identifier[] = Array.isArray(identifier) ? identifier : [];
  return new Set(all.flatMap(({ system, value }) => (system && value ? [keyOf(system, value)] : [])));
}

function countIdentifiers(steps: readonly ResolvedStep[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { resource } of steps) {
    for (const key of identifiersOf(resource)) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** The refusal where they also find another resource that the transaction writes: the two would be the same to the next such request. */
export function refuseShared({ step: { step }, matches: { criterion } }: CriteriaOfWrite): Failure {
  return located(fail('duplicate-target', { found: `What ${shownCriteria(criterion)} names` }), placeOfCriteria(step));
}

export function placeOfCriteria({ request, action }: WriteStep): string | undefined {
  return requestPath(request, action === 'create' ? 'ifNoneExist' : 'url');
}

/** The refusal, which names every parameter that is not satisfied, or, where the store judged, may not be. */
export async function refuseUnmet(
  { context, caller, records }: Attempt,
  { step, id, resource, matches: { criterion } }: CriteriaOfWrite,
): Promise<Failure> {
  const { type } = step.step;
  const candidate = { type, id, ...records.take(resource, id) };
  const verdicts = await Promise.all(
    criterion.pairs.map(async (pair) => {
      const where = await readCriteria(context, caller, { ...criterion, pairs: [pair] });
      return { pair, verdict: where instanceof Failure || matches(where, candidate) };
    }),
  );
  const pairsOf = (verdict: boolean | undefined): Pairs =>
    verdicts.filter((of) => of.verdict === verdict).map(({ pair }) => pair);
  const unmet = [pairsOf(false), pairsOf(undefined), criterion.pairs].find((pairs) => pairs.length > 0) ?? [];
  const found = [...new Set(unmet.map(([name]) => name))].join(', ');
  const blank = unmet.some(([, value]) => value.includes(' '));
  const expected = blank ? 'values that it has, a + among them sent as %2B' : 'values that it has';
  return located(fail('criteria-not-met', { found, expected }), placeOfCriteria(step.step));
}
