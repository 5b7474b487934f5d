import { anonymous, asks, bundle, get, issue, observation, post, transaction } from './requests.ts';
import type { Suite, Table } from './suite.ts';

type Case = Table['cases'][number];
const urn = 'urn:uuid:0e2b8d3c-0f6a-4a67-9d3e-0123456789ab';
const other = 'urn:uuid:0e2b8d3c-0f6a-4a67-9d3e-0123456789ac';
const at = (fullUrl: string, entry: object) => ({ fullUrl, ...entry });
const patient = asks('POST', 'Patient', anonymous);
const inner = '0e2b8d3c-0f6a-4a67-9d3e-0123456789ad';
const parameters = (...parameter: object[]) => ({ resourceType: 'Parameters', parameter });
const naming = (reference: string) => ({ name: 'of', valueReference: { reference } });
const holding = { name: 'patient', resource: { ...anonymous, id: inner } };
const signed = (type: string, ...entry: object[]) => ({
  resourceType: 'Bundle',
  type,
  entry,
  signature: { type: [{ code: '1.2.840.10065.1.12.1.1' }], when: '2025-01-01T00:00:00Z', who: { reference: urn } },
});
const kept = (name: string, sent: { readonly resourceType: string }): Case => ({
  name,
  when: post(`/${sent.resourceType}`, sent),
  status: 201,
  after: [{ when: get(`/${sent.resourceType}/{id}`), status: 200, body: sent }],
});

const sent = (name: string, resource: object, body: object): Case => ({
  name: `Parameters in a transaction, ${name}`,
  given: [get('/metadata')],
  when: transaction(at(urn, patient), asks('POST', 'Parameters', resource)),
  status: 200,
  body: { type: 'transaction-response' },
  after: [{ when: get('/{1}'), status: 200, body }],
});

/** A Bundle and Parameters hold resources of their own, which references in them may name. */
const within: Table = {
  section: 'bundle.html#references (2.36.4.1), within what is stored as it is',
  cases: [
    kept('Parameters, by the id of a resource in them', parameters(holding, naming(`urn:uuid:${inner}`))),
    kept('Parameters, from before the resource', parameters(naming(`urn:uuid:${inner}`), holding)),
    kept('Parameters, in parts', parameters({ name: 'all', part: [holding, naming(`urn:uuid:${inner}`)] })),
    kept('Parameters, in an extension', {
      ...parameters({
        ...holding,
        extension: [{ url: 'http://x.example', valueReference: { reference: `urn:uuid:${inner}` } }],
      }),
    }),
    kept(
      'Parameters, by a fullUrl of a Bundle in them',
      parameters({ name: 'all', resource: bundle('collection', at(urn, { resource: anonymous })) }, naming(urn)),
    ),
    kept(
      'Parameters, between the resources in them',
      parameters(holding, {
        name: 'observation',
        resource: observation({ reference: `urn:uuid:${inner}` }),
      }),
    ),
    kept('a collection, from its signature to an entry', signed('collection', at(urn, { resource: anonymous }))),
    kept(
      'a collection, between its entries',
      bundle(
        'collection',
        at(urn, { resource: anonymous }),
        at(other, { resource: observation({ reference: urn }) }),
      ) as { resourceType: string },
    ),
    {
      name: 'Parameters that do not hold it: 400',
      when: post('/Parameters', parameters(holding, naming(urn))),
      status: 400,
      issue: issue(/./, 'unknown-full-url', /expected/, 'Parameters.parameter[1].valueReference.reference'),
    },
    {
      name: 'a Bundle that does not hold it: 400',
      when: post('/Bundle', signed('collection', at(other, { resource: anonymous }))),
      status: 400,
      issue: issue(/./, 'unknown-full-url', /expected/, 'Bundle.signature.who.reference'),
    },
    sent('to another entry', parameters(naming(urn)), parameters(naming('{0}'))),
    sent(
      'to a resource in them',
      parameters(holding, naming(`urn:uuid:${inner}`)),
      parameters(holding, naming(`urn:uuid:${inner}`)),
    ),
  ],
};

export const suites: readonly Suite[] = [{ tables: [within] }];
