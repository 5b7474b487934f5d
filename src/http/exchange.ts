import { Failure } from '#errors';
import { patchFormats } from '#operations/capabilities-served.ts';
import type { Caller, Context } from '#operations/context.ts';
import { perform } from '#operations/perform.ts';
import type { Incoming, Outgoing } from './messages.ts';
import { formFor, json } from './negotiate.ts';
import { pairsOf } from './path.ts';
import { refusal } from './refusing.ts';
import { reply } from './render.ts';
import { allowedMethods, readRequest } from './request.ts';

/** Answers a request as R4 http.html says. Rejects at a defect only. */
export async function respond(context: Context, caller: Caller, incoming: Incoming): Promise<Outgoing> {
  const pairs = pairsOf(incoming.url);
  const form = formFor(pairs.find(([name]) => name === '_format')?.[1], incoming.headers.accept);
  const view = {
    ...(form instanceof Failure ? json : form),
    pretty: pairs.some(([name, value]) => name === '_pretty' && value === 'true'),
  } as const;
  const request = readRequest(context, incoming, pairs, form);
  if (request instanceof Failure) {
    return refusal(request, view, hints(context, incoming, request.status));
  }
  const { interaction: asked } = request;
  const answer = await perform(context, caller, request);
  if (answer instanceof Failure) return { ...refusal(answer, view), asked };
  return { ...reply(answer, { ...view, baseUrl: context.config.baseUrl, incoming, asked }), asked };
}

/** What a refused client may try instead (RFC 9110, Allow; RFC 5789, Accept-Patch). */
function hints(context: Context, { method, url }: Incoming, status: number): Outgoing['headers'] {
  if (status === 405) return { allow: allowedMethods(context, url).join(', ') };
  return status === 415 && method === 'PATCH' ? { 'accept-patch': patchFormats.join(', ') } : {};
}
