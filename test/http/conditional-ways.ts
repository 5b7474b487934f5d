import { toXml } from '#fhir/xml/write.ts';
import { entry, type Reply, type TestServer } from './harness.ts';

/** A conditional write, whichever way it is sent. */
export interface ConditionalWrite {
  readonly type: string;
  /** Without an id. */
  readonly resource: object;
  readonly pairs: readonly (readonly [name: string, value: string])[];
}

/** What one request for it was answered. */
export interface Answered {
  readonly status: number;
  /** Of what was made or found. */
  readonly id: string | undefined;
  readonly text: string;
}

export interface Way {
  readonly name: string;
  readonly send: (server: TestServer, write: ConditionalWrite) => Promise<readonly Answered[]>;
}

/** Every character in escapes, or no more than what would end the value. */
type Encoding = (text: string) => string;
const escaped: Encoding = encodeURIComponent;
const raw: Encoding = (text) => text.replace(/[%&+#=\p{Cc} ]/gu, encodeURIComponent);
const plus: Encoding = (text) => encodeURIComponent(text).replaceAll('%20', '+');

function criteriaOf({ pairs }: ConditionalWrite, encoding: Encoding): string {
  return pairs.map(([name, value]) => `${encoding(name)}=${encoding(value)}`).join('&');
}

const xml = { 'content-type': 'application/fhir+xml' };

function answered({ status, headers, text }: Reply): Answered {
  return { status, id: idIn(headers.get('location') ?? headers.get('content-location') ?? ''), text };
}

function idIn(location: string): string | undefined {
  return /([^/]+)\/_history\//.exec(location)?.[1];
}

const create = (encoding: Encoding, inXml: boolean): Way['send'] => {
  return async ({ ask }, write) => {
    const criteria = Buffer.from(criteriaOf(write, encoding)).toString('latin1');
    const body = inXml ? toXml(write.resource) : write.resource;
    const headers = { 'if-none-exist': criteria, ...(inXml && xml) };
    return [answered(await ask('POST', `/${write.type}`, body, headers))];
  };
};

const update: Way['send'] = async ({ ask }, write) => [
  answered(await ask('PUT', `/${write.type}?${criteriaOf(write, plus)}`, write.resource)),
];

type Make = (write: ConditionalWrite, encoding: Encoding) => object;
const createEntry: Make = (write, encoding) =>
  entry('POST', write.type, write.resource, { ifNoneExist: criteriaOf(write, encoding) });
const updateEntry: Make = (write, encoding) =>
  entry('PUT', `${write.type}?${criteriaOf(write, encoding)}`, write.resource);

function bundled(
  type: 'batch' | 'transaction',
  entries: readonly (readonly [Make, Encoding])[],
  inXml = false,
): Way['send'] {
  return async ({ ask }, write) => {
    const bundle = { resourceType: 'Bundle', type, entry: entries.map(([make, encoding]) => make(write, encoding)) };
    const reply = await ask('POST', '', inXml ? toXml(bundle) : bundle, inXml ? xml : {});
    if (reply.status !== 200) return [answered(reply)];
    const responses: { status: string; location?: string; outcome?: unknown }[] = reply.body.entry.map(
      (e: { response: unknown }) => e.response,
    );
    return responses.map(({ status, location = '', outcome }) => ({
      status: Number.parseInt(status, 10),
      id: idIn(location),
      text: JSON.stringify(outcome),
    }));
  };
}

const atOnce = (...sends: Way['send'][]): Way['send'] => {
  return async (server, write) => (await Promise.all(sends.map((send) => send(server, write)))).flat();
};

/** The ways that R4 has for it (http.html#ccreate, #cond-update, #transaction). */
export const ways: readonly Way[] = [
  { name: 'If-None-Exist in UTF-8', send: create(raw, false) },
  { name: 'If-None-Exist in escapes', send: create(escaped, false) },
  { name: 'If-None-Exist, a body in XML', send: create(plus, true) },
  { name: 'a conditional update', send: update },
  { name: 'a transaction with ifNoneExist', send: bundled('transaction', [[createEntry, raw]]) },
  { name: 'a batch with ifNoneExist in XML', send: bundled('batch', [[createEntry, escaped]], true) },
  { name: 'a transaction with a conditional update', send: bundled('transaction', [[updateEntry, plus]]) },
  { name: 'a batch with a conditional update in XML', send: bundled('batch', [[updateEntry, raw]], true) },
  {
    name: 'two creates in a batch',
    send: bundled('batch', [
      [createEntry, raw],
      [createEntry, escaped],
    ]),
  },
  {
    name: 'two updates in a batch',
    send: bundled('batch', [
      [updateEntry, raw],
      [updateEntry, plus],
    ]),
  },
  {
    name: 'both in a batch in XML',
    send: bundled(
      'batch',
      [
        [updateEntry, raw],
        [createEntry, raw],
      ],
      true,
    ),
  },
  {
    name: 'two creates in a transaction',
    send: bundled('transaction', [
      [createEntry, raw],
      [createEntry, escaped],
    ]),
  },
  {
    name: 'both in a transaction',
    send: bundled('transaction', [
      [updateEntry, escaped],
      [createEntry, plus],
    ]),
  },
  { name: 'three requests at once', send: atOnce(create(raw, false), update, create(plus, true)) },
];
