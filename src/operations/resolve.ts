import { Failure, fail, type Issue, issue, type Outcome } from '#errors';
import { Issues } from '#fhir/issues.ts';
import { parseReference } from '#fhir/references.ts';
import { type Candidates, candidates } from './candidates.ts';
import type { Caller, Context } from './context.ts';
import { type Criterion, criteriaIn, lookUp, type Matches, shownCriteria } from './criteria.ts';
import { type Link, rewriteNarrative } from './links.ts';
import { located } from './request.ts';
import type { Step } from './step.ts';
import { inTurns } from './turns.ts';

/** What the links of one transaction lead to. */
export interface Resolver {
  /** By fullUrl: `Type/id`. */
  readonly entries: ReadonlyMap<string, string>;
  /** Of each `Type/id` to whose version a reference leads: the version that the transaction makes. */
  readonly versions: ReadonlyMap<string, number>;
  /** By conditional reference, as sent: `Type/id`. */
  readonly conditional: ReadonlyMap<string, string>;
  readonly matches: readonly Matches[];
  readonly issues: readonly Issue[];
}

/** Looks up every conditional reference once (R4 http.html#trules), and lists the entries by their fullUrl. */
export async function resolver(context: Context, caller: Caller, steps: readonly Step[]): Promise<Resolver> {
  const entries = new Map<string, string>();
  for (const step of steps) {
    const { fullUrl } = step.request;
    const id = step.match?.id ?? step.targets[0]?.id;
    if (fullUrl !== undefined && id !== undefined && step.action !== 'delete')
      entries.set(fullUrl, `${step.type}/${id}`);
  }
  const wanted = new Map<string, { criterion: Criterion; paths: string[] }>();
  const without = writtenBy(steps);
  for (const link of steps.flatMap((s) => s.links)) {
    if (link.kind !== 'reference' || !link.value.includes('?')) continue;
    const target = parseReference(link.value, context.config.baseUrl);
    if (target?.kind !== 'conditional') continue;
    const same = wanted.get(link.value);
    if (same !== undefined) same.paths.push(link.path);
    else {
      const criterion = { type: target.type, pairs: criteriaIn(target.type, target.criteria), without };
      wanted.set(link.value, { criterion, paths: [link.path] });
    }
  }
  const conditional = new Map<string, string>();
  const all: Matches[] = [];
  const issues = new Issues();
  const among = candidates(context, steps);
  await inTurns([...wanted], async ([reference, { criterion, paths }]) => {
    const found = await lookUpOne(context, caller, criterion, among);
    if (found instanceof Failure) {
      for (const path of paths) issues.addAll(located(found, path).issues);
    } else {
      conditional.set(reference, `${criterion.type}/${found.id}`);
      all.push(found.matches);
    }
  });
  const versions = await versionsOf(context, steps, entries);
  return { entries, versions, conditional, matches: all, issues: issues.list };
}

const versioned = /^(.+)\/_history\/[^/]+$/;

/**
 * R4 http.html#trules: a reference to a version of an entry leads to the version that the entry makes. Where that is not plain,
 * the step is held to what is current now.
 */
async function versionsOf(
  context: Context,
  steps: readonly Step[],
  entries: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, number>> {
  const wanted = new Set<string>();
  for (const { value, kind } of steps.flatMap((s) => s.links)) {
    const [, fullUrl = ''] = kind === 'reference' ? (versioned.exec(value) ?? []) : [];
    const target = entries.get(fullUrl);
    if (target !== undefined) wanted.add(target);
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
function writtenBy(steps: readonly Step[]): ReadonlySet<string> {
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
  among: Candidates,
): Promise<Outcome<{ readonly id: string; readonly matches: Matches }>> {
  const matches = await lookUp(context, caller, criterion);
  if (matches instanceof Failure) return matches;
  const ids = [...matches.found.map((version) => version.id), ...among(criterion.type, matches.where)];
  const [id, second] = ids;
  const shown = { found: shownCriteria(criterion) };
  if (id === undefined) return fail('criteria-no-match', shown);
  return second === undefined ? { id, matches } : fail('criteria-many-matches', shown);
}

/** Writes into the resource where a link leads; a `urn:` that no entry of the bundle has is a problem. */
export function rewrite(link: Link, step: Step, to: Resolver): Issue | undefined {
  const { holder, key, value, kind, path } = link;
  if (kind === 'narrative') {
    holder[key] = rewriteNarrative(value, (target) => to.entries.get(target));
    return undefined;
  }
  const found =
    to.entries.get(value) ?? to.conditional.get(value) ?? to.entries.get(sibling(step.request.fullUrl, value));
  const [, unversioned = ''] = found === undefined ? (versioned.exec(value) ?? []) : [];
  const target = to.entries.get(unversioned);
  if (found !== undefined) holder[key] = found;
  else if (target !== undefined) holder[key] = `${target}/_history/${to.versions.get(target)}`;
  else if (kind === 'reference' && value.startsWith('urn:')) return issue('unknown-full-url', { found: value }, path);
  return undefined;
}

/** A relative reference counts from the RESTful base of its own entry's fullUrl (R4 bundle.html#references). */
function sibling(fullUrl: string | undefined, reference: string): string {
  const base = fullUrl === undefined ? undefined : /^(https?:\/\/.+\/)[A-Z][A-Za-z]+\/[^/]+$/.exec(fullUrl)?.[1];
  return base === undefined ? '' : base + reference;
}
