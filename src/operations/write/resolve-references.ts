import { Failure, fail, type Issue, issue, type Outcome } from '#errors';
import { Issues } from '#fhir/json/issues.ts';
import { parseReference } from '#fhir/values/references.ts';
import { mapInBatches, yielder } from '#threads/yielding.ts';
import { type Criterion, criteriaIn, type Matches, readCriteria, shownCriteria } from '../lookups/criteria.ts';
import type { Context } from '../request/context.ts';
import { located } from '../request/request.ts';
import { type Candidates, candidates } from './candidates.ts';
import { baseOf, type EntryTargets, entryTargets, isAmongEntries, targetOf } from './entry-references.ts';
import { type Link, replaceLinks, rewriteNarrative, urnsWithin } from './links.ts';
import type { Attempt } from './resolve-targets.ts';
import type { ResolvedStep, WriteStep } from './step.ts';

/** The steps with references in place, what the conditional ones rest on, and what is wrong with the links. */
export interface ResolvedReferences {
  readonly steps: readonly ResolvedStep[];
  readonly matches: readonly Matches[];
  readonly issues: readonly Issue[];
}

/**
 * Where the links of a transaction's resources lead (R4 http.html#trules): those to entries first, then the conditional references,
 * which so see what the transaction writes, as it will be. Resources in which something changes are copies.
 */
export async function resolveReferences(attempt: Attempt, steps: readonly ResolvedStep[]): Promise<ResolvedReferences> {
  const issues = new Issues();
  const pause = yielder();
  const targets = entryTargets(steps);
  const { held, versions } = await holdVersions(attempt.context, steps, targets);
  // What is wrong with these is told already.
  const failed = new Set(steps.filter(({ step }) => step.action !== 'delete').map(({ step }) => step.request.fullUrl));
  for (const fullUrl of targets.keys()) failed.delete(fullUrl);
  const local: ResolvedStep[] = [];
  for (const one of held) {
    await pause();
    const { step, links, resource } = one;
    const values: [Link, string][] = [];
    let within: ReadonlySet<string> | undefined;
    for (const link of links) {
      const value = rewritten(link, step, { targets, versions });
      if (value !== link.value) values.push([link, value]);
      else if (link.kind === 'reference' && namesAnEntry(step, value) && !failed.has(value)) {
        within ??= urnsWithin(resource);
        if (!within.has(value.toLowerCase())) issues.add(leadsNowhere(step, link));
      }
    }
    local.push(withValues(one, values));
  }
  const conditional = await resolveConditional(attempt, local, targets);
  issues.addAll(conditional.issues);
  return { ...conditional, issues: issues.list };
}

/** Whether a reference that leads to no entry is meant to: a URN, or in a batch what another entry is called. */
function namesAnEntry(step: WriteStep, reference: string): boolean {
  const { batch } = step.request;
  return /^urn:/i.test(reference) || (batch !== undefined && isAmongEntries(batch, step, reference));
}

/** Of a reference to an entry that it may not name. */
function leadsNowhere(step: WriteStep, { value: found, path: at }: Link): Issue {
  const { path, batch } = step.request;
  const named = (target: string, expected: string) => issue('unknown-full-url', { found, target, expected }, at);
  if (path === undefined) return named('an entry of a transaction, which this is not', 'Type/id, a URL or a search');
  if (batch === undefined) return named('no fullUrl of this bundle', 'one');
  const target = isAmongEntries(batch, step, found)
    ? 'another entry of the batch, whose entries know nothing of each other'
    : 'no entry';
  return named(target, 'a transaction, or a reference to what is stored');
}

function withValues(step: ResolvedStep, values: readonly (readonly [Link, string])[]): ResolvedStep {
  const { resource } = step;
  return resource === undefined || values.length === 0 ? step : { ...step, resource: replaceLinks(resource, values) };
}

/** The entries of a transaction. */
interface KnownEntries {
  readonly targets: EntryTargets;
  /** Of each `Type/id` to whose version a reference leads: the version that the transaction makes. */
  readonly versions: ReadonlyMap<string, number>;
}

/** A conditional reference, and the links that hold it, with the indexes of their steps. */
interface ConditionalReference {
  readonly type: string;
  readonly criterion: Outcome<Criterion>;
  readonly holders: { readonly at: number; readonly link: Link }[];
}

/**
 * Each reference waits for those in resources of the type that it asks for, so that it sees them as they will be. Those that wait for
 * each other see what is known by then.
 */
async function resolveConditional(
  attempt: Attempt,
  steps: readonly ResolvedStep[],
  targets: EntryTargets,
): Promise<ResolvedReferences> {
  const all = conditionalReferences(attempt.context, steps, targets);
  const found = new Map<ConditionalReference, Outcome<ConditionalMatch> | undefined>();
  let resolved = steps;
  for (let waiting = all; waiting.length > 0; ) {
    const unresolved = new Set(waiting.flatMap(({ holders }) => holders.map(({ at }) => steps[at]?.step.type)));
    const free = waiting.filter(({ type }) => !unresolved.has(type));
    const round = free.length > 0 ? free : waiting;
    const candidatesOf = candidates(attempt.records, resolved);
    const results = await mapInBatches(round, ({ criterion }) => lookUpOne(attempt, criterion, candidatesOf));
    for (const [i, reference] of round.entries()) found.set(reference, results[i]);
    resolved = withMatches(resolved, round, found);
    waiting = waiting.filter((reference) => !found.has(reference));
  }
  const issues = all.flatMap((reference) => {
    const failure = found.get(reference);
    if (!(failure instanceof Failure)) return [];
    return reference.holders.flatMap(({ link }) => located(failure, link.path).issues);
  });
  const matches = all.flatMap((reference) => {
    const match = found.get(reference);
    return match === undefined || match instanceof Failure ? [] : [match.matches];
  });
  return { steps: resolved, matches, issues };
}

