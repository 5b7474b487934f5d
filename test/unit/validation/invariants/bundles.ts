import { of, type Row } from './resources.ts';

const urn = (i: number) => `urn:uuid:00000000-0000-4000-8000-00000000000${i}`;
const bundle = (type: string, entry: readonly object[], rest: object = {}) => of('Bundle', { type, entry, ...rest });
const entry = (rest: object = {}) => ({ fullUrl: urn(1), resource: of('Patient'), ...rest });
const request = { request: { method: 'POST', url: 'Patient' } };
const response = { response: { status: '201' } };
const versions = (first: string, second: string) => [
  entry({ resource: of('Patient', { meta: { versionId: first } }) }),
  entry({ resource: of('Patient', { meta: { versionId: second } }) }),
];
const document = (rest: object = {}, resource: object = of('Composition')) =>
  bundle('document', [entry({ resource })], {
    identifier: { system: 'a:b', value: 'x' },
    timestamp: '2025-01-01T08:00:00Z',
    ...rest,
  });
const message = (resource: object) => bundle('message', [entry({ resource })]);

export const bundles: readonly Row[] = [
  ['bdl-1', 'Bundle', bundle('searchset', [entry()], { total: 1 }), bundle('collection', [entry()], { total: 1 })],
  [
    'bdl-2',
    'Bundle',
    bundle('searchset', [entry({ search: { mode: 'match' } })]),
    bundle('collection', [entry({ search: { mode: 'match' } })]),
  ],
  ['bdl-3', 'Bundle', bundle('batch', [entry(request)]), bundle('batch', [entry()])],
  ['bdl-3', 'Bundle', bundle('collection', [entry()]), bundle('collection', [entry(request)])],
  ['bdl-4', 'Bundle', bundle('batch-response', [entry(response)]), bundle('transaction-response', [entry()])],
  ['bdl-4', 'Bundle', bundle('history', [entry({ ...request, ...response })]), bundle('collection', [entry(response)])],
  ['bdl-5', 'Bundle.entry[0]', bundle('collection', [entry()]), bundle('collection', [{ fullUrl: urn(1) }])],
  ['bdl-7', 'Bundle', bundle('collection', versions('1', '2')), bundle('collection', versions('1', '1'))],
  [
    'bdl-7',
    'Bundle',
    bundle('collection', [
      entry({ fullUrl: 'http://x.example/Patient/1', resource: of('Patient', { id: '1', meta: { versionId: '2' } }) }),
      entry({ fullUrl: 'http://x.example/Patient/12', resource: of('Patient', { id: '12' }) }),
    ]),
    bundle('collection', [entry(), entry()]),
  ],
  [
    'bdl-8',
    'Bundle.entry[0]',
    bundle('collection', [entry({ fullUrl: 'http://x.example/Patient/1', resource: of('Patient', { id: '1' }) })]),
    bundle('collection', [
      entry({ fullUrl: 'http://x.example/Patient/1/_history/2', resource: of('Patient', { id: '1' }) }),
    ]),
  ],
  ['bdl-9', 'Bundle', document(), document({ identifier: { value: 'x' } })],
  ['bdl-10', 'Bundle', document(), document({ timestamp: undefined })],
  ['bdl-11', 'Bundle', document(), document({}, of('Patient'))],
  ['bdl-12', 'Bundle', message(of('MessageHeader')), message(of('Patient'))],
];
