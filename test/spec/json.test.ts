import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Failure } from '#errors';
import { parseJson, parseResource, stringify } from '#fhir/json/json.ts';
import { patient, type Reply, startServer, type TestServer } from '../http/harness.ts';

/** JSONTestSuite: `y_` is JSON, `n_` is not, of `i_` the standard says neither. */
const folder = join(import.meta.dirname, '../../../shared/spec-cases/json');
const skip = !existsSync(folder) && process.env.CI !== 'true' && 'no ../shared/spec-cases';
const maxDepth = 100;

/** What is JSON and refused all the same, and why. One that is accepted fails the test. */
const refused: Readonly<Record<string, string>> = {
  'y_object_duplicated_key.json': 'duplicate-key',
  'y_object_duplicated_key_and_value.json': 'duplicate-key',
};

/** What R4 keeps out of strings besides (datatypes.html, string). */
const refusedInResources: Readonly<Record<string, string>> = {
  ...refused,
  'y_object_escaped_null_in_key.json': 'bad-text',
  'y_string_allowed_escapes.json': 'bad-text',
  'y_string_escaped_control_character.json': 'bad-text',
  'y_string_null_escape.json': 'bad-text',
};

interface Case {
  readonly file: string;
  readonly body: Buffer;
}

function cases(): readonly Case[] {
  return readdirSync(folder).map((file) => ({ file, body: readFileSync(join(folder, file)) }));
}

/** JSON in which every number is its digits, so that equal means equal to the last zero. */
function exact(text: string): unknown {
  return JSON.parse(text, (_key, value, context?: { source?: string }) =>
    typeof value === 'number' ? `digits ${context?.source}` : value,
  );
}

t.test('the reader accepts what is JSON, digit for digit, and refuses what is not', { skip }, async (t) => {
  t.equal(cases().length, 318);
  for (const [parse, exclusions] of [
    [parseJson, refused],
    [parseResource, refusedInResources],
  ] as const) {
    for (const { file, body } of cases()) {
      const read = parse(body, maxDepth);
      const name = `${parse.name} ${file}`;
      if (read instanceof Failure) {
        t.equal(read.status, 400, name);
        if (file.startsWith('y_')) t.equal(read.issues[0].code, exclusions[file], name);
      } else {
        t.notOk(file.startsWith('n_') || file in exclusions, `${name} is accepted`);
        t.same(exact(stringify(read)), exact(new TextDecoder().decode(body)), name);
      }
    }
  }
});

/** Refused as R4 says it, and not by a defect. */
function checkRefused(t: Test, { status, body }: Reply, name: string): void {
  const told = body?.resourceType === 'OperationOutcome' && body.issue[0].diagnostics !== '';
  t.ok(status >= 400 && status < 500 && told, `${name}: ${status}`);
}

async function stored(server: TestServer): Promise<readonly unknown[]> {
  const all = await server.ask('GET', '/Patient/_history?_count=1000');
  const one = await server.ask('GET', '/Patient/1');
  return [all.status, all.body.entry.map((e: { fullUrl: string }) => e.fullUrl), one.status, one.text];
}

t.test(
  'no body that is no resource stores anything, and each is refused with an OperationOutcome',
  { skip },
  async (t) => {
    const server = await startServer();
    t.teardown(() => server.stop());
    await server.ask('PUT', '/Patient/1', patient({ id: '1' }));
    const before = await stored(server);
    t.equal(before[0], 200);
    const fhir = 'application/fhir+json';
    for (const { file, body } of cases()) {
      for (const [method, path, type, sent] of [
        ['POST', '/Patient', fhir, body],
        ['POST', '/Patient', fhir, within('{"resourceType":"Patient","name":', body, '}')],
        ['PUT', '/Patient/x', fhir, body],
        ['PUT', '/Patient/1', fhir, body],
        ['PATCH', '/Patient/1', 'application/json-patch+json', body],
        ['POST', '', fhir, body],
      ] as const) {
        const reply = await server.ask(method, path, sent, { 'content-type': type });
        const name = `${file} ${method} ${path}`;
        // A patch of no steps is one, and changes nothing.
        if (method === 'PATCH' && body.toString().trim() === '[]') t.equal(reply.status, 200, name);
        else checkRefused(t, reply, name);
      }
    }
    t.same(await stored(server), before);
  },
);

function within(before: string, body: Buffer, after: string): Buffer {
  return Buffer.concat([Buffer.from(before), body, Buffer.from(after)]);
}

/** Numbers that a search does not find by their own text: it would be read as 0. */
const unfound: readonly string[] = ['i_number_real_underflow.json', 'i_number_double_huge_neg_exp.json'];

t.test('a number is stored to its last digit, and found, unless no double holds it', { skip }, async (t) => {
  const server = await startServer();
  t.teardown(() => server.stop());
  let read = 0;
  for (const { file, body } of cases()) {
    const digits = /^\[\s*(-?\d[\d.eE+-]*)\s*\]$/.exec(body.toString())?.[1];
    if (digits === undefined || file.startsWith('n_')) continue;
    const observation = `{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":${digits}}}`;
    const created = await server.ask('POST', '/Observation', observation);
    const found = await server.ask('GET', `/Observation?value-quantity=${encodeURIComponent(digits)}`);
    t.ok(found.status === 200 || found.status === 400, `${file}: ${found.status}`);
    if (!Number.isFinite(Number(digits))) {
      checkRefused(t, created, file);
      t.equal(created.body.issue[0].expression[0], 'Observation.valueQuantity.value', file);
      continue;
    }
    t.equal(created.status, 201, file);
    const { text } = await server.ask('GET', `/Observation/${created.body.id}`);
    t.match(text, `"valueQuantity":{"value":${digits}}`, file);
    const has = found.body.entry?.some((e: { resource: { id: string } }) => e.resource.id === created.body.id);
    t.equal(has ?? false, !unfound.includes(file), `${file}: found`);
    read++;
  }
  t.ok(read > 20, `${read} numbers`);
});
