import type { CodeSystem, ValueSet } from '@medplum/fhirtypes';
import type { Filter } from '#search/model/filter.ts';
import { newest, published, type TerminologyLibrary } from '#terminology/source.ts';
import { findResources } from '../read/find-readable.ts';
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
  const versions = await findResources<T>(context, caller, type, where);
  return newest<T>(versions.filter((r) => version === undefined || r.version === version));
}
