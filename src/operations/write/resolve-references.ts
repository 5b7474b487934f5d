import { Failure, fail, type Issue, issue, type Outcome } from '#errors';
import { Issues } from '#fhir/json/issues.ts';
import { parseReference } from '#fhir/values/references.ts';
import { mapInBatches, yielder } from '#threads/yielding.ts';
import { type Criterion, criteriaIn, findMatches, type Matches, shownCriteria } from '../lookups/criteria.ts';
import type { Caller, Context } from '../request/context.ts';
import { located } from '../request/request.ts';
import { type Candidates, candidates } from './candidates.ts';
import { type Link, rewriteNarrative } from './links.ts';
import type { WriteStep } from './step.ts';

/** What conditional references rest on, and what is wrong with the links. */
export interface ResolvedReferences {
  readonly matches: readonly Matches[];
  readonly issues: readonly Issue[];
}

/**
 * Writes into the resources of a transaction where their links lead (R4 http.html#trules): those to entries first, then the
 * conditional references, which so see what the transaction writes, as it will be.
 */
export async function resolveReferences(
  context: Context,
  caller: Caller,
  steps: readonly WriteStep[],
): Promise<ResolvedReferences> {
  const issues = new Issues();
  const breathe = yielder();
  const to = await entriesOf(context, steps);
  for (const step of steps) {
    await breathe();
    for (const link of step.links) {
      const found = rewrite(link, step, to);
      if (found !== undefined) issues.add(found);
    }
  }
  const conditional = await resolveConditional(context, caller, steps);
  issues.addAll(conditional.issues);
  return { matches: conditional.matches, issues: issues.list };
}

/** The entries of a transaction. */
interface EntryTargets {
  /** By fullUrl: `Type/id`. */
  readonly targets: ReadonlyMap<string, string>;
  /** Of each `Type/id` to whose version a reference leads: the version that the transaction makes. */
  readonly versions: ReadonlyMap<string, number>;
}

async function entriesOf(context: Context, steps: readonly WriteStep[]): Promise<EntryTargets> {
  const targets = new Map<string, string>();
  for (const step of steps) {
    const { fullUrl } = step.request;
    const id = step.match?.id ?? step.targets[0]?.id;
    if (fullUrl !== undefined && id !== undefined && step.action !== 'delete') {
      targets.set(fullUrl, `${step.type}/${id}`);
    }
  }
  return { targets, versions: await versionsOf(context, steps, targets) };
}

/** A conditional reference, and the links that hold it. */
interface ConditionalReference {
  readonly criterion: Criterion;
  readonly links: Link[];
}

async function resolveConditional(
  context: Context,
  caller: Caller,
  steps: readonly WriteStep[],
): Promise<ResolvedReferences> {
  const wanted = new Map<string, ConditionalReference>();
  const without = writtenBy(steps);
  for (const link of steps.flatMap((s) => s.links)) {
    if (link.kind !== 'reference' || !link.value.includes('?')) continue;
    const target = parseReference(link.value, context.config.baseUrl);
    if (target?.kind !== 'conditional') continue;
    const same = wanted.get(link.value);
    if (same !== undefined) same.links.push(link);
    else {
      const criterion = { type: target.type, pairs: criteriaIn(target.type, target.criteria), without };
      wanted.set(link.value, { criterion, links: [link] });
    }
  }
  const matches: Matches[] = [];
  const issues = new Issues();
  const candidatesOf = candidates(context, steps);
  await mapInBatches([...wanted.values()], async ({ criterion, links }) => {
    const found = await lookUpOne(context, caller, criterion, candidatesOf);
    if (found instanceof Failure) {
      for (const { path } of links) issues.addAll(located(found, path).issues);
      return;
    }
    for (const { holder, key } of links) holder[key] = `${criterion.type}/${found.id}`;
    matches.push(found.matches);
  });
  return { matches, issues: issues.list };
}

const versioned = /^(.+)\/_history\/[^/]+$/;

