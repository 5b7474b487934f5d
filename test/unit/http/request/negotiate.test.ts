import t from 'tap';
import { Failure } from '#errors';
import { formatOfBody, formFor, isUtf8, nameOf } from '#http/request/negotiate.ts';

const formatOf = (contentType: string): string => {
  const format = formatOfBody(contentType);
  return format instanceof Failure ? 'refused' : format;
};

t.test('a Content-Type names a format (R4 http.html#mime-type, RFC 9110 8.3.1)', (t) => {
  const rows: readonly (readonly [string, string])[] = [
    ['application/fhir+json', 'json'],
    ['Application/FHIR+XML', 'xml'],
    ['text/json', 'json'],
    [' application/json ', 'json'],
    ['application/fhir+json;charset="UTF-8"', 'json'],
    ['application/fhir+json ; charset=utf8;', 'json'],
    ['application/fhir+json; charset=gbk', 'refused'],
    ['application/fhir+json; fhirVersion=4.0', 'json'],
    ['application/fhir+json; FHIRVERSION="4.0.1"; charset=utf-8', 'json'],
    ['application/fhir+json; fhirVersion=3.0', 'refused'],
    ['application/fhir+json, application/xml', 'refused'],
    ['text/csv', 'refused'],
    [';', 'refused'],
    ['', 'refused'],
    ['json', 'json'],
  ];
  for (const [contentType, expected] of rows) t.equal(formatOf(contentType), expected, contentType);
  t.end();
});

t.test('_format also takes the short names, and a plus that a URL made a space', (t) => {
  const rows: readonly (readonly [string, string])[] = [
    ['json', 'json'],
    ['XML', 'xml'],
    ['xml;fhirVersion=4.0', 'xml'],
    ['application/fhir json', 'json'],
    ['application/fhir+xml; charset=utf-8', 'xml'],
    ['application/json', 'json'],
    ['ttl', 'refused'],
    ['html', 'refused'],
  ];
  for (const [format, expected] of rows) {
    const form = formFor(format, undefined);
    t.equal(form instanceof Failure ? 'refused' : form.format, expected, format);
  }
  t.end();
});

t.test('the name of a media type, whatever its parameters', (t) => {
  t.equal(nameOf(undefined), undefined);
  t.equal(nameOf(' Text/Plain; charset'), 'text/plain');
  t.equal(nameOf('*/*;q=0.1'), '*/*');
  t.end();
});

t.test('a text without a charset is in UTF-8', (t) => {
  for (const type of ['text/plain', 'text/plain; charset=UTF-8', 'text/plain;charset="utf8"']) t.ok(isUtf8(type), type);
  for (const type of ['text/plain; charset=gb2312', 'text/plain; charset=""']) t.notOk(isUtf8(type), type);
  t.end();
});
