import t, { type Test } from 'tap';
import { entry, patient, type Reply, startServer, transaction } from './harness.ts';

const { ask, stop } = await startServer();
t.teardown(stop);

const xml = { 'content-type': 'application/fhir+xml', accept: 'application/fhir+json' };
const jsonPatch = { 'content-type': 'application/json-patch+json' };
const operation = (...part: object[]) => ({ resourceType: 'Parameters', parameter: [{ name: 'operation', part }] });
const part = (type: string, path: string, ...more: object[]) =>
  operation({ name: 'type', valueCode: type }, { name: 'path', valueString: path }, ...more);

/** The body as text, in which a number that is written in another way can stand. */
const sent = (body: unknown, written: string) => JSON.stringify(body).replaceAll('"NUMBER"', written);

function refused(t: Test, reply: Reply, at: string, found: string, name: string): void {
  t.equal(reply.status, 422, name);
  const [issue] = reply.body.issue;
  t.equal(issue.expression?.[0], at, name);
  t.match(issue.diagnostics, found, name);
  t.match(issue.diagnostics, 'expected an integer', name);
}

t.test('an integer is written in digits alone, whatever brings it', async (t) => {
  const photo = { size: 'NUMBER' };
  const at = 'Patient.photo[0].size';
  for (const written of ['1.0', '1e2', '-0']) {
    const body = sent(patient({ photo: [photo] }), written);
    refused(t, await ask('POST', '/Patient', body), at, `"${written}"`, `create ${written}`);
    refused(
      t,
      await ask('PUT', '/Patient/edge', sent(patient({ id: 'edge', photo: [photo] }), written)),
      at,
      written,
      'update',
    );
    refused(
      t,
      await ask('POST', '', sent(transaction(entry('POST', 'Patient', patient({ photo: [photo] }))), written)),
      'Bundle.entry[0].resource.photo[0].size',
      written,
      'an entry',
    );
    refused(
      t,
      await ask(
        'POST',
        '/Patient',
        `<Patient xmlns="http://hl7.org/fhir"><photo><size value="${written}"/></photo></Patient>`,
        xml,
      ),
      at,
      written,
      'XML',
    );
    const { body: stored } = await ask('POST', '/Patient', patient({ photo: [{ size: 1 }] }));
    const path = `/Patient/${stored.id}`;
    const replace = [{ op: 'replace', path: '/photo/0/size', value: 'NUMBER' }];
    refused(t, await ask('PATCH', path, sent(replace, written), jsonPatch), at, written, 'a JSON Patch');
    const fhirPath = part('replace', 'Patient.photo.size', { name: 'value', valueUnsignedInt: 'NUMBER' });
    refused(t, await ask('PATCH', path, sent(fhirPath, written)), at, written, 'a FHIRPath Patch');
    refused(
      t,
      await ask(
        'POST',
        '/Parameters',
        sent({ resourceType: 'Parameters', parameter: [{ name: 'a', valueInteger: 'NUMBER' }] }, written),
      ),
      'Parameters.parameter[0].value',
      written,
      'Parameters',
    );
    const move = part(
      'move',
      'Patient.photo',
      { name: 'source', valueInteger: 'NUMBER' },
      { name: 'destination', valueInteger: 0 },
    );
    const moved = await ask('PATCH', path, sent(move, written));
    t.ok(moved.status === 400 || moved.status === 422, 'the index of a patch');
    t.match(moved.text, written, 'the index of a patch, as it was sent');
    t.equal((await ask('GET', path)).body.meta.versionId, '1', 'nothing was changed');
  }
  t.equal((await ask('GET', '/Patient/edge')).status, 404, 'nothing was stored');
});

const extension = (valueString: string) => ({ extension: [{ url: 'http://x.example/e', valueString }] });
const inXml = (valueString: string) =>
  `<line><extension url="http://x.example/e"><valueString value="${valueString}"/></extension></line>`;
const [a, b] = [extension('a'), extension('b')];

const at = (line: object) => patient({ address: [{ use: 'old', ...line }] });

