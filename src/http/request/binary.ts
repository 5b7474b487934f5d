import type { Binary } from '@medplum/fhirtypes';
import { Failure } from '#errors';
import type { Interaction } from '#operations/request/route.ts';
import type { HttpRequest } from './messages.ts';
import { formatOfBody, nameOf, namesFhir } from './negotiate.ts';
import { queryOf } from './path.ts';

/** R4 binary.html#rest: whether a body is the content of a Binary, since it is no FHIR. */
export function isRaw(interaction: Interaction, { headers }: HttpRequest): boolean {
  const contentType = headers['content-type'];
  if (!('type' in interaction) || interaction.type !== 'Binary' || contentType === undefined) return false;
  return formatOfBody(contentType) instanceof Failure;
}

/** The Binary whose content a body is. X-Security-Context says whose rules it follows. */
export function binaryOf(interaction: Interaction, { headers, body }: HttpRequest): Binary {
  const reference = headers['x-security-context'];
  return {
    resourceType: 'Binary',
    ...('id' in interaction && { id: interaction.id }),
    contentType: headers['content-type'] ?? 'application/octet-stream',
    ...(typeof reference === 'string' && { securityContext: { reference } }),
    ...(body.length > 0 && { data: Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('base64') }),
  };
}

/** R4 binary.html#rest: FHIR that is no Binary is content like any other where a Binary is written. */
export function asContents(interaction: Interaction, incoming: HttpRequest, body: unknown): unknown {
  if (!('type' in interaction) || interaction.type !== 'Binary' || interaction.code === 'operation') return body;
  const type = (body as { resourceType?: unknown } | null)?.resourceType;
  return typeof type === 'string' && type !== 'Binary' ? binaryOf(interaction, incoming) : body;
}

/** The content of a Binary, and what it needs to go out by itself. It comes from outside: a browser shall not run it as a page of ours. */
export function contentOf({ contentType, data, securityContext }: Binary): {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
} {
  const context = sendable(securityContext?.reference);
  return {
    headers: {
      'content-type': sendable(contentType) ?? 'application/octet-stream',
      'content-security-policy': 'sandbox',
      'x-content-type-options': 'nosniff',
      ...(context !== undefined && { 'x-security-context': context }),
    },
    body: Buffer.from(typeof data === 'string' ? data : '', 'base64'),
  };
}

/** The text, if a header can hold it. Where nothing was validated, a Binary may hold anything in its place. */
function sendable(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\x20-\x7e]+$/.test(value) ? value : undefined;
}

/** R4 binary.html#rest: a Binary is answered as what it is, unless a type of FHIR is asked for by name. */
export function goesOutRaw(interaction: Interaction, { url, headers }: HttpRequest): boolean {
  const { code } = interaction;
  if ((code !== 'read' && code !== 'vread') || interaction.type !== 'Binary') return false;
  return !queryOf(url).pairs.some(([name]) => name === '_format') && !namesFhir(headers.accept);
}

/** A client that takes JSON or XML and not what the content is gets the resource, in that form. */
export function acceptsContent(contentType: unknown, accept: string | undefined): boolean {
  const names = (accept ?? '*/*').split(',').map((part) => nameOf(part) ?? '');
  if (!names.some((name) => /[/+](json|xml)$/.test(name))) return true;
  const own = (typeof contentType === 'string' && nameOf(contentType)) || '';
  return names.some((name) => name === own || name === '*/*' || name === own.replace(/\/.*$/, '/*'));
}
