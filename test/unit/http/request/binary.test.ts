import type { Binary } from '@medplum/fhirtypes';
import t from 'tap';
import { acceptsContent, contentOf } from '#http/request/binary.ts';

const binary = (members: object) => ({ resourceType: 'Binary', ...members }) as Binary;

t.test('a Binary goes out with its type, its content and the reference to its rules', async (t) => {
  const securityContext = { reference: 'Patient/a' };
  const { headers, body } = contentOf(binary({ contentType: 'text/plain', data: '5rKq', securityContext }));
  t.match(headers, { 'content-type': 'text/plain', 'x-security-context': 'Patient/a' });
  t.equal(Buffer.from(body).toString(), '沪');
});

t.test('what is no text is taken for missing: without validation anything may be stored', async (t) => {
  for (const odd of [5, true, {}, [], [1], null, { length: 3 }, ['text/plain']]) {
    const name = JSON.stringify(odd);
    const { headers, body } = contentOf(binary({ contentType: odd, data: odd, securityContext: { reference: odd } }));
    t.equal(headers['content-type'], 'application/octet-stream', name);
    t.notOk(Object.hasOwn(headers, 'x-security-context'), name);
    t.equal(body.length, 0, name);
    t.equal(acceptsContent(odd, 'application/json'), false, name);
    t.equal(acceptsContent(odd, undefined), true, name);
    t.equal(contentOf(binary({ securityContext: odd })).body.length, 0, name);
  }
});

t.test('a client that takes JSON or XML and not the content gets the resource', async (t) => {
  const cases: [contentType: string, accept: string | undefined, raw: boolean][] = [
    ['text/plain', undefined, true],
    ['text/plain', 'image/png', true],
    ['text/plain', 'application/json', false],
    ['text/plain', 'application/json, text/*', true],
    ['application/json', 'application/json', true],
    ['text/plain', 'application/xml;q=0.9, */*;q=0.1', true],
  ];
  for (const [contentType, accept, raw] of cases)
    t.equal(acceptsContent(contentType, accept), raw, `${contentType} ${accept}`);
});
