import type { ResolvedStep, WriteStep } from './step.ts';

/** Where the entries of a transaction are: by fullUrl `Type/id`. */
export type EntryTargets = ReadonlyMap<string, string>;

/** All entries that are there when the transaction is done. */
export function entryTargets(steps: readonly ResolvedStep[]): EntryTargets {
  const all = new Map<string, string>();
  for (const { step, match, targets } of steps) addTarget(all, step, match?.id ?? targets[0]?.id);
  return all;
}

/** Those whose place needs no look at what is stored. */
export function targetsById(steps: readonly WriteStep[]): Map<string, string> {
  const all = new Map<string, string>();
  for (const step of steps) if (step.criteria === undefined) addTarget(all, step, step.id);
  return all;
}

export function addTarget(
  all: Map<string, string>,
  { request, type, action }: WriteStep,
  id: string | undefined,
): void {
  const { fullUrl } = request;
  if (fullUrl !== undefined && id !== undefined && action !== 'delete') all.set(fullUrl, `${type}/${id}`);
}

/** Where a reference in this step leads, if that is an entry: a relative one counts from the base of its own entry's fullUrl (R4
 * bundle.html#references). */
export function targetOf(targets: EntryTargets, { request }: WriteStep, reference: string): string | undefined {
  return targets.get(reference) ?? targets.get(baseOf(request.fullUrl) + reference);
}

/** Whether a reference in this step names one of these fullUrls. */
export function isAmongEntries(fullUrls: ReadonlySet<string>, { request }: WriteStep, reference: string): boolean {
  return fullUrls.has(reference) || fullUrls.has(baseOf(request.fullUrl) + reference);
}

/** The RESTful base of a fullUrl; empty if it has none. */
export function baseOf(fullUrl: string | undefined): string {
  return (fullUrl !== undefined && /^(https?:\/\/.+\/)[A-Z][A-Za-z]+\/[^/]+$/.exec(fullUrl)?.[1]) || '';
}
