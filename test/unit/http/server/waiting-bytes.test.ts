import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import t from 'tap';
import { Failure } from '#errors';
import { WaitingBytes } from '#http/server/waiting-bytes.ts';
import type { Interaction } from '#operations/request/route.ts';

const MB = 1_000_000;

/** What an exchange ends with is an event of its answer. */
const exchange = () => new EventEmitter() as ServerResponse;

t.test('a client makes no more wait than is left to others', (t) => {
  const waiting = new WaitingBytes(100 * MB);
  const given: (() => void)[] = [];
  const take = (client: string, bytes: number) => {
    const taken = waiting.reserve(client, bytes);
    if (!(taken instanceof Failure)) given.push(taken);
    return taken instanceof Failure ? taken.issues[0].code : 'taken';
  };
  const table: readonly (readonly [client: string, bytes: number, outcome: string])[] = [
    ['a', 30 * MB, 'taken'],
    ['a', 20 * MB, 'taken'],
    ['a', 1, 'waiting-full'],
    ['b', 26 * MB, 'waiting-full'],
    ['b', 25 * MB, 'taken'],
    ['b', 1, 'waiting-full'],
    ['c', 12 * MB, 'taken'],
    // Nobody is shut out: what is small passes if it is all that a client makes wait.
    ...Array.from({ length: 200 }, (_, i) => [`d${i}`, 64 * 1024, 'taken'] as const),
    ['d0', 64 * 1024, 'waiting-full'],
  ];
  for (const [client, bytes, outcome] of table) t.equal(take(client, bytes), outcome, `${client}: ${bytes}`);
  for (const free of given) free();
  t.equal(take('a', 50 * MB), 'taken', 'what was given back is free');
  t.end();
});

t.test('what is larger than half of the bound passes alone', (t) => {
  const waiting = new WaitingBytes(10 * MB);
  const free = waiting.reserve('a', 1_000 * MB);
  if (free instanceof Failure) throw new Error('refused');
  t.type(waiting.reserve('b', 1_000 * MB), Failure);
  t.type(waiting.reserve('b', 2 * MB), Function, 'beside it there is room');
  free();
  t.end();
});

t.test('a refusal tells the bound and its setting', (t) => {
  const waiting = new WaitingBytes(1 * MB);
  waiting.reserve('a', 0.5 * MB);
  const full = waiting.reserve('a', MB);
  if (!(full instanceof Failure)) throw new Error('taken');
  t.equal(full.status, 503);
  t.match(full.issues[0].text, '500000 bytes wait');
  t.match(full.issues[0].text, '1000000 (HUFHIR_MAX_WAITING)');
  t.end();
});

t.test('an answer waits in place of the body, until the exchange is over', (t) => {
  const waiting = new WaitingBytes(10 * MB);
  const response = exchange();
  const hold = waiting.of(response, 'a');
  t.equal(waiting.of(response, 'a'), hold, 'an exchange is one');
  t.equal(hold.set(5 * MB), undefined);
  t.type(waiting.of(exchange(), 'a').set(1), Failure);
  const sent = { status: 200, headers: {}, body: 'x'.repeat(1_000) };
  t.equal(hold.answer(sent), sent);
  t.type(waiting.of(exchange(), 'a').set(5 * MB), Failure);
  response.emit('close');
  t.equal(waiting.of(exchange(), 'a').set(5 * MB), undefined);
  t.end();
});

t.test('what is told of an exchange that is over counts no more', (t) => {
  const waiting = new WaitingBytes(10 * MB);
  const response = exchange();
  const hold = waiting.of(response, 'a');
  hold.set(3 * MB);
  response.emit('close');
  t.equal(hold.set(4 * MB), undefined, 'a body that is still unpacked');
  t.ok(hold.over);
  const late = { status: 200, headers: {}, body: 'x'.repeat(2 * MB) };
  t.equal(hold.answer(late), late, 'an answer that nobody takes');
  const closed = Object.assign(exchange(), { closed: true });
  t.equal(waiting.of(closed, 'a').set(4 * MB), undefined, 'one that was over before it was asked for');
  t.equal(waiting.of(exchange(), 'a').set(5 * MB), undefined, 'all is free');
  t.end();
});

t.test('what was done is told, though there is no room', (t) => {
  const headers = { 'content-type': 'application/fhir+json', etag: 'W/"1"' };
  const body = 'x'.repeat(2 * MB);
  const of = (asked: Interaction, sent: number, wrote = true) => {
    const waiting = new WaitingBytes(10 * MB);
    waiting.reserve('a', 5 * MB - sent);
    const hold = waiting.of(exchange(), 'a');
    hold.set(sent);
    const answer = hold.answer({ status: 200, headers, body, asked, wrote });
    return answer instanceof Failure ? answer.status : [answer.status, answer.headers, answer.body?.length ?? 0];
  };
  const type = 'List';
  t.equal(of({ code: 'read', type, id: '1' }, 0, false), 503, 'a read can be sent again');
  t.equal(of({ code: 'search-type', type }, 100, false), 503);
  t.same(of({ code: 'patch', type, id: '1' }, 100), [200, { etag: 'W/"1"' }, 0], 'a write tells that it was done');
  t.same(of({ code: 'create', type }, 100), [200, { etag: 'W/"1"' }, 0]);
  t.same(of({ code: 'update', type, id: '1' }, 1.5 * MB), [200, headers, 2 * MB], 'all of it if as much was sent');
  t.same(of({ code: 'bundle' }, 1.5 * MB), [200, headers, 2 * MB]);
  t.same(of({ code: 'bundle' }, 100), [200, headers, 2 * MB], 'whose entries are told one by one');
  t.equal(of({ code: 'bundle' }, 100, false), 503, 'one that only reads can be sent again');
  t.end();
});