/**
 * R4 http.html#trules: a reference to a version of an entry leads to the version that the entry makes. Where that is not plain,
 * the step is held to what is current now.
 */
async function versionsOf(
  context: Context,
  steps: readonly WriteStep[],
  entries: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, number>> {
  const wanted = new Set<string>();
  for (const step of steps) {
    for (const { value, kind } of step.links) {
      const target = kind === 'reference' ? versionedTarget(value, step, entries) : undefined;
      if (target !== undefined) wanted.add(target);
    }
  }
  const versions = new Map<string, number>();
  if (wanted.size === 0) return versions;
  for (const step of steps) {
    const [target] = step.targets;
    if (step.match !== undefined) versions.set(`${step.type}/${step.match.id}`, step.match.version);
    if (target === undefined || step.action === 'delete' || !wanted.has(`${step.type}/${target.id}`)) continue;
    const current = step.action === 'create' ? undefined : await context.store.read(step.type, target.id);
    versions.set(`${step.type}/${target.id}`, (current?.version ?? 0) + 1);
    const expect = current?.content === undefined ? 0 : current.version;
    step.targets = [{ expect, ...target }];
  }
  return versions;
}

/** `Type/id` of what the steps write: as it was stored, it matches no conditional reference. */
function writtenBy(steps: readonly WriteStep[]): ReadonlySet<string> {
  return new Set(steps.flatMap((step) => step.targets.map(({ id }) => `${step.type}/${id}`)));
}

/**
 * R4 http.html#trules: conditional references are resolved last, so they see what the transaction writes; each has exactly
 * one match.
 */
async function lookUpOne(
  context: Context,
  caller: Caller,
  criterion: Criterion,
  candidatesOf: Candidates,
): Promise<Outcome<{ readonly id: string; readonly matches: Matches }>> {
  const matches = await findMatches(context, caller, criterion);
  if (matches instanceof Failure) return matches;
  const ids = [...matches.found.map((version) => version.id), ...candidatesOf(criterion.type, matches.where)];
  const [id, second] = ids;
  const shown = { found: shownCriteria(criterion) };
  if (id === undefined) return fail('criteria-no-match', shown);
  return second === undefined ? { id, matches } : fail('criteria-many-matches', shown);
}

/** The entry to whose version a reference leads. */
function versionedTarget(value: string, step: WriteStep, entries: ReadonlyMap<string, string>): string | undefined {
  const [, unversioned] = versioned.exec(value) ?? [];
  if (unversioned === undefined) return undefined;
  return entries.get(unversioned) ?? entries.get(sibling(step.request.fullUrl, unversioned));
}

/**
 * Writes into the resource where a link leads, or what was sent if it leads to no entry: an earlier attempt may have written
 * there. A `urn:` that no entry of the bundle has is a problem.
 */
function rewrite(link: Link, step: WriteStep, { targets, versions }: EntryTargets): Issue | undefined {
  const { holder, key, value, kind, path } = link;
  if (kind === 'narrative') {
    holder[key] = rewriteNarrative(value, (target) => targets.get(target));
    return undefined;
  }
  const found = targets.get(value) ?? targets.get(sibling(step.request.fullUrl, value));
  const target = found === undefined ? versionedTarget(value, step, targets) : undefined;
  holder[key] = found ?? (target === undefined ? value : `${target}/_history/${versions.get(target)}`);
  if (holder[key] !== value || kind !== 'reference' || !value.startsWith('urn:')) return undefined;
  return issue('unknown-full-url', { found: value }, path);
}

/** A relative reference counts from the RESTful base of its own entry's fullUrl (R4 bundle.html#references). */
function sibling(fullUrl: string | undefined, reference: string): string {
  const base = fullUrl === undefined ? undefined : /^(https?:\/\/.+\/)[A-Z][A-Za-z]+\/[^/]+$/.exec(fullUrl)?.[1];
  return base === undefined ? '' : base + reference;
}
