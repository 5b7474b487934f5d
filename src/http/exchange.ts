import { Failure, type Outcome } from '#errors';
import { patchFormats } from '#operations/conformance/services.ts';
import { perform } from '#operations/perform.ts';
import type { Caller, Context } from '#operations/request/context.ts';
import type { Request } from '#operations/request/request.ts';
import type { HttpRequest, HttpResponse } from './request/messages.ts';
import { formFor, json } from './request/negotiate.ts';
import { queryOf } from './request/path.ts';
import { allowedMethods, readRequest } from './request/request.ts';
import { refusal } from './response/refuse.ts';
import { type Presentation, reply, tellsOfWrite } from './response/render.ts';

/** A request that was read, and how its answer is to look. */
interface Exchange {
  readonly incoming: HttpRequest;
  readonly request: Outcome<Request>;
  readonly view: Presentation;
}

/** Answers a request as R4 http.html says. Rejects at a defect only. */
export async function respond(context: Context, caller: Caller, incoming: HttpRequest): Promise<HttpResponse> {
  return answer(context, caller, begin(context, incoming));
}

/** Reads a request, and lets go of its body: what it says is in the request now. */
export function begin(context: Context, incoming: HttpRequest): Exchange {
  const query = queryOf(incoming.url);
  const { pairs } = query;
  const form = formFor(pairs.find(([name]) => name === '_format')?.[1], incoming.headers.accept);
  const pretty = pairs.some(([name, value]) => name === '_pretty' && value === 'true');
  const request = readRequest(context, incoming, query, form);
  incoming.body = nothing;
  return { incoming, request, view: { ...(form instanceof Failure ? json : form), pretty } };
}

const nothing = new Uint8Array();

/** Does what the request asks. */
export async function answer(
  context: Context,
  caller: Caller,
  { incoming, request, view }: Exchange,
): Promise<HttpResponse> {
  if (request instanceof Failure) return refusal(request, view, hints(context, incoming, request.status));
  const { interaction: asked } = request;
  const done = await perform(context, caller, request);
  if (done instanceof Failure) return { ...refusal(done, view), asked };
  const response = reply(done, { ...view, baseUrl: context.config.baseUrl, incoming, asked });
  return tellsOfWrite(done) ? { ...response, asked, wrote: true } : { ...response, asked };
}

/** What a refused client may try instead (RFC 9110, Allow; RFC 5789, Accept-Patch). */
function hints(context: Context, { method, url }: HttpRequest, status: number): HttpResponse['headers'] {
  if (status === 405) return { allow: allowedMethods(context, url).join(', ') };
  return status === 415 && method === 'PATCH' ? { 'accept-patch': patchFormats.join(', ') } : {};
}
