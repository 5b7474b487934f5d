import { deepStrictEqual } from 'node:assert';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { parseResource, stringify } from '#fhir/json/json.ts';
import { loadDefinitions } from '#fhir/model/definitions.ts';
import { elementAt, modelTypes } from '#fhir/model/model.ts';
import { layoutAt } from '#fhir/xml/layout.ts';
import { parseXml } from '#fhir/xml/read.ts';
import { toXml } from '#fhir/xml/write.ts';

const root = join(import.meta.dirname, '../../../..');
const declaration = '<?xml version="1.0" encoding="UTF-8"?>';
const xmlns = 'xmlns="http://hl7.org/fhir"';
const xhtml = 'xmlns="http://www.w3.org/1999/xhtml"';

const patient = (inner: string): string => `<Patient ${xmlns}>${inner}</Patient>`;
const narrated = (div: string): string => patient(`<text><status value="generated"/>${div}</text>`);
const read = (xml: string): unknown => parseXml(Buffer.from(xml), 100);

/** The same resource in JSON and XML, each exactly as the server writes it. */
const pairs: [name: string, json: string, xml: string][] = [
  ['an empty resource', '{"resourceType":"Patient"}', `<Patient ${xmlns}/>`],
  [
    'id of a resource, of an element and of a primitive',
    '{"resourceType":"Patient","id":"p1","_id":{"id":"a"},"name":[{"id":"b","family":"Li","_family":{"id":"c"}}]}',
    patient('<id id="a" value="p1"/><name id="b"><family id="c" value="Li"/></name>'),
  ],
  [
    'arrays where R4 lets an element repeat, with one item too',
    '{"resourceType":"Patient","name":[{"family":"Li","given":["a"]},{"given":["b","c"]}],"gender":"male"}',
    patient(
      '<name><family value="Li"/><given value="a"/></name><name><given value="b"/><given value="c"/></name><gender value="male"/>',
    ),
  ],
  [
    'extensions of a primitive, with and without a value',
    '{"resourceType":"Patient","birthDate":"2000","_birthDate":{"id":"x","extension":[{"url":"u","valueCode":"c"}]},"_deceasedBoolean":{"extension":[{"url":"u","valueInteger":1}]}}',
    patient(
      '<birthDate id="x" value="2000"><extension url="u"><valueCode value="c"/></extension></birthDate><deceasedBoolean><extension url="u"><valueInteger value="1"/></extension></deceasedBoolean>',
    ),
  ],
  [
    'nulls where an item has no value, or no extension',
    '{"resourceType":"Patient","name":[{"given":["a",null,"b"],"_given":[null,{"extension":[{"url":"u","valueDecimal":1.00}]},{"id":"i"}]}]}',
    patient(
      '<name><given value="a"/><given><extension url="u"><valueDecimal value="1.00"/></extension></given><given id="i" value="b"/></name>',
    ),
  ],
  [
    'trailing items without extensions',
    '{"resourceType":"Patient","name":[{"given":["a","b","c"],"_given":[{"id":"i"},null,null]}]}',
    patient('<name><given id="i" value="a"/><given value="b"/><given value="c"/></name>'),
  ],
  [
    'a list of extensions alone',
    '{"resourceType":"Patient","name":[{"given":[null],"_given":[{"extension":[{"url":"u","valueBoolean":true}]}]}]}',
    patient('<name><given><extension url="u"><valueBoolean value="true"/></extension></given></name>'),
  ],
  [
    'two of them, each in its place',
    '{"resourceType":"Patient","name":[{"given":[null,null],"_given":[{"extension":[{"url":"u","valueInteger":1}]},{"extension":[{"url":"u","valueInteger":2}]}]}]}',
    patient(
      '<name><given><extension url="u"><valueInteger value="1"/></extension></given><given><extension url="u"><valueInteger value="2"/></extension></given></name>',
    ),
  ],
  [
    'a list of numbers',
    '{"resourceType":"Claim","item":[{"sequence":1,"careTeamSequence":[1,2,1e1]}]}',
    `<Claim ${xmlns}><item><sequence value="1"/><careTeamSequence value="1"/><careTeamSequence value="2"/><careTeamSequence value="1e1"/></item></Claim>`,
  ],
  [
    'every digit of a decimal',
    `{"resourceType":"Basic","extension":[${['1.00', '0.10', '1e2', '1E+2', '-0', '-0.0', '0', '123456789012345678901', '0.1000000000000000055', '-5.60', '7'].map((n) => `{"url":"u","valueDecimal":${n}}`).join(',')}]}`,
    `<Basic ${xmlns}>${['1.00', '0.10', '1e2', '1E+2', '-0', '-0.0', '0', '123456789012345678901', '0.1000000000000000055', '-5.60', '7'].map((n) => `<extension url="u"><valueDecimal value="${n}"/></extension>`).join('')}</Basic>`,
  ],
  [
    'choices',
    '{"resourceType":"Observation","effectiveDateTime":"2025-01-31T08:00:00+08:00","valueQuantity":{"value":5.60,"unit":"mmol/L"},"component":[{"valueString":"x"}]}',
    `<Observation ${xmlns}><effectiveDateTime value="2025-01-31T08:00:00+08:00"/><valueQuantity><value value="5.60"/><unit value="mmol/L"/></valueQuantity><component><valueString value="x"/></component></Observation>`,
  ],
  [
    'elements that are defined elsewhere, at any depth',
    '{"resourceType":"Questionnaire","item":[{"linkId":"1","item":[{"linkId":"1.1","item":[{"linkId":"1.1.1","required":false}]}]}]}',
    `<Questionnaire ${xmlns}><item><linkId value="1"/><item><linkId value="1.1"/><item><linkId value="1.1.1"/><required value="false"/></item></item></item></Questionnaire>`,
  ],
  [
    'an element named resourceType, and extensions in extensions',
    '{"resourceType":"ExampleScenario","instance":[{"extension":[{"id":"e","url":"u","extension":[{"url":"v","valueReference":{"reference":"Patient/1"}}]}],"resourceId":"1","resourceType":"Patient"}]}',
    `<ExampleScenario ${xmlns}><instance><extension id="e" url="u"><extension url="v"><valueReference><reference value="Patient/1"/></valueReference></extension></extension><resourceId value="1"/><resourceType value="Patient"/></instance></ExampleScenario>`,
  ],
  [
    'contained resources',
    '{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o"},{"resourceType":"Basic","id":"b","extension":[{"url":"u","valueDecimal":1.0}]}],"managingOrganization":{"reference":"#o"}}',
    patient(
      '<contained><Organization><id value="o"/></Organization></contained><contained><Basic><id value="b"/><extension url="u"><valueDecimal value="1.0"/></extension></Basic></contained><managingOrganization><reference value="#o"/></managingOrganization>',
    ),
  ],
  [
    'a Bundle',
    '{"resourceType":"Bundle","type":"transaction","link":[{"relation":"self","url":"u"}],"entry":[{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient","active":true},"request":{"method":"POST","url":"Patient"}},{"link":[{"relation":"x","url":"y"}],"request":{"method":"GET","url":"Patient/1"},"response":{"status":"200","outcome":{"resourceType":"OperationOutcome"}}}]}',
    `<Bundle ${xmlns}><type value="transaction"/><link><relation value="self"/><url value="u"/></link><entry><fullUrl value="urn:uuid:1"/><resource><Patient><active value="true"/></Patient></resource><request><method value="POST"/><url value="Patient"/></request></entry><entry><link><relation value="x"/><url value="y"/></link><request><method value="GET"/><url value="Patient/1"/></request><response><status value="200"/><outcome><OperationOutcome/></outcome></response></entry></Bundle>`,
  ],
  [
    'Parameters with resources and parts',
    '{"resourceType":"Parameters","parameter":[{"name":"a","valueDecimal":1.50},{"name":"b","resource":{"resourceType":"Patient","id":"1"}},{"name":"c","part":[{"name":"d","valueCoding":{"code":"x"}},{"name":"e","resource":{"resourceType":"Basic"}}]}]}',
    `<Parameters ${xmlns}><parameter><name value="a"/><valueDecimal value="1.50"/></parameter><parameter><name value="b"/><resource><Patient><id value="1"/></Patient></resource></parameter><parameter><name value="c"/><part><name value="d"/><valueCoding><code value="x"/></valueCoding></part><part><name value="e"/><resource><Basic/></resource></part></parameter></Parameters>`,
  ],
  [
    'characters that XML has uses for',
    '{"resourceType":"Patient","name":[{"text":" a\\t\\r\\n\\"b\\" <c> & \'d\' ]]> \u00a0长宁区 \ud83d\ude00"}]}',
    patient(
      '<name><text value=" a&#9;&#13;&#10;&quot;b&quot; &lt;c&gt; &amp; \'d\' ]]&gt; \u00a0长宁区 \ud83d\ude00"/></name>',
    ),
  ],
  [
    'a narrative, letter by letter',
    `{"resourceType":"Patient","text":{"id":"n","status":"generated","div":"<div ${xhtml.replaceAll('"', '\\"')} lang='zh'>\\n a &lt; b &amp;&#160;<b\\tclass = \\"x\\" >c</b><br/><br></br>\\r\\n<!-- d --><![CDATA[<]]></div>"}}`,
    patient(
      `<text id="n"><status value="generated"/><div ${xhtml} lang='zh'>\n a &lt; b &amp;&#160;<b\tclass = "x" >c</b><br/><br></br>\r\n<!-- d --><![CDATA[<]]></div></text>`,
    ),
  ],
  [
    'a narrative with namespaces of its own',
    `{"resourceType":"Patient","text":{"status":"generated","div":"<div ${xhtml.replaceAll('"', '\\"')}><svg xmlns='urn:s'><div/></svg><p:q xmlns:p='urn:p' p:r='1'/></div>"}}`,
    narrated(`<div ${xhtml}><svg xmlns='urn:s'><div/></svg><p:q xmlns:p='urn:p' p:r='1'/></div>`),
  ],
];

