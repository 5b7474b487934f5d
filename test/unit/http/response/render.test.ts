import type { Resource } from '@medplum/fhirtypes';
import t from 'tap';
import { reply } from '#http/response/render.ts';
import type { Answer } from '#operations/request/answer.ts';
import type { Version } from '#storage/store.ts';

const incoming = { method: 'GET', url: '/fhir/Patient/a', headers: {}, body: new Uint8Array() };
const asked = { code: 'read', type: 'Patient', id: 'a' } as const;
const json = {
  format: 'json',
  mediaType: 'application/fhir+json',
  pretty: false,
  baseUrl: 'http://x/fhir',
  incoming,
  asked,
} as const;

t.test('a version without content is never rendered as a resource', async (t) => {
  const version: Version = {
    type: 'Patient',
    id: 'a',
    version: 2,
    seq: 2,
    lastUpdated: 0,
    method: 'DELETE',
    created: false,
    content: undefined,
  };
  const one: Answer = { kind: 'resource', status: 200, version };
  const links = { self: 'Patient' };
  const answers: Answer[] = [
    one,
    { kind: 'responses', status: 200, type: 'batch', answers: [one] },
    { kind: 'searchset', status: 200, matches: [version], included: [], links, notes: [] },
  ];
  for (const answer of answers) t.throws(() => reply(answer, json), /Patient\/a has no content/, answer.kind);
  const history: Answer = { kind: 'history', status: 200, versions: [version], links };
  t.same(JSON.parse(String(reply(history, json).body)).entry[0].resource, undefined);
});

t.test('what was made once for all who ask is written once in each form', async (t) => {
  const resource = { resourceType: 'CapabilityStatement', status: 'active' } as Resource;
  const answer: Answer = { kind: 'made', status: 200, resource, etag: 'W/"1"' };
  const forms = [
    json,
    { ...json, pretty: true },
    { ...json, format: 'xml', mediaType: 'application/fhir+xml' } as const,
  ];
  const bodies = forms.map((form) => reply(answer, form).body);
  t.equal(new Set(bodies.map(String)).size, forms.length);
  for (const [i, form] of forms.entries())
    t.equal(reply(answer, form).body, bodies[i], 'the same bytes, not only equal ones');
  const { etag: _, ...passing } = answer;
  t.equal(reply(passing, json).body, JSON.stringify(resource));
});
