import type { Binary } from '@medplum/fhirtypes';
import { Failure, type Outcome } from '#errors';
import { isObject } from '#fhir/json/object.ts';
import type { Interaction } from '#operations/request/route.ts';
import type { HttpRequest } from './messages.ts';
import { type FhirFormat, nameOf, namesFhir } from './negotiate.ts';
import { queryOf } from './path.ts';

/** Whether a body is written to where Binary resources are: what it is depends on what it says (R4 binary.html#rest). */
export function isForBinary(interaction: Interaction): boolean {
  return 'type' in interaction && interaction.type === 'Binary' && interaction.code !== 'operation';
}

/** What a Binary resource begins with, where a body cannot be read any further. */
const claims = {
  json: /^\s*\{[\s\S]*"resourceType"\s*:\s*"Binary"/,
  xml: /^[^<]*(?:<[?!][^>]*>[^<]*)*<(?:[\w.-]+:)?Binary\s[^>]*["']http:\/\/hl7\.org\/fhir["']/,
};

/**
 * What is written to `/Binary`: the Binary that a body is, or one whose content it is. `parsed` is the body read as `format`. A body that says it
 * is a Binary and cannot be read is refused.
 */
export function binaryIn(
  interaction: Interaction,
  incoming: HttpRequest,
  format: FhirFormat,
  parsed: Outcome<unknown>,
): Outcome<unknown> {
  const { body } = incoming;
  const text = () => Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1');
  const isBinary =
    parsed instanceof Failure ? claims[format].test(text()) : isObject(parsed) && parsed.resourceType === 'Binary';
  return isBinary ? parsed : binaryOf(interaction, incoming);
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

/**
 * The text as a header holds it, if it can: its bytes in UTF-8, which Node takes as characters of Latin-1. Where nothing was validated, a
 * Binary may hold anything in its place.
 */
function sendable(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '' || control.test(value) || !value.isWellFormed()) return undefined;
  return Buffer.from(value).toString('latin1');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: what no header can hold
const control = /[\x00-\x1f\x7f]/;

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
