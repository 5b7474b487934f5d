import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Failure, fail } from '#errors';
import { PassedFailure } from '../response/refuse.ts';
import { answerTo } from './pipelining.ts';
import type { Hold, WaitingBytes } from './waiting-bytes.ts';

/** What gives the bytes of a body, unpacked; the library that unpacks tells how many came. */
type BodySource = (IncomingMessage | Readable) & { readonly receivedEncodedLength?: number };

type Done = (error: Error | null, body?: Buffer) => void;

/** Where the bytes of a body go. */
interface Sink {
  /** Takes a chunk, unless that is too much. */
  add(chunk: Buffer): Failure | undefined;
  finish(): Buffer;
}

/** Reads bodies of any type as bytes, of at most `most` once they are unpacked, which count from the first to the last. */
export function readBodies(app: FastifyInstance, waiting: WaitingBytes, most: number): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (request: FastifyRequest, payload: BodySource, done: Done) => {
    const { 'content-length': declared } = request.headers;
    const length = declared === undefined ? undefined : Number(declared);
    if (length !== undefined && length > most)
      return done(new PassedFailure(fail('body-too-large', { expected: most })));
    const hold = waiting.of(answerTo(request.raw), request.ip);
    const whole = payload === request.raw ? length : undefined;
    const refused = whole === undefined ? undefined : hold.set(whole);
    if (refused !== undefined) return done(new PassedFailure(refused));
    receive(payload, whole === undefined ? joined(hold) : inOne(whole), length, most, done);
  });
}

function receive(payload: BodySource, sink: Sink, length: number | undefined, most: number, done: Done): void {
  let received = 0;
  const end = (error: Error | null, body?: Buffer) => {
    payload.off('data', take).off('end', finish).off('error', end);
    done(error, body);
  };
  const refuse = (failure: Failure) => {
    // Nothing more is unpacked; what else comes is thrown away with the connection.
    payload.pause();
    end(new PassedFailure(failure));
  };
  const take = (chunk: Buffer) => {
    received += chunk.length;
    if (Math.max(received, payload.receivedEncodedLength ?? 0) > most) {
      return refuse(fail('body-too-large', { expected: most }));
    }
    const refused = sink.add(chunk);
    if (refused !== undefined) refuse(refused);
  };
  const finish = () => {
    const sent = payload.receivedEncodedLength ?? received;
    if (length === undefined || sent === length) return end(null, sink.finish());
    end(new PassedFailure(fail('bad-request', { found: `its body has ${sent} bytes of ${length}` })));
  };
  payload.on('data', take).on('end', finish).on('error', end).resume();
}

/** A body whose length is known, in memory that is there for it already. */
function inOne(length: number): Sink {
  const body = Buffer.allocUnsafe(length);
  let at = 0;
  return {
    add: (chunk) => {
      at += chunk.copy(body, at);
      return undefined;
    },
    finish: () => body,
  };
}

/** One of unknown length, which takes its memory twice when it is joined. */
function joined(hold: Hold): Sink {
  const chunks: Buffer[] = [];
  let length = 0;
  return {
    add: (chunk) => {
      length += chunk.length;
      // What is unpacked goes on coming after its client has left.
      const refused = hold.over ? fail('bad-request', { found: 'it was broken off' }) : hold.set(2 * length);
      if (refused === undefined) chunks.push(chunk);
      else {
        chunks.length = 0;
        hold.free();
      }
      return refused;
    },
    finish: () => {
      const body = Buffer.concat(chunks, length);
      hold.set(length);
      return body;
    },
  };
}
