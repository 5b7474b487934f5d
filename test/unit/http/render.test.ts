import t from 'tap';
import { reply } from '#http/render.ts';
import type { Answer } from '#operations/answer.ts';
import type { Version } from '#storage/store.ts';

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
  const incoming = { method: 'GET', url: '/fhir/Patient/a', headers: {}, body: new Uint8Array() };
  const asked = { code: 'read', type: 'Patient', id: 'a' } as const;
  const at = {
    format: 'json',
    mediaType: 'application/fhir+json',
    pretty: false,
    baseUrl: 'http://x/fhir',
    incoming,
    asked,
  } as const;
  const links = { self: 'Patient' };
  const answers: Answer[] = [
    one,
    { kind: 'responses', status: 200, type: 'batch', answers: [one] },
    { kind: 'searchset', status: 200, matches: [version], included: [], links, notes: [] },
  ];
  for (const answer of answers) t.throws(() => reply(answer, at), /Patient\/a has no content/, answer.kind);
  const history: Answer = { kind: 'history', status: 200, versions: [version], links };
  t.same(JSON.parse(String(reply(history, at).body)).entry[0].resource, undefined);
});
