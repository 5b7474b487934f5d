import type { Resource } from '@medplum/fhirtypes';
import { Failure, fail } from '#errors';
import { matches } from '#search/match/matches.ts';
import type { Filter } from '#search/model/filter.ts';
import { restrict } from '#search/plan.ts';
import { type Matches, readCriteria } from '../lookups/criteria.ts';
import type { Pairs } from '../request/parameters.ts';
import { located, requestPath } from '../request/request.ts';
import type { Attempt } from './resolve-targets.ts';
import type { ResolvedStep } from './step.ts';

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

/** Whether the resource satisfies them; where that rests on others or on the time of the commit, the filter by which the store tells. */
export function judgeCriteria(
  { caller, records }: Attempt,
  { step, id, resource, matches: { where } }: CriteriaOfWrite,
) {
  if (carriesIdentifier(resource, where)) return true;
  const { type } = step.step;
  const verdict = matches(where, { type, id, ...records.take(resource, id) });
  // A chain must not tell of what the caller may not find.
  return verdict ?? restrict(where, caller.rights.search);
}

/** What most criteria ask, seen without the index entries: those of a large bundle would be made twice. */
function carriesIdentifier(resource: Resource, where: Filter): boolean {
  if (where.op !== 'match' || where.param !== 'identifier' || where.test.kind !== 'token') return false;
  const { system, code } = where.test;
  const { identifier }: { identifier?: unknown } = resource as object;
  if (!system || !code || !Array.isArray(identifier)) return false;
  return identifier.some((one) => one?.system === system && one.value === code);
}

/** The refusal, which names every parameter that is not satisfied, or, where the store judged, may not be. */
export async function refuseUnmet(
  { context, caller, records }: Attempt,
  { step, id, resource, matches: { criterion } }: CriteriaOfWrite,
): Promise<Failure> {
  const { request, action, type } = step.step;
  const candidate = { type, id, ...records.take(resource, id) };
  const verdicts = await Promise.all(
    criterion.pairs.map(async (pair) => {
      const where = await readCriteria(context, caller, { ...criterion, pairs: [pair] });
      return { pair, verdict: where instanceof Failure || matches(where, candidate) };
    }),
  );
  const pairsOf = (verdict: boolean | undefined): Pairs =>
    verdicts.filter((of) => of.verdict === verdict).map(({ pair }) => pair);
  const unmet = pairsOf(false).length > 0 ? pairsOf(false) : pairsOf(undefined);
  const found = [...new Set(unmet.map(([name]) => name))].join(', ');
  const blank = unmet.some(([, value]) => value.includes(' '));
  const expected = blank ? 'values that it has, a + among them sent as %2B' : 'values that it has';
  const part = action === 'create' ? 'ifNoneExist' : 'url';
  return located(fail('criteria-not-met', { found, expected }), requestPath(request, part));
}
