import { join } from 'node:path';
import type { Resource } from '@medplum/fhirtypes';
import t from 'tap';
import { createContext } from '#assembly';
import { loadConfig } from '#config';
import { Failure } from '#errors';
import { perform } from '#operations/perform.ts';
import type { Answer } from '#operations/request/answer.ts';
import type { Caller, Context } from '#operations/request/context.ts';
import type { Request } from '#operations/request/request.ts';
import { unrestricted } from '#security/rights.ts';
import type { Store } from '#storage/store.ts';
import { threadFile } from '#test/http/harness.ts';
import { storeIn } from '#test/process/store.ts';

/** A resource is indexed once in a write, whoever asks for its entries. */

const file = join(t.testdir(), 'index.db');
const config = loadConfig({ HUFHIR_STORE: `sqlite:${file}`, HUFHIR_AUTH: 'off' });
if (config instanceof Failure) throw new Error(config.issues.map((i) => i.text).join(' '));
const real = await storeIn(file);
/** What happens right before the next commit, as if another client had asked for it. */
let meanwhile: (() => Promise<unknown>) | undefined;
const store: Store = new Proxy(real, {
  get: (target, name) => {
    if (name === 'transact') {
      return async (...asked: Parameters<Store['transact']>) => {
        const first = meanwhile;
        meanwhile = undefined;
        await first?.();
        return target.transact(...asked);
      };
    }
    const own = Reflect.get(target, name);
    return typeof own === 'function' ? own.bind(target) : own;
  },
});
const another = await createContext(config, store, { threadFile });
t.teardown(async () => {
  await another.parameters.stop();
  await real.close();
});
/** The types of what was indexed. */
let indexed: string[] = [];
const context: Context = {
  ...another,
  index: (resource: Resource) => {
    indexed.push(resource.resourceType);
    return another.index(resource);
  },
};

const caller: Caller = { client: 'test', rights: unrestricted };
const plain = { query: [], lenient: false, preconditions: {} } as const;

/** The status, or those of the entries, and what was indexed. */
async function asked(request: Pick<Request, 'interaction'> & Partial<Request>): Promise<string> {
  indexed = [];
  const answer = await perform(context, caller, { ...plain, ...request });
  const made: readonly { readonly status: number }[] =
    answer instanceof Failure || answer.kind !== 'responses' ? [answer] : answer.answers;
  return `${made.map((a) => a.status).join(' ')}: ${indexed.sort().join(' ')}`;
}

const by = (value: string) => `identifier=http://a.example|${value}`;
const patient = (value: string) => ({ resourceType: 'Patient', identifier: [{ system: 'http://a.example', value }] });
const observation = (subject: string, more: object = {}) => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  subject: { reference: subject },
  ...more,
});
const post = (resource: { resourceType: string }, more: object = {}, fullUrl?: string) => ({
  ...(fullUrl !== undefined && { fullUrl }),
  resource,
  request: { method: 'POST', url: resource.resourceType, ...more },
});
const transaction = (...entry: unknown[]) => ({
  interaction: { code: 'bundle' } as const,
  body: { resourceType: 'Bundle', type: 'transaction', entry },
});
const create = (body: { resourceType: string }, ifNoneExist?: string) => ({
  interaction: { code: 'create', type: body.resourceType } as const,
  body,
  ...(ifNoneExist !== undefined && { ifNoneExist }),
});
const urn = 'urn:uuid:0e2b8d3c-0f6a-4a67-9d3e-555555555555';

t.test('what each write indexes', async (t) => {
  const cases: [name: string, request: Parameters<typeof asked>[0], told: string][] = [
    ['a create', create(patient('a')), '201: Patient'],
    ['a conditional create without a match', create(patient('b'), by('b')), '201: Patient'],
    ['a conditional create that matches', create(patient('b'), by('b')), '200: '],
    [
      'a transaction of creates',
      transaction(post(patient('c'), {}, urn), post(observation(urn)), post(observation(urn))),
      '201 201 201: Observation Observation Patient',
    ],
    [
      'a conditional reference to what is written: the criteria and the store share the entries',
      transaction(post(patient('d')), post(patient('e')), post(observation(`Patient?${by('d')}`))),
      '201 201 201: Observation Patient Patient',
    ],
    [
      'a conditional update beside a create: so do the criteria of the update',
      transaction(
        post(patient('f')),
        { resource: patient('a'), request: { method: 'PUT', url: `Patient?${by('a')}` } },
        post(observation(`Patient?${by('f')}`)),
      ),
      '201 200 201: Observation Patient Patient',
    ],
    ['what is refused', transaction(post(observation(`Patient?${by('nobody')}`))), '412: '],
  ];
  for (const [name, request, told] of cases) t.equal(await asked(request), told, name);
});

t.test('http.html#trules: conditional references see what is written, as it will be', async (t) => {
  const visit = {
    resourceType: 'Encounter',
    status: 'finished',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
    subject: { reference: `Patient?${by('b')}` },
  };
  const found = (await perform(context, caller, {
    ...plain,
    interaction: { code: 'search-type', type: 'Patient' },
    query: [['identifier', 'http://a.example|b']],
  })) as Extract<Answer, { kind: 'searchset' }>;
  const id = found.matches[0]?.id;
  const seen = transaction(
    post(observation(`Patient?${by('a')}`, { encounter: { reference: `Encounter?subject=Patient/${id}` } })),
    post(visit),
  );
  t.equal(await asked(seen), '201 201: Encounter Observation');
});

t.test('another attempt indexes what is another resource', async (t) => {
  const update = { interaction: { code: 'update', type: 'Patient', id: 'moved' } as const };
  const body = { ...patient('moved'), id: 'moved' };
  const byAnother = (request: Pick<Request, 'interaction'> & Partial<Request>) => {
    meanwhile = () => perform(another, caller, { ...plain, ...request });
  };
  await asked({ ...update, body });
  byAnother({ ...update, body });
  const conditional = { interaction: { code: 'conditional-update', type: 'Patient' } as const, body: patient('moved') };
  const query = [['identifier', 'http://a.example|moved']] as const;
  t.equal(await asked({ ...conditional, query }), '200: Patient', 'the same resource');
  byAnother({ ...update, body });
  const patch = { format: 'json', document: [{ op: 'add', path: '/gender', value: 'male' }] } as const;
  const patching = { interaction: { code: 'patch', type: 'Patient', id: 'moved' } as const, patch };
  t.equal(await asked(patching), '200: Patient Patient', 'a patch of another version');
  byAnother(create(patient('rival')));
  t.equal(await asked(create(patient('rival'), by('rival'))), '200: Patient', 'a rival created it: nothing is written');
});