function conditionalReferences(
  context: Context,
  steps: readonly ResolvedStep[],
  targets: EntryTargets,
): readonly ConditionalReference[] {
  const wanted = new Map<string, ConditionalReference>();
  const without = writtenBy(steps);
  for (const [at, { links, step }] of steps.entries()) {
    for (const link of links) {
      if (link.kind !== 'reference' || !link.value.includes('?')) continue;
      const target = parseReference(link.value, context.config.baseUrl);
      if (target?.kind !== 'conditional') continue;
      // The same text may mean another entry to one of another base.
      const key = `${baseOf(step.request.fullUrl)} ${link.value}`;
      const same = wanted.get(key);
      if (same !== undefined) same.holders.push({ at, link });
      else {
        const { type } = target;
        const pairs = criteriaIn(type, target.criteria);
        const references = (reference: string) => targetOf(targets, step, reference);
        const criterion = pairs instanceof Failure ? pairs : { type, pairs, without, references };
        wanted.set(key, { type, criterion, holders: [{ at, link }] });
      }
    }
  }
  return [...wanted.values()];
}

/** The steps with the references of a round in place. */
function withMatches(
  steps: readonly ResolvedStep[],
  round: readonly ConditionalReference[],
  found: ReadonlyMap<ConditionalReference, Outcome<ConditionalMatch> | undefined>,
): readonly ResolvedStep[] {
  const values = new Map<number, [Link, string][]>();
  for (const reference of round) {
    const match = found.get(reference);
    if (match === undefined || match instanceof Failure) continue;
    for (const { at, link } of reference.holders) {
      const of = values.get(at) ?? [];
      values.set(at, of);
      of.push([link, `${reference.type}/${match.id}`]);
    }
  }
  return values.size === 0 ? steps : steps.map((step, at) => withValues(step, values.get(at) ?? []));
}

const versioned = /^(.+)\/_history\/[^/]+$/;

/** The steps, and the versions that references to versions of entries lead to. */
interface HeldSteps {
  readonly held: readonly ResolvedStep[];
  readonly versions: KnownEntries['versions'];
}

/**
 * R4 http.html#trules: a reference to a version of an entry leads to the version that the entry makes. Where that is not plain,
 * the step is held to what is current now.
 */
async function holdVersions(
  context: Context,
  steps: readonly ResolvedStep[],
  entries: EntryTargets,
): Promise<HeldSteps> {
  const wanted = new Set<string>();
  for (const { step, links } of steps) {
    for (const { value, kind } of links) {
      const target = kind === 'reference' ? versionedTarget(value, step, entries) : undefined;
      if (target !== undefined) wanted.add(target);
    }
  }
  const versions = new Map<string, number>();
  if (wanted.size === 0) return { held: steps, versions };
  const held: ResolvedStep[] = [];
  for (const one of steps) {
    const { step, match, targets } = one;
    const [target] = targets;
    if (match !== undefined) versions.set(`${step.type}/${match.id}`, match.version);
    if (target === undefined || step.action === 'delete' || !wanted.has(`${step.type}/${target.id}`)) {
      held.push(one);
      continue;
    }
    const current = step.action === 'create' ? undefined : await context.store.read(step.type, target.id);
    versions.set(`${step.type}/${target.id}`, (current?.version ?? 0) + 1);
    const expect = current?.content === undefined ? 0 : current.version;
    held.push({ ...one, targets: [{ expect, ...target }] });
  }
  return { held, versions };
}

/** `Type/id` of what the steps write: as it was stored, it matches no conditional reference. */
function writtenBy(steps: readonly ResolvedStep[]): ReadonlySet<string> {
  return new Set(steps.flatMap(({ step, targets }) => targets.map(({ id }) => `${step.type}/${id}`)));
}

/** What a conditional reference leads to, and what that rests on. */
interface ConditionalMatch {
  readonly id: string;
  readonly matches: Matches;
}

/**
 * R4 http.html#trules: conditional references are resolved last, so they see what the transaction writes; each has exactly
 * one match. Undefined where no time is left to look it up.
 */
async function lookUpOne(
  { context, caller, lookups }: Attempt,
  criterion: Outcome<Criterion>,
  candidatesOf: Candidates,
): Promise<Outcome<ConditionalMatch> | undefined> {
  if (criterion instanceof Failure) return criterion;
  const where = await readCriteria(context, caller, criterion);
  if (where instanceof Failure) return where;
  const matches = await lookups.find(criterion, where, 2);
  if (matches === undefined || matches instanceof Failure) return matches;
  const ids = [...matches.found.map((version) => version.id), ...candidatesOf(criterion.type, matches.where)];
  const [id, second] = ids;
  const shown = { found: shownCriteria(criterion) };
  if (id === undefined) return fail('criteria-no-match', shown);
  return second === undefined ? { id, matches } : fail('criteria-many-matches', shown);
}

/** The entry to whose version a reference leads. */
function versionedTarget(value: string, step: WriteStep, entries: EntryTargets): string | undefined {
  const [, unversioned] = versioned.exec(value) ?? [];
  if (unversioned === undefined) return undefined;
  return targetOf(entries, step, unversioned);
}

/** Where a link leads, or what was sent if it leads to no entry. */
function rewritten({ value, kind }: Link, step: WriteStep, { targets, versions }: KnownEntries): string {
  if (kind === 'narrative') return rewriteNarrative(value, (target) => targets.get(target));
  const found = targetOf(targets, step, value);
  if (found !== undefined) return found;
  const target = versionedTarget(value, step, targets);
  return target === undefined ? value : `${target}/_history/${versions.get(target)}`;
}
