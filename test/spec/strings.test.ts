import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import t, { type Test } from 'tap';
import { type Reply, startServer } from '../http/harness.ts';

/** The Big List of Naughty Strings: each is a value that someone may send. */
const file = join(import.meta.dirname, '../../../shared/spec-cases/strings/naughty-strings.json');
const skip = !existsSync(file) && process.env.CI !== 'true' && 'no ../shared/spec-cases';

function strings(): readonly string[] {
  return [...new Set<string>(JSON.parse(readFileSync(file, 'utf8')))];
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what R4 forbids in a string
const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/;

/** R4 datatypes.html, string: not empty, not blank, no control characters but tab, line feed and carriage return. */
function isString(text: string): boolean {
  return text.trim() !== '' && !control.test(text);
}

/** R4 datatypes.html, code: no white space other than single spaces in between. */
function isCode(text: string): boolean {
  return isString(text) && /^\S+( \S+)*$/.test(text);
}

/** R4 search.html#escaping. */
function escaped(text: string): string {
  return text.replace(/[\\,|$]/g, '\\$&');
}

interface Place {
  readonly name: string;
  readonly allows: (text: string) => boolean;
  readonly resource: (text: string) => Record<string, unknown>;
  /** What a FHIRPath of the element ends in. */
  readonly element: string;
  // biome-ignore lint/suspicious/noExplicitAny: the resource that was read
  readonly value: (resource: any) => unknown;
}

const observation = { resourceType: 'Observation', status: 'final', code: { text: 'x' } };

const places: readonly Place[] = [
  {
    name: 'a string of a data type',
    allows: isString,
    resource: (text) => ({ resourceType: 'Patient', name: [{ text }] }),
    element: 'name[0].text',
    value: (patient) => patient.name[0].text,
  },
  {
    name: 'an identifier',
    allows: isString,
    resource: (value) => ({ resourceType: 'Patient', identifier: [{ system: 'http://x.example', value }] }),
    element: 'identifier[0].value',
    value: (patient) => patient.identifier[0].value,
  },
  {
    name: 'a choice',
    allows: isString,
    resource: (valueString) => ({ ...observation, valueString }),
    element: 'value',
    value: (found) => found.valueString,
  },
  {
    name: 'a code',
    allows: isCode,
    resource: (code) => ({ ...observation, code: { coding: [{ code }] } }),
    element: 'code.coding[0].code',
    value: (found) => found.code.coding[0].code,
  },
];

/** Many at once, since each write waits for the disk. The reports of the tests tell a string by its place alone. */
async function forEachString(work: (text: string, told: string) => Promise<void>): Promise<void> {
  const waiting = strings().entries();
  const worker = async () => {
    for (const [i, text] of waiting) await work(text, `string ${i}`);
  };
  await Promise.all(Array.from({ length: 32 }, worker));
}

function checkOutcome(t: Test, { status, body }: Reply, name: string): void {
  if (status >= 400 && status < 500 && body?.resourceType === 'OperationOutcome') return;
  t.fail(`${name}: ${status}`);
}

t.test('what R4 allows is read back as it was sent, the rest is refused by its element', { skip }, async (t) => {
  const { ask, stop } = await startServer();
  t.teardown(stop);
  t.equal(strings().length, 511);
  for (const { name, allows, resource, element, value } of places) {
    let stored = 0;
    await forEachString(async (text, told) => {
      const sent = resource(text);
      const created = await ask('POST', `/${sent.resourceType}`, sent);
      if (allows(text)) {
        t.equal(created.status, 201, `${name}: ${told}`);
        const read = await ask('GET', `/${sent.resourceType}/${created.body.id}`);
        t.equal(value(read.body), text, `${name}: ${told}`);
        t.ok(read.text.includes(JSON.stringify(text)), `${name}: ${told}, byte for byte`);
        stored++;
      } else {
        checkOutcome(t, created, `${name}: ${told}`);
        const expression: string = created.body.issue[0].expression[0];
        t.ok(
          expression.replace('valueString', 'Observation.value').endsWith(element),
          `${name}: ${told} is at ${expression}`,
        );
      }
    });
    t.ok(stored > 450, `${name}: ${stored} stored`);
  }
});

t.test('what is stored is found by its text, in a URL and in a form', { skip }, async (t) => {
  const { ask, stop } = await startServer();
  t.teardown(stop);
  const system = 'http://x.example';
  const patientOf = (text: string) => ({
    resourceType: 'Patient',
    name: [{ text }],
    identifier: [{ system, value: text }],
  });
  const ids = new Map<string, string>();
  await forEachString(async (text) => {
    const { status, body } = await ask('POST', '/Patient', patientOf(text));
    if (status === 201) ids.set(text, body.id);
  });
  await forEachString(async (text, told) => {
    const searches = [
      ['name:exact', escaped(text), 'finds it'],
      ['name:contains', escaped(text), 'finds it'],
      ['name', escaped(text), 'finds it'],
      ['identifier', escaped(text), 'finds it'],
      ['identifier', `${system}|${escaped(text)}`, 'finds it'],
      ['name', text],
      ['identifier', text],
      ['birthdate', text],
      ['_content', text],
    ] as const;
    for (const [name, value, finds] of searches) {
      const id = ids.get(text) ?? 'none';
      const query = new URLSearchParams(
        finds === undefined ? { [name]: value } : { [name]: value, _id: id },
      ).toString();
      const got = await ask('GET', `/Patient?${query}`);
      const form = { 'content-type': 'application/x-www-form-urlencoded' };
      const posted = await ask('POST', '/Patient/_search', query, form);
      const same = posted.status === got.status && isDeepStrictEqual(posted.body.entry, got.body.entry);
      if (!same) t.fail(`${name} ${told}: URL and form`);
      if (got.status !== 200) checkOutcome(t, got, `${name} ${told}`);
      if (finds !== undefined && ids.has(text)) t.equal(got.body.entry?.[0]?.resource.id, id, `${name} ${told}`);
    }
    if (!ids.has(text)) return;
    const criteria = `identifier=${encodeURIComponent(`${system}|${escaped(text)}`)}`;
    const again = await ask('POST', '/Patient', patientOf(text), { 'if-none-exist': criteria });
    t.ok(again.status === 200 && again.body.id === ids.get(text), `If-None-Exist ${told}: ${again.status}`);
  });
});

t.test('nowhere in a URL does one make the server fail', { skip }, async (t) => {
  const { ask, stop } = await startServer();
  t.teardown(stop);
  let refused = 0;
  await forEachString(async (text, told) => {
    const value = encodeURIComponent(text);
    for (const path of [
      `/${value}`,
      `/Patient/${value}`,
      `/Patient/1/_history/${value}`,
      `/Patient?${value}=1`,
      `/Patient?name:${value}=1`,
      `/Patient?general-practitioner.${value}=1`,
      `/Patient?_has:Observation:subject:${value}=1`,
      `/Patient?_sort=${value}`,
      `/Patient?_include=${value}`,
      `/Patient?_after=${value}`,
      `/Patient?_elements=${value}`,
      `/Observation?code-value-quantity=${value}`,
      `/_history?_since=${value}`,
    ]) {
      const reply = await ask('GET', path);
      if (reply.status === 200) continue;
      checkOutcome(t, reply, `${told} in ${path.replace(value, '…')}`);
      refused++;
    }
  });
  t.ok(refused > 6000, `${refused} refused`);
});