t.test('the same resource in JSON and in XML (R4 json.html, xml.html)', async (t) => {
  for (const [name, json, xml] of pairs) {
    const value = parseResource(json, 100);
    t.equal(toXml(value), declaration + xml, `${name}: written`);
    t.equal(stringify(read(declaration + xml)), json, `${name}: read`);
    t.doesNotThrow(() => deepStrictEqual(read(xml), value), `${name}: the very value, digits and all`);
  }
});

t.test('every primitive type (R4 datatypes.html)', async (t) => {
  const values: Record<string, string> = {
    base64Binary: '"QUJD"',
    boolean: 'false',
    canonical: '"http://a.example/b|1"',
    code: '"a b"',
    date: '"2025-01"',
    dateTime: '"2025-01-31T00:00:00.000+08:00"',
    decimal: '1.50',
    id: '"a.b-1"',
    instant: '"2025-01-31T00:00:00Z"',
    integer: '-1',
    markdown: '"# a\\n\\n*b*"',
    oid: '"urn:oid:1.2.3"',
    positiveInt: '1',
    string: '"true"',
    time: '"08:00:00"',
    unsignedInt: '0',
    uri: '"urn:a"',
    url: '"http://a.example/?b=1&c=2"',
    uuid: '"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"',
  };
  for (const [type, value] of Object.entries(values)) {
    const key = `value${type.charAt(0).toUpperCase()}${type.slice(1)}`;
    const json = `{"resourceType":"Basic","extension":[{"url":"u","${key}":${value},"_${key}":{"id":"i"}}]}`;
    const xml = toXml(parseResource(json, 100));
    t.match(xml, `<${key} id="i" value="`, type);
    t.equal(stringify(read(xml)), json, type);
  }
});