t.test('what a list has without a value keeps its place', async (t) => {
  const cases: [name: string, line: object, asXml: string, again?: object][] = [
    ['alone', { line: [null], _line: [a] }, inXml('a')],
    ['first', { line: [null, 'x'], _line: [a, null] }, `${inXml('a')}<line value="x"/>`],
    ['last', { line: ['x', null], _line: [null, a] }, `<line value="x"/>${inXml('a')}`],
    ['two', { line: [null, null], _line: [a, b] }, inXml('a') + inXml('b')],
    ['without nulls for the values', { _line: [a, b] }, inXml('a') + inXml('b'), { line: [null, null], _line: [a, b] }],
  ];
  for (const [name, line, asXml, again = line] of cases) {
    const created = await ask('POST', '/Patient', at(line));
    t.equal(created.status, 201, name);
    const path = `/Patient/${created.body.id}`;
    t.strictSame((await ask('GET', path)).body.address, [{ use: 'old', ...line }], `${name}: as it was sent`);
    const written = await ask('GET', path, undefined, { accept: 'application/fhir+xml' });
    t.ok(written.text.includes(`<use value="old"/>${asXml}</address>`), `${name}: in XML`);
    const updated = await ask('PUT', path, written.text, xml);
    t.strictSame(updated.body.address, [{ use: 'old', ...again }], `${name}: from XML`);
    for (const subset of ['_elements=address', '_summary=true', '_summary=data']) {
      t.strictSame(
        (await ask('GET', `${path}?${subset}`)).body.address,
        [{ use: 'old', ...again }],
        `${name}: ${subset}`,
      );
    }
    const id = `_id=${created.body.id}`;
    const value = JSON.stringify(line).includes('"x"');
    for (const [query, found] of [
      ['address=x', value],
      ['address=null', false],
      ['address:contains=null', false],
      ['_content=null', false],
      ['address:missing=true', !value],
      ['address:missing=false', value],
    ] as const) {
      const { body } = await ask('GET', `/Patient?${id}&${query}`);
      t.equal(body.entry?.length ?? 0, found ? 1 : 0, `${name}: ${query}`);
    }
  }
});

t.test('and what is neither a value nor an extension has none', async (t) => {
  for (const [line, place] of [
    [{ line: [null] }, 'Patient.address[0].line[0]'],
    [{ _line: [a, null] }, 'Patient.address[0].line[1]'],
    [{ line: [null, null], _line: [a, null] }, 'Patient.address[0].line[1]'],
    [{ line: ['x', 'y'], _line: [a] }, 'Patient.address[0].line'],
    [{ line: ['x'], _line: [null, a] }, 'Patient.address[0].line'],
  ] as const) {
    const { status, body } = await ask('POST', '/Patient', at(line));
    t.equal(status, 422, JSON.stringify(line));
    t.equal(body.issue[0].expression[0], place, JSON.stringify(line));
  }
});

t.test('patches keep the places', async (t) => {
  const value = (valueString: string) => ({ name: 'value', valueString });
  const only = (_valueString: object) => ({ name: 'value', _valueString });
  const index = (valueInteger: number) => ({ name: 'index', valueInteger });
  const line = 'Patient.address.line';
  const cases: [name: string, before: object, patch: object, after: object | number][] = [
    [
      'delete the value before',
      { line: ['x', null], _line: [null, a] },
      part('delete', `${line}[0]`),
      { line: [null], _line: [a] },
    ],
    ['delete it', { line: ['x', null], _line: [null, a] }, part('delete', `${line}[1]`), { line: ['x'] }],
    [
      'delete its extension',
      { line: ['x', null], _line: [null, a] },
      part('delete', `${line}[1].extension`),
      { line: ['x'] },
    ],
    ['insert', { line: ['x'] }, part('insert', line, index(0), only(a)), { line: [null, 'x'], _line: [a, null] }],
    ['insert beside', { _line: [a] }, part('insert', line, index(1), only(b)), { line: [null, null], _line: [a, b] }],
    ['replace a value', { line: ['x'] }, part('replace', line, only(a)), { line: [null], _line: [a] }],
    ['replace it', { line: [null], _line: [a] }, part('replace', line, value('x')), { line: ['x'] }],
    [
      'JSON Patch: its place in both lists',
      { line: [null, 'x'], _line: [a, null] },
      [
        { op: 'remove', path: '/address/0/line/0' },
        { op: 'remove', path: '/address/0/_line/0' },
      ],
      { line: ['x'] },
    ],
    [
      'JSON Patch: the only value',
      { line: ['x'], _line: [a] },
      [{ op: 'remove', path: '/address/0/line/0' }],
      { line: [null], _line: [a] },
    ],
    [
      'JSON Patch: null for a value',
      { line: ['x', 'y'], _line: [a, null] },
      [{ op: 'replace', path: '/address/0/line/0', value: null }],
      { line: [null, 'y'], _line: [a, null] },
    ],
    [
      'JSON Patch: its extension',
      { line: [null, 'x'], _line: [a, null] },
      [{ op: 'remove', path: '/address/0/_line/0/extension' }],
      { line: ['x'] },
    ],
    [
      'JSON Patch: added to both lists',
      { line: ['x'], _line: [b] },
      [
        { op: 'add', path: '/address/0/line/0', value: null },
        { op: 'add', path: '/address/0/_line/0', value: a },
      ],
      { line: [null, 'x'], _line: [a, b] },
    ],
    [
      'JSON Patch: one list alone would part them',
      { line: ['x', 'y'], _line: [a, null] },
      [{ op: 'remove', path: '/address/0/line/0' }],
      422,
    ],
  ];
  for (const [name, before, patch, after] of cases) {
    const { body } = await ask('POST', '/Patient', at(before));
    const patched = await ask('PATCH', `/Patient/${body.id}`, patch, Array.isArray(patch) ? jsonPatch : {});
    if (typeof after === 'number') t.equal(patched.status, after, name);
    else t.strictSame(patched.body.address, [{ use: 'old', ...after }], name);
  }
});
