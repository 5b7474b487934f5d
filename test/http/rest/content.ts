import { anonymous, bundle, get, imfDate, issue, measuredText, person, post, put, stored } from './requests.ts';
import type { Suite, Table } from './suite.ts';

const json = /^application\/fhir\+json; *charset=utf-8$/i;
const xml = /^application\/fhir\+xml; *charset=utf-8$/i;
const patientXml = /^(<\?xml[^>]*\?>\s*)?<Patient xmlns="http:\/\/hl7\.org\/fhir">.*<id value="[^"]+"\/>/s;
const notAcceptable = (found: string) =>
  issue('not-supported', 'not-acceptable', new RegExp(`${found}.*application/fhir`));
const unsupported = (found: string) =>
  issue('not-supported', 'unsupported-media-type', new RegExp(`Content-Type is ${found}.*expected application/fhir`));

/** What a read answers to an Accept header. */
const accepts = (accept: string, type: RegExp): Table['cases'][number] => ({
  name: `Accept: ${accept}`,
  given: [stored],
  when: get('/Patient/{own}', { accept }),
  status: 200,
  headers: { 'content-type': type },
  text: type.source.includes('xml') ? patientXml : /^\{"resourceType":"Patient"/,
});
const refusesAccept = (accept: string, found: string): Table['cases'][number] => ({
  name: `Accept: ${accept} is not acceptable`,
  given: [stored],
  when: get('/Patient/{own}', { accept }),
  status: 406,
  issue: notAcceptable(found),
});

const negotiation: Table = {
  section: 'http.html#mime-type (3.1.0.1.9)',
  cases: [
    accepts('*/*', json),
    accepts('application/fhir+json', json),
    accepts('Application/FHIR+JSON', json),
    accepts('application/fhir+json; charset=utf-8', json),
    accepts('application/fhir+xml', xml),
    accepts('application/json', /^application\/json/),
    accepts('text/json', /^text\/json/),
    accepts('application/xml', /^application\/xml/),
    accepts('text/xml', /^text\/xml/),
    accepts('application/fhir+xml;q=0.5, application/fhir+json;q=0.9', json),
    accepts('application/fhir+json;q=0.5, application/fhir+xml;q=0.9', xml),
    accepts('application/fhir+json;q=0.5, application/fhir+xml', xml),
    accepts('application/fhir+json;q=0, */*', xml),
    accepts('application/fhir+json;q=0.001, application/*;q=0.5', xml),
    accepts('*/*;q=0.1, application/fhir+xml;q=0.2', xml),
    accepts('image/png, application/fhir+json;q=0.1', json),
    accepts('text/html,application/xhtml+xml,*/*;q=0.8', json),
    refusesAccept('image/png', 'image/png'),
    refusesAccept('application/fhir+turtle', 'turtle'),
    refusesAccept('application/fhir+json;q=0', 'json;q=0'),
    refusesAccept('application/fhir+json;q=0.0, application/fhir+xml;q=0', 'json'),
    {
      name: 'a create whose answer would not be acceptable creates nothing',
      when: post('/Patient', anonymous, { accept: 'image/png' }),
      status: 406,
      issue: notAcceptable('image/png'),
      after: [{ when: get('/Patient?identifier=urn:example:own|{own}'), status: 200, body: { entry: undefined } }],
    },
    {
      name: 'a failure is told in the format asked for',
      when: get('/Patient/{own}', { accept: 'application/fhir+xml' }),
      status: 404,
      headers: { 'content-type': xml },
      text: /<OperationOutcome xmlns="http:\/\/hl7\.org\/fhir"><issue><severity value="error"\/><code value="not-found"\/>/,
    },
    {
      name: 'a bundle in XML',
      given: [stored],
      when: get('/Patient?_id={own}', { accept: 'application/fhir+xml' }),
      status: 200,
      headers: { 'content-type': xml },
      text: /<Bundle xmlns="http:\/\/hl7\.org\/fhir">.*<type value="searchset"\/>.*<resource><Patient( xmlns="[^"]+")?>/s,
    },
    {
      name: 'the CapabilityStatement in XML',
      when: get('/metadata', { accept: 'application/fhir+xml' }),
      status: 200,
      headers: { 'content-type': xml },
      text: /<CapabilityStatement xmlns="http:\/\/hl7\.org\/fhir">.*<fhirVersion value="4\.0\.1"\/>/s,
    },
  ],
};

/** What a Content-Type of a create answers. */
const takes = (type: string): Table['cases'][number] => ({
  name: `Content-Type: ${type}`,
  when: post('/Patient', anonymous, { 'content-type': type }),
  status: 201,
  body: { gender: 'male' },
});
const refuses = (type: string, found: string): Table['cases'][number] => ({
  name: `Content-Type: ${type} is not supported`,
  when: post('/Patient', anonymous, { 'content-type': type }),
  status: 415,
  issue: unsupported(found),
});
const own = '<id value="{own}"/>';
const asXml = (inner: string, root = 'Patient') => `<${root} xmlns="http://hl7.org/fhir">${inner}</${root}>`;
const putXml = (body: string, path = '/Patient/{own}') => put(path, body, { 'content-type': 'application/fhir+xml' });
const measuredXml = asXml(
  `${own}<status value="final"/><code><text value="x"/></code><valueQuantity><value value="1.00"/><unit value="kg"/></valueQuantity>`,
  'Observation',
);
const malformedXml = (name: string, body: string): Table['cases'][number] => ({
  name,
  when: putXml(body),
  status: 400,
  issue: issue(/^(structure|invalid|value)$/, undefined, /XML|element|namespace|DOCTYPE|<|expected/i),
});

const bodies: Table = {
  section: 'http.html#mime-type (3.1.0.1.9)',
  cases: [
    takes('application/fhir+json'),
    takes('application/fhir+json;charset=UTF-8'),
    takes('application/json'),
    takes('text/json'),
    refuses('text/plain', 'text/plain'),
    refuses('application/fhir+turtle', 'application/fhir.turtle'),
    refuses('application/x-www-form-urlencoded', 'application/x-www-form-urlencoded'),
    refuses('application/fhir+json; charset=iso-8859-1', 'application/fhir.json; charset=iso-8859-1'),
    {
      name: 'an update of an unsupported media type is refused',
      given: [stored],
      when: put('/Patient/{own}', 'x', { 'content-type': 'text/plain' }),
      status: 415,
      issue: unsupported('text/plain'),
      after: [{ when: get('/Patient/{own}'), status: 200, body: { meta: { versionId: '1' } } }],
    },
    {
      name: 'a bundle of an unsupported media type is refused',
      when: post('', 'x', { 'content-type': 'text/plain' }),
      status: 415,
      issue: unsupported('text/plain'),
    },
    {
      name: 'characters beyond ASCII come back as they went',
      given: [put('/Patient/{own}', { ...person, name: [{ text: '张三 Ωé😀' }] })],
      when: get('/Patient/{own}'),
      status: 200,
      body: { name: [{ text: '张三 Ωé😀' }] },
    },
    {
      name: 'an update in XML is read in JSON, digits kept',
      given: [putXml(measuredXml, '/Observation/{own}')],
      when: get('/Observation/{own}', { accept: 'application/fhir+json' }),
      status: 200,
      text: /"valueQuantity":\{"value":1\.00,"unit":"kg"\}/,
    },
    {
      name: 'an update in JSON is read in XML, digits kept',
      given: [put('/Observation/{own}', measuredText)],
      when: get('/Observation/{own}', { accept: 'application/fhir+xml' }),
      status: 200,
      text: /<valueQuantity><value value="1\.00"\/><unit value="kg"\/><\/valueQuantity>/,
    },
    {
      name: 'a list of one is a list in JSON',
      given: [putXml(asXml(`${own}<name><given value="一"/></name>`))],
      when: get('/Patient/{own}', { accept: 'application/fhir+json' }),
      status: 200,
      body: { name: [{ given: ['一'] }] },
    },
    {
      name: 'booleans and numbers of XML have their types in JSON',
      given: [putXml(asXml(`${own}<active value="true"/><multipleBirthInteger value="2"/>`))],
      when: get('/Patient/{own}', { accept: 'application/fhir+json' }),
      status: 200,
      body: { active: true, multipleBirthInteger: 2 },
    },
    {
      name: 'an extension of a primitive in XML is _name in JSON',
      given: [
        putXml(
          asXml(
            `${own}<birthDate value="1950-01-02"><extension url="http://x.example/e"><valueCode value="a"/></extension></birthDate>`,
          ),
        ),
      ],
      when: get('/Patient/{own}', { accept: 'application/fhir+json' }),
      status: 200,
      body: { birthDate: '1950-01-02', _birthDate: { extension: [{ url: 'http://x.example/e', valueCode: 'a' }] } },
    },
    {
      name: 'markup in a text is escaped in XML',
      given: [put('/Patient/{own}', { ...person, name: [{ text: 'a<b & "c"' }] })],
      when: get('/Patient/{own}', { accept: 'application/fhir+xml' }),
      status: 200,
      text: /<text value="a&lt;b &amp; &quot;c&quot;"\/>/,
    },
    {
      name: 'a narrative stays XHTML in XML',
      given: [
        put('/Patient/{own}', {
          ...person,
          text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml"><p>a <b>b</b></p></div>' },
        }),
      ],
      when: get('/Patient/{own}', { accept: 'application/fhir+xml' }),
      status: 200,
      text: /<text><status value="generated"\/><div xmlns="http:\/\/www\.w3\.org\/1999\/xhtml"><p>a <b>b<\/b><\/p><\/div><\/text>/,
    },
    {
      name: 'a batch in XML is performed',
      when: post(
        '',
        asXml(
          '<type value="batch"/><entry><request><method value="GET"/><url value="metadata"/></request></entry>',
          'Bundle',
        ),
        {
          'content-type': 'application/fhir+xml',
          accept: 'application/fhir+json',
        },
      ),
      status: 200,
      body: { type: 'batch-response', entry: [{ response: { status: /^200/ } }] },
    },
    {
      name: 'an unknown element in XML is named',
      when: putXml(asXml(`${own}<colour value="red"/>`)),
      status: 400,
      issue: issue('structure', undefined, /expected one of id,.*gender/, 'Patient.colour'),
    },
    malformedXml('XML that is not well-formed is refused', '<Patient xmlns="http://hl7.org/fhir"><id value="{own}">'),
    malformedXml(
      'XML of another namespace is refused',
      '<Patient xmlns="http://x.example"><id value="{own}"/></Patient>',
    ),
    malformedXml(
      'XML with a document type is refused',
      `<!DOCTYPE Patient [<!ENTITY a "b">]>${asXml(`${own}<language value="&a;"/>`)}`,
    ),
  ],
};

const version: Table = {
  section: 'http.html#version-parameter (3.1.0.1.10)',
  cases: [
    accepts('application/fhir+json; fhirVersion=4.0', /^application\/fhir\+json/),
    refusesAccept('application/fhir+json; fhirVersion=3.0', 'fhirVersion=3.0'),
    takes('application/fhir+json; fhirVersion=4.0'),
    refuses('application/fhir+json; fhirVersion=3.0', 'application/fhir.json; fhirVersion=3.0'),
  ],
};

/** What `_format` makes of a read whose Accept says otherwise. */
const format = (value: string, type: RegExp, accept: string): Table['cases'][number] => ({
  name: `_format=${value} goes before Accept: ${accept}`,
  given: [stored],
  when: get(`/Patient/{own}?_format=${value}`, { accept }),
  status: 200,
  headers: { 'content-type': type },
});
const isJson = /^application\/(fhir\+)?json/;
const isXml = /^(application\/(fhir\+)?|text\/)xml/;

const general: Table = {
  section: 'http.html#parameters (3.1.0.1.11)',
  cases: [
    format('json', isJson, 'application/fhir+xml'),
    format('application/json', isJson, 'application/fhir+xml'),
    format('application/fhir%2Bjson', isJson, 'application/fhir+xml'),
    format('application/fhir+json', isJson, 'application/fhir+xml'),
    format('xml', isXml, 'application/fhir+json'),
    format('text/xml', isXml, 'application/fhir+json'),
    format('application/xml', isXml, 'application/fhir+json'),
    format('application/fhir%2Bxml', isXml, 'application/fhir+json'),
    format('json', isJson, 'image/png'),
    {
      name: '_format=ttl is not acceptable, whatever Accept says',
      given: [stored],
      when: get('/Patient/{own}?_format=ttl', { accept: 'application/fhir+json' }),
      status: 406,
      issue: issue('not-supported', 'not-acceptable', /ttl.*application\/fhir/),
    },
    {
      name: '_format does not say what the body of a POST is',
      when: post('/Patient?_format=xml', anonymous),
      status: 201,
      headers: { 'content-type': isXml },
      text: /<Patient xmlns=/,
    },
    {
      name: '_format works with a search',
      given: [stored],
      when: get('/Patient?_id={own}&_format=xml'),
      status: 200,
      headers: { 'content-type': isXml },
      text: /<Bundle xmlns=/,
    },
    {
      name: '_format works with a bundle',
      when: post('?_format=xml', bundle('batch')),
      status: 200,
      headers: { 'content-type': isXml },
      text: /<type value="batch-response"\/>/,
    },
    {
      name: '_pretty=true breaks lines',
      given: [stored],
      when: get('/Patient/{own}?_pretty=true'),
      status: 200,
      text: /^\{\n {2}"resourceType": "Patient",\n/,
    },
    {
      name: '_pretty=false does not',
      given: [stored],
      when: get('/Patient/{own}?_pretty=false'),
      status: 200,
      text: /^\{"resourceType":"Patient",/,
    },
    {
      name: '_pretty=true breaks lines of XML',
      given: [stored],
      when: get('/Patient/{own}?_pretty=true&_format=xml'),
      status: 200,
      text: /<Patient xmlns="http:\/\/hl7\.org\/fhir">\n\s+<id value="[^"]+"\/>\n/,
    },
    {
      name: '_pretty keeps the digits',
      given: [put('/Observation/{own}', measuredText)],
      when: get('/Observation/{own}?_pretty=true'),
      status: 200,
      text: /"value": 1\.00,\n/,
    },
  ],
};

/** Long enough that it is worth compressing. */
const big = { ...person, name: [{ text: '张'.repeat(4000) }] };
const compressed = (coding: string, expected: string | undefined): Table['cases'][number] => ({
  name: `Accept-Encoding: ${coding}`,
  given: [put('/Patient/{own}', big)],
  when: get('/Patient/{own}', { 'accept-encoding': coding }),
  status: 200,
  headers: { 'content-encoding': expected, 'last-modified': imfDate, etag: 'W/"1"' },
  body: { id: '{own}', name: [{ text: big.name[0]?.text }] },
});
const sent = (encoding: 'gzip' | 'br' | 'deflate'): Table['cases'][number] => ({
  name: `Content-Encoding: ${encoding} is undone`,
  when: { ...put('/Patient/{own}', big), encoding },
  status: 201,
  body: { name: [{ text: big.name[0]?.text }] },
});

const coding: Table = {
  section: 'RFC 9110 8.4 (content codings)',
  cases: [
    compressed('gzip', 'gzip'),
    compressed('br', 'br'),
    compressed('identity', undefined),
    compressed('gzip;q=0', undefined),
    {
      name: 'an answer that may be compressed says that it varies',
      given: [put('/Patient/{own}', big)],
      when: get('/Patient/{own}', { 'accept-encoding': 'gzip' }),
      status: 200,
      headers: { vary: /accept-encoding/i },
    },
    sent('gzip'),
    sent('br'),
    sent('deflate'),
    {
      name: 'a body that is not what its Content-Encoding says is refused',
      when: put('/Patient/{own}', person, { 'content-encoding': 'gzip' }),
      status: 400,
      issue: issue(/^(structure|invalid|value)$/, undefined, /gzip|Content-Encoding/),
    },
    {
      name: 'an unknown Content-Encoding is refused',
      when: put('/Patient/{own}', person, { 'content-encoding': 'zstd-x' }),
      status: 415,
      issue: issue('not-supported', 'unsupported-media-type', /Content-Encoding is zstd-x.*expected.*gzip/),
    },
  ],
};

export const suites: readonly Suite[] = [{ tables: [negotiation, bodies, version, general, coding] }];
