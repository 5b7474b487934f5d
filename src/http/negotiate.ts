import { type Failure, fail } from '#errors';

/** What this server reads and writes; the first is what it answers. */
export const fhirJson = 'application/fhir+json; charset=utf-8';

const json = /^(application\/(fhir\+)?json|text\/json|json)$/;

/** R4 http.html#mime-type: `_format` goes before `Accept`; undefined if the client takes JSON. */
export function refuseFormat(format: string | undefined, accept: string | undefined): Failure | undefined {
  const expected = 'application/fhir+json';
  if (format !== undefined) {
    const name = format.split(';')[0]?.trim().replace(' ', '+') ?? '';
    return json.test(name) ? undefined : fail('not-acceptable', { found: format, expected });
  }
  if (accept === undefined || accept.trim() === '') return undefined;
  const taken = accept.split(',').some((part) => {
    const [range = '', ...parameters] = part.split(';').map((p) => p.trim().toLowerCase());
    if (parameters.some((p) => /^q=0(\.0*)?$/.test(p))) return false;
    return range === '*/*' || range === 'application/*' || range === 'text/html' || json.test(range);
  });
  return taken ? undefined : fail('not-acceptable', { found: accept, expected });
}

/** Whether a body of this Content-Type is FHIR JSON in UTF-8. */
export function refuseMediaType(contentType: string | undefined): Failure | undefined {
  const expected = 'application/fhir+json';
  if (contentType === undefined)
    return fail('unsupported-media-type', { name: 'Content-Type', found: 'missing', expected });
  const [name = '', ...parameters] = contentType.split(';').map((p) => p.trim().toLowerCase());
  const charset = parameters
    .find((p) => p.startsWith('charset='))
    ?.slice(8)
    .replaceAll('"', '');
  if (!json.test(name) || (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8')) {
    return fail('unsupported-media-type', { name: 'Content-Type', found: contentType, expected });
  }
  return undefined;
}

/** Bodies come as they are: no content coding is undone here. */
export function refuseEncoding(encoding: string | undefined): Failure | undefined {
  if (encoding === undefined || encoding.trim().toLowerCase() === 'identity') return undefined;
  return fail('unsupported-media-type', { name: 'Content-Encoding', found: encoding, expected: 'identity' });
}
