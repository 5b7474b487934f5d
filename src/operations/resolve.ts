import { Failure, fail, type Issue, issue, type Outcome } from '#errors';
import { Issues } from '#fhir/issues.ts';
import { parseReference } from '#fhir/references.ts';
import type { Caller, Context } from './context.ts';
import { type Criterion, lookUp, type Matches, shownCriteria } from './criteria.ts';
import { type Link, rewriteNarrative } from './links.ts';
import { located } from './request.ts';
import { deletedBy, type Step } from './step.ts';
import { inTurns } from './turns.ts';

/** What the links of one transaction lead to. */
export interface Resolver {
  /** By fullUrl: `Type/id`. */
  readonly entries: ReadonlyMap<string, string>;
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
    if (fullUrl !== undefined && step.resource !== undefined) entries.set(fullUrl, `${step.type}/${step.id}`);
  }
  const wanted = new Map<string, { criterion: Criterion; paths: string[] }>();
  const deleted = deletedBy(steps);
  for (const link of steps.flatMap((s) => s.links)) {
    if (link.kind !== 'reference' || !link.value.includes('?')) continue;
    const target = parseReference(link.value, context.config.baseUrl);
    if (target?.kind !== 'conditional') continue;
    const same = wanted.get(link.value);
    if (same !== undefined) same.paths.push(link.path);
    else {
      const criterion = { type: target.type, query: target.criteria, deleted };
      wanted.set(link.value, { criterion, paths: [link.path] });
    }
  }
  const conditional = new Map<string, string>();
  const all: Matches[] = [];
  const issues = new Issues();
  await inTurns([...wanted], async ([reference, { criterion, paths }]) => {
    const matches = await lookUpOne(context, caller, criterion);
    if (matches instanceof Failure) {
      for (const path of paths) issues.addAll(located(matches, path).issues);
    } else {
      conditional.set(reference, `${criterion.type}/${matches.found[0]?.id}`);
      all.push(matches);
    }
  });
  return { entries, conditional, matches: all, issues: issues.list };
}

/** R4 http.html#trules: a conditional reference has exactly one match. */
async function lookUpOne(context: Context, caller: Caller, criterion: Criterion): Promise<Outcome<Matches>> {
  const matches = await lookUp(context, caller, criterion);
  if (matches instanceof Failure || matches.found.length === 1) return matches;
  const shown = { found: shownCriteria(criterion) };
  return matches.found.length === 0 ? fail('criteria-no-match', shown) : fail('criteria-many-matches', shown);
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
  if (found !== undefined) holder[key] = found;
  else if (kind === 'reference' && value.startsWith('urn:')) return issue('unknown-full-url', { found: value }, path);
  return undefined;
}

/** A relative reference counts from the RESTful base of its own entry's fullUrl (R4 bundle.html#references). */
function sibling(fullUrl: string | undefined, reference: string): string {
  const base = fullUrl === undefined ? undefined : /^(https?:\/\/.+\/)[A-Z][A-Za-z]+\/[^/]+$/.exec(fullUrl)?.[1];
  return base === undefined ? '' : base + reference;
}