t.test('order, repetition and choices are those of the StructureDefinitions', async (t) => {
  const { types, resources } = loadDefinitions().structures();
  const structures = [...(types.entry ?? []), ...(resources.entry ?? [])].flatMap((e) => e.resource ?? []);
  const checked = structures.filter(
    (s) =>
      s.derivation === 'specialization' && modelTypes().includes(s.type) && s.kind !== 'primitive-type' && !s.abstract,
  );
  t.ok(checked.length > 180);
  for (const { type, snapshot } of checked) {
    const owners = new Map<string, string[]>();
    for (const { path, base, max, type: choices } of snapshot?.element.slice(1) ?? []) {
      const [, owner = '', name = ''] = /^(.*)\.([^.]*)$/.exec(path) ?? [];
      const keys = (choices ?? []).map(({ code }) => name.replace('[x]', code.charAt(0).toUpperCase() + code.slice(1)));
      // The publisher has added elements that R4 does not have.
      if (![name, ...keys].some((key) => elementAt(owner, key) !== undefined)) continue;
      const line = `${name.replace('[x]', '')} ${(base?.max ?? max) === '1' ? '' : '*'}`;
      owners.set(owner, [...(owners.get(owner) ?? []), line]);
    }
    // The publisher's is that of R5.
    owners.delete('EvidenceVariable.characteristic');
    for (const [owner, expected] of owners) {
      const places = [...(layoutAt(owner)?.values() ?? [])].map((p) => ({
        ...p,
        line: `${p.name} ${p.isArray ? '*' : ''}`,
      }));
      t.same([...new Set(places.map((p) => p.line))], expected, owner);
      t.same([...new Set(places.map((p) => p.order))], [...expected.keys()], `${type}: ${owner}, ranks`);
    }
  }
});

/** Through XML and back, digits and all. */
function roundTrip(t: Test, json: string, name: string): void {
  const value = parseResource(json, 100);
  t.doesNotThrow(() => deepStrictEqual(read(toXml(value)), value), name);
}

t.test('every artefact of the repository survives the way through XML', async (t) => {
  const files = ['profiles', 'terminology'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(root, folder, file)),
  );
  const artefacts = files.filter((file) => file.endsWith('.json'));
  t.ok(artefacts.length > 50);
  for (const file of artefacts) roundTrip(t, readFileSync(file, 'utf8'), file.slice(root.length));
});

t.test('a Bundle of 10,000 entries does too', async (t) => {
  const entry = '{"resource":{"resourceType":"Observation","valueQuantity":{"value":5.60}}}';
  roundTrip(t, `{"resourceType":"Bundle","type":"batch","entry":[${Array(10_000).fill(entry).join(',')}]}`, 'it');
});

const synthea = join(root, '../shared/data/synthea');
const skip = !existsSync(synthea) && process.env.CI !== 'true' && 'no ../shared/data';
t.test('every bundle of Synthea does too', { skip }, async (t) => {
  const files = readdirSync(synthea).filter((file) => file.endsWith('.json.gz'));
  t.equal(files.length, 14);
  for (const file of files) roundTrip(t, gunzipSync(readFileSync(join(synthea, file))).toString(), file);
});
