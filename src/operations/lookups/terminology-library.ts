import type { CodeSystem, ValueSet } from '@medplum/fhirtypes';
import { LRUCache } from 'lru-cache';
import type { Filter } from '#search/model/filter.ts';
import type { Version } from '#storage/store.ts';
import { newest, published, type TerminologyLibrary } from '#terminology/source.ts';
import { findReadable } from '../read/find-readable.ts';
import type { Caller, Context } from '../request/context.ts';

/** Value sets and code systems for one request: of the store, as far as the caller may read them, else as R4 publishes them. */
export function createTerminologyLibrary(context: Context, caller: Caller): TerminologyLibrary {
  const asked = new Map<string, Promise<ValueSet | CodeSystem | undefined>>();
  const once = async <T extends ValueSet | CodeSystem>(
    type: T['resourceType'],
    url: string,
    version: string | undefined,
    otherwise: () => T | undefined,
  ): Promise<T | undefined> => {
    const key = `${type} ${url}|${version ?? ''}`;
    const found = asked.get(key) ?? stored<T>(context, caller, type, url, version).then((f) => f ?? otherwise());
    asked.set(key, found);
    return (await found) as T | undefined;
  };
  return {
    valueSet: (url, version) => once('ValueSet', url, version, () => published.valueSet(url, version)),
    codeSystem: (url, version) => once('CodeSystem', url, version, () => published.codeSystem(url, version)),
  };
}

async function stored<T extends ValueSet | CodeSystem>(
  context: Context,
  caller: Caller,
  type: T['resourceType'],
  url: string,
  version: string | undefined,
): Promise<T | undefined> {
  const where: Filter = { op: 'match', param: 'url', test: { kind: 'uri', how: 'equals', value: url } };
  const versions: T[] = [];
  for await (const found of findReadable(context, caller, type, where)) {
    const resource = parsed<T>(found);
    if (version === undefined || resource.version === version) versions.push(resource);
  }
  return newest<T>(versions);
}

interface ParsedText {
  readonly content: string;
  readonly resource: ValueSet | CodeSystem;
}

/** Characters of text: a thread's objects take ten times as many bytes. */
const maxSize = 10_000_000;
const known = new LRUCache<string, ParsedText>({ maxSize, sizeCalculation: ({ content }) => content.length });

/**
 * What the text of a version says, as the same object while the text is the same: a large code system is parsed, and its hierarchy made, once
 * a thread, and not for each search. Nobody changes it.
 */
function parsed<T extends ValueSet | CodeSystem>({ type, id, content = '' }: Version): T {
  const key = `${type}/${id}`;
  const before = known.get(key);
  if (before?.content === content) return before.resource as T;
  const resource: T = JSON.parse(content);
  known.set(key, { content, resource });
  return resource;
}
