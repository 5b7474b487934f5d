import { Failure, type Issue, issue } from '#errors';
import { parseReference } from '#fhir/references.ts';
import type { Caller, Context } from './context.ts';
import { lookUp, type Matches, shownCriteria } from './criteria.ts';
import { type Link, rewriteNarrative } from './links.ts';
import type { Step } from './step.ts';

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
  const wanted = new Map<string, { type: string; criteria: string; paths: string[] }>();
  for (const link of steps.flatMap((s) => s.links)) {
    if (link.kind !== 'reference' || !link.value.includes('?')) continue;
    const target = parseReference(link.value, context.config.baseUrl);
    if (target?.kind !== 'conditional') continue;
    const same = wanted.get(link.value);
    if (same !== undefined) same.paths.push(link.path);
    else wanted.set(link.value, { type: target.type, criteria: target.criteria, paths: [link.path] });
  }
  const conditional = new Map<string, string>();
  const matches: Matches[] = [];
  const issues: Issue[] = [];
  await Promise.all(
    [...wanted].map(async ([reference, { type, criteria, paths }]) => {
      const found = await lookUp(context, caller, type, criteria);
      if (found instanceof Failure) return issues.push(...at(paths, found.issues));
      const [id] = found.ids;
      const shown = { found: shownCriteria(type, criteria) };
      if (id === undefined) return issues.push(...at(paths, [issue('criteria-no-match', shown)]));
      if (found.ids.length > 1) return issues.push(...at(paths, [issue('criteria-many-matches', shown)]));
      conditional.set(reference, `${type}/${id}`);
      return matches.push(found);
    }),
  );
  return { entries, conditional, matches, issues };
}

function at(paths: readonly string[], issues: readonly Issue[]): Issue[] {
  return paths.flatMap((path) => issues.map((i) => ({ ...i, expression: path })));
}

/** Writes into the resource where a link leads; a `urn:` that no entry of the bundle has is a problem. */
export function rewrite(link: Link, step: Step, to: Resolver): Issue[] {
  const { holder, key, value, kind, path } = link;
  if (kind === 'narrative') {
    holder[key] = rewriteNarrative(value, (target) => to.entries.get(target));
    return [];
  }
  const found =
    to.entries.get(value) ?? to.conditional.get(value) ?? to.entries.get(sibling(step.request.fullUrl, value));
  if (found !== undefined) {
    holder[key] = found;
    return [];
  }
  if (kind === 'reference' && value.startsWith('urn:')) {
    return [
      issue('bundle-entry', { text: `The reference ${value} is no fullUrl of this bundle; expected one.` }, path),
    ];
  }
  return [];
}

/** A relative reference counts from the RESTful base of its own entry's fullUrl (R4 bundle.html#references). */
function sibling(fullUrl: string | undefined, reference: string): string {
  const base = fullUrl === undefined ? undefined : /^(https?:\/\/.+\/)[A-Z][A-Za-z]+\/[^/]+$/.exec(fullUrl)?.[1];
  return base === undefined ? '' : base + reference;
}
