import type { Resource } from '@medplum/fhirtypes';
import t from 'tap';
import { Failure, fail, issue } from '#errors';
import { parseResource, stringify } from '#fhir/json/json.ts';
import { readJobAnswer, readJobRequest, writeJobAnswer, writeJobRequest } from '#operations/jobs/job-texts.ts';
import type { Answer } from '#operations/request/answer.ts';
import { unrestricted } from '#security/rights.ts';
import type { Version } from '#storage/store.ts';

/** What is sent, with digits that JavaScript would not print. */
const text =
  '{"resourceType":"Parameters","parameter":[{"name":"张三","valueDecimal":1.00},{"name":"y","valueDecimal":1e2}]}';
const resource = parseResource(text, 10) as Resource;

t.test('a request is read as it was written, digit for digit', async (t) => {
  const men = { op: 'match', param: 'gender', test: { kind: 'token', code: 'male' } } as const;
  const caller = { identity: 'one', client: 'two', rights: { ...unrestricted, read: men } };
  const request = {
    interaction: { code: 'operation', method: 'POST', name: '$evaluate-measure', type: 'Measure' },
    query: [['measure', 'x']],
    preconditions: {},
    lenient: false,
    head: true,
  } as const;
  t.strictSame(readJobRequest(writeJobRequest({ caller, request })), { caller, request });
  const read = readJobRequest(writeJobRequest({ caller, request: { ...request, body: resource } }));
  t.strictSame({ ...read.request, body: undefined }, { ...request, body: undefined });
  t.equal(stringify(read.request.body), text);
});

t.test('an answer is read as it was written', async (t) => {
  const version: Version = {
    type: 'Patient',
    id: 'a',
    version: 1,
    seq: 1,
    lastUpdated: 1,
    method: 'PUT',
    created: true,
    content: '{"resourceType":"Patient","id":"a"}',
  };
  const failure = new Failure([
    issue('missing-parameter', { parameter: 'measure', expected: 'one' }, 'Parameters'),
    issue('ignored-parameter', { found: 'x' }, undefined, 'warning'),
  ]);
  const plain: readonly Answer[] = [
    { kind: 'bare', status: 204, version },
    { kind: 'resource', status: 200, version, subset: { elements: ['name'] } },
    { kind: 'searchset', status: 200, matches: [version], included: [], links: { self: '?' }, notes: [], total: 1 },
    { kind: 'history', status: 200, versions: [version], links: { self: '?' } },
  ];
  for (const answer of plain) t.same(readJobAnswer(writeJobAnswer(answer)), answer, answer.kind);
  const made: Answer = { kind: 'made', status: 200, resource, etag: 'W/"1"' };
  const kept = { kind: 'text', status: 200, text, etag: 'W/"1"' };
  t.strictSame(readJobAnswer(writeJobAnswer(made)), kept);
  const refused = readJobAnswer(writeJobAnswer(failure));
  t.ok(refused instanceof Failure);
  t.equal(refused.status, 400);
  t.strictSame(refused, failure);
  const answers = [made, fail('not-found', { found: 'x' })];
  const responses = readJobAnswer(writeJobAnswer({ kind: 'responses', status: 200, type: 'batch', answers }));
  t.strictSame(responses, { kind: 'responses', status: 200, type: 'batch', answers: [kept, answers[1]] });
});
