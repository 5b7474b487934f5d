import t from 'tap';
import { Failure } from '#errors';
import { parseResource, stringify } from '#fhir/json/json.ts';
import { parseXml } from '#fhir/xml/read.ts';

const xmlns = 'xmlns="http://hl7.org/fhir"';
const xhtml = 'xmlns="http://www.w3.org/1999/xhtml"';

const patient = (inner: string): string => `<Patient ${xmlns}>${inner}</Patient>`;
const narrated = (div: string): string => patient(`<text><status value="generated"/>${div}</text>`);
const read = (xml: string, maxDepth = 100): unknown => parseXml(Buffer.from(xml), maxDepth);

function issuesOf(xml: string, maxDepth = 100): string[] {
  const result = read(xml, maxDepth);
  return result instanceof Failure ? result.issues.map((i) => [i.code, i.expression ?? '-', i.text].join(' ')) : [];
}

t.test('what else is read', async (t) => {
  const active = '{"resourceType":"Patient","active":true}';
  const accepted: [xml: string, json: string][] = [
    [`\ufeff<?xml version='1.0' encoding='utf-8' standalone='yes'?>\r\n${patient('<active value="true"/>')}\n`, active],
    [patient('<active value="true"/>'), active],
    [`<!-- a -->${patient('<!-- b -->\n\t<active value="true"><!-- c --></active>\r\n')}<!-- d -->`, active],
    [`<f:Patient xmlns:f="http://hl7.org/fhir"><f:active value='true'></f:active></f:Patient>`, active],
    [patient(`<active ${xmlns} value="true"/>`), active],
    [patient('<multipleBirthInteger value="+2"/>'), '{"resourceType":"Patient","multipleBirthInteger":2}'],
    [patient('<language value="&#x7a;&#104;\n\t&apos;"/>'), `{"resourceType":"Patient","language":"zh  '"}`],
    [
      `<f:Patient xmlns:f="http://hl7.org/fhir" ${xhtml}><f:text><div>x</div></f:text></f:Patient>`,
      `{"resourceType":"Patient","text":{"div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\">x</div>"}}`,
    ],
  ];
  for (const [xml, json] of accepted) t.equal(stringify(read(xml)), json, xml);
});

t.test('what is no XML, or more than FHIR allows in it, is refused; the text tells where, never what', async (t) => {
  const cases: [xml: string | Uint8Array, code: string, text: RegExp][] = [
    ['', 'malformed-xml', /it is empty/],
    [' \r\n', 'malformed-xml', /it is empty/],
    ['secret', 'malformed-xml', /outside of root node at line 1, column \d+/],
    ['{"resourceType":"Patient"}', 'malformed-xml', /outside of root/],
    [`<Patient ${xmlns}>`, 'malformed-xml', /unclosed tag at/],
    [`<Patient ${xmlns}>\n</secret>`, 'malformed-xml', /unexpected close tag at line 2, column 9/],
    [patient('') + patient(''), 'malformed-xml', /only one root/],
    [patient('<active value="true" value="true"/>'), 'malformed-xml', /duplicate attribute at/],
    [patient('<active value=true/>'), 'malformed-xml', /unquoted/],
    [patient('<active value="<"/>'), 'malformed-xml', /disallowed character/],
    [`<!DOCTYPE Patient>${patient('')}`, 'malformed-xml', /document type is not allowed/],
    [`<!DOCTYPE a [<!ENTITY b SYSTEM "file:///secret">]>${patient('&b;')}`, 'malformed-xml', /document type/],
    [`<!DOCTYPE a [<!ENTITY b "b"><!ENTITY c "&b;&b;">]>${patient('&c;')}`, 'malformed-xml', /document type/],
    [patient('<language value="&secret;"/>'), 'malformed-xml', /undefined entity at/],
    [patient('<language value="&constructor;"/>'), 'malformed-xml', /undefined entity/],
    [narrated(`<div ${xhtml}>&nbsp;</div>`), 'malformed-xml', /undefined entity/],
    [`<?xml-stylesheet href="secret"?>${patient('')}`, 'malformed-xml', /processing instruction/],
    [patient('<?php secret ?>'), 'malformed-xml', /processing instruction/],
    [narrated(`<div ${xhtml}><?php secret ?></div>`), 'malformed-xml', /processing instruction/],
    [`<?xml version="1.1"?>${patient('')}`, 'malformed-xml', /version is not 1.0/],
    [`<?xml version="1.0" encoding="GB18030"?>${patient('')}`, 'malformed-xml', /encoding is not UTF-8/],
    [`<?xml version="1.0" encoding="UTF-16"?>${patient('')}`, 'malformed-xml', /encoding is not UTF-8/],
    [Buffer.from(`\ufeff${patient('')}`, 'utf16le'), 'invalid-utf8', /UTF-8/],
    [Uint8Array.of(0x3c, 0xff), 'invalid-utf8', /UTF-8/],
    [patient('<language value="a\u0007"/>'), 'malformed-xml', /disallowed character/],
    [patient('<language value="a\ufffe"/>'), 'malformed-xml', /disallowed character/],
    ...['#0', '#7', '#x1F', '#xD800', '#xDFFF', '#xFFFF', '#x110000', '#xx'].map(
      (ref) =>
        [patient(`<language value="a&${ref};"/>`), 'malformed-xml', /malformed character/] as [string, string, RegExp],
    ),
    [patient('<x:active value="true"/>'), 'malformed-xml', /namespace is not declared/],
    [patient('<active x:value="true"/>'), 'malformed-xml', /namespace is not declared/],
    [patient('<a:b:c xmlns:a="urn:a"/>'), 'malformed-xml', /namespace is not declared/],
    [patient('<a:1 xmlns:a="urn:a"/>'), 'malformed-xml', /namespace is not declared/],
    [patient('<name xmlns:1="urn:a"/>'), 'malformed-xml', /namespace is not declared/],
    [patient('<name xmlns:a=""/>'), 'malformed-xml', /namespace is not declared/],
    [patient('<name xmlns:xml="urn:a"/>'), 'malformed-xml', /namespace is not declared/],
    [patient('<name xmlns:a="urn:a" xmlns:b="urn:a" a:c="1" b:c="2"/>'), 'malformed-xml', /namespace is not declared/],
  ];
  for (const [xml, code, text] of cases) {
    const result = parseXml(Buffer.from(xml as string), 100);
    t.ok(result instanceof Failure, String(xml));
    if (!(result instanceof Failure)) continue;
    t.equal(result.status, 400, String(xml));
    t.match(result.issues.at(-1), { code, text }, String(xml));
    t.notMatch(stringify(result.issues), /secret/, String(xml));
  }
});

t.test('a prefix is known in the element that declares it, and no further', async (t) => {
  t.notOk(read(patient('<f:name xmlns:f="http://hl7.org/fhir"><f:family value="x"/></f:name>')) instanceof Failure);
  t.match(issuesOf(patient('<f:active xmlns:f="http://hl7.org/fhir" value="true"/><f:gender value="male"/>')), [
    /malformed-xml - .*namespace/,
  ]);
});

t.test('what does not stand as R4 defines it is refused and named', async (t) => {
  const cases: [xml: string, ...issues: RegExp[]][] = [
    ['<Patient/>', /^wrong-xml - Found the element Patient, .* expected a resource of R4, in the namespace/],
    ['<Patient xmlns="urn:a"/>', /^wrong-xml - Found the element Patient/],
    [`<Nothing ${xmlns}/>`, /^wrong-xml - Found the element Nothing, which is no resource at line 1, column \d+/],
    [`<DomainResource ${xmlns}/>`, /^wrong-xml - Found the element DomainResource/],
    [`<HumanName ${xmlns}/>`, /^wrong-xml - Found the element HumanName/],
    [patient('<nothing><a b="c">d</a></nothing>'), /^wrong-xml Patient\.nothing .* not defined .* one of id, meta, /],
    [patient('<name><_family value="x"/></name>'), /^wrong-xml Patient\.name\[0\]\._family .* one of extension, use, /],
    [
      patient('<extension><url value="u"/></extension>'),
      /^wrong-xml Patient\.extension\[0\]\.url .* one of extension, /,
    ],
    [
      patient('<active value="true"><value value="1"/></active>'),
      /^wrong-xml Patient\.active\.value .* one of extension\./,
    ],
    [patient('<deceased value="true"/>'), /^wrong-xml Patient\.deceased Found an element that is not defined/],
    [patient('<a:name xmlns:a="urn:a"/>'), /^wrong-xml Patient\.name\[0\] Found an element of another namespace/],
    [patient('secret'), /^wrong-xml Patient Found text at line 1, column 44; expected elements and attributes alone/],
    [patient('<name><family>secret</family></name>'), /^wrong-xml Patient\.name\[0\]\.family Found text/],
    [patient('<name><family value="a"/>\u00a0</name>'), /^wrong-xml Patient\.name\[0\] Found text/],
    [
      patient('<name><![CDATA[secret]]><family value="a"/></name>'),
      /^wrong-xml Patient\.name\[0\] Found a CDATA section/,
    ],
    [patient('').replace('>', ' id="secret">'), /^wrong-xml Patient\.id Found an attribute .* expected none/],
    [patient('<name use="secret"><family value="a"/></name>'), /^wrong-xml Patient\.name\[0\]\.use .* expected id\./],
    [
      patient('<name value="secret"><family value="a"/></name>'),
      /^wrong-xml Patient\.name\[0\]\.value .* expected id\./,
    ],
    [patient('<gender url="secret" value="male"/>'), /^wrong-xml Patient\.gender\.url .* expected id, value\./],
    [patient('<name xml:lang="zh"><family value="a"/></name>'), /^wrong-xml Patient\.name\[0\]\.xml:lang/],
    [
      `<Patient ${xmlns} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="secret"/>`,
      /^wrong-xml Patient\.xsi:schemaLocation/,
    ],
    [
      patient('<gender/>'),
      /^wrong-xml Patient\.gender Found no value .* expected the attribute value, or an extension/,
    ],
    [patient('<gender id="secret"/>'), /^wrong-xml Patient\.gender Found no value/],
    [patient('<gender value=""/>'), /^wrong-xml Patient\.gender Found an empty attribute/],
    [patient('<name id=" "><family value="a"/></name>'), /^wrong-xml Patient\.name\[0\]\.id Found an empty attribute/],
    [patient('<name/>'), /^wrong-xml Patient\.name\[0\] Found an empty element .* expected elements in it/],
    [patient('<name id="a"></name>'), /^wrong-xml Patient\.name\[0\] Found an empty element/],
    [patient('<contained/>'), /^wrong-xml Patient\.contained\[0\] Found an empty element .* expected a resource in it/],
    [patient('<contained><HumanName/></contained>'), /^wrong-xml Patient\.contained\[0\] Found the element HumanName/],
    [patient('<contained><Basic/><Basic/></contained>'), /^wrong-xml Patient\.contained\[0\] Found a second resource/],
    [patient('<active value="1"/>'), /^bad-text Patient\.active Found another value .* expected true or false/],
    [patient('<active value=" true"/>'), /^bad-text Patient\.active/],
    ...['secret', '01', '.5', '5.', '1,5', '0x1', ' 1', '1e', '--1', '+01', 'NaN', 'Infinity'].map(
      (n): [string, RegExp] => [
        patient(`<multipleBirthInteger value="${n}"/>`),
        /^bad-text Patient\.multipleBirth Found no number at line 1, column \d+; expected a number \(integer\)/,
      ],
    ),
    [patient('<multipleBirthInteger value="1e999"/>'), /^bad-text Patient\.multipleBirth Found a number out of range/],
    [
      patient('<extension url="u"><valueDecimal value="+1.0"/></extension>'),
      /^bad-text Patient\.extension\[0\]\.value/,
    ],
    [
      patient('<birthDate value="2000"/>\n<gender value="male"/>'),
      /^wrong-xml Patient\.gender Found it after birthDate at line 2, column 22; expected it before birthDate/,
    ],
    [
      patient('<name><family value="a"/></name><gender value="male"/><name><family value="b"/></name>'),
      /^wrong-xml Patient\.name\[0\] Found it after gender/,
    ],
    [patient('<gender value="male"/><gender value="male"/>'), /^wrong-xml Patient\.gender Found a second one/],
    [
      patient('<deceasedDateTime value="2000"/><deceasedBoolean value="true"/>'),
      /^wrong-xml Patient\.deceased Found a second one .* expected one at most/,
    ],
    [narrated('<div>x</div>'), /^wrong-xml Patient\.text\.div Found an element of another namespace .* xmlns=/],
    [narrated('<h:div xmlns:h="http://www.w3.org/1999/xhtml">x</h:div>'), /^wrong-xml Patient\.text\.div .* no prefix/],
    [
      narrated(`<div ${xhtml}><h:b>x</h:b></div>`).replace('<Patient', '<Patient xmlns:h="urn:h"'),
      /^wrong-xml Patient\.text\.div Found a prefix that is declared outside of the div/,
    ],
    [
      patient(
        '<active value="x"/><name><given value="a"/><given value=""/><given/></name><name><a/><family b="c" value="d"/></name><contained><Patient><birthDate/></Patient></contained>',
      ),
      /^bad-text Patient\.active /,
      /^wrong-xml Patient\.name\[0\]\.given\[1\] Found an empty attribute/,
      /^wrong-xml Patient\.name\[0\]\.given\[2\] Found no value/,
      /^wrong-xml Patient\.name\[1\]\.a /,
      /^wrong-xml Patient\.name\[1\]\.family\.b /,
      /^wrong-xml Patient\.contained\[0\] Found it after name/,
      /^wrong-xml Patient\.contained\[0\]\.birthDate Found no value/,
    ],
    [
      `<Bundle ${xmlns}><entry><resource><Patient><a/></Patient></resource></entry><entry><resource><Patient><b/></Patient></resource></entry>`,
      /^wrong-xml Bundle\.entry\[0\]\.resource\.a /,
      /^wrong-xml Bundle\.entry\[1\]\.resource\.b /,
      /^malformed-xml - .*unclosed tag/,
    ],
  ];
  for (const [xml, ...issues] of cases) {
    const found = issuesOf(xml);
    t.match(found, issues, xml);
    t.equal(found.length, issues.length, xml);
    t.notMatch(found.join(), /secret/, xml);
  }
});

t.test('of many faults the first hundred are told, and that there are more', async (t) => {
  for (const one of ['<a/>', 'b<!-- -->', '<name/>', '<active value="x"/>']) {
    const issues = issuesOf(patient(one.repeat(100_000)));
    t.equal(issues.length, 101, one);
    t.match(issues.at(-1), /^more-issues/, one);
  }
});

t.test('the levels of the JSON count, and those of a narrative', async (t) => {
  const deep = (n: number) => `${'<extension url="u">'.repeat(n)}<valueCode value="x"/>${'</extension>'.repeat(n)}`;
  const cases: [xml: string, levels: number][] = [
    [patient(''), 1],
    [patient('<name><given value="a"/></name>'), 4],
    [patient('<name><given id="b" value="a"/></name>'), 5],
    [patient(`<birthDate>${deep(1)}</birthDate>`), 4],
    [patient(deep(10)), 21],
    [patient(`<contained><Patient>${deep(3)}</Patient></contained>`), 9],
    [narrated(`<div ${xhtml}>${'<b>'.repeat(9)}${'</b>'.repeat(9)}</div>`), 12],
  ];
  for (const [xml, levels] of cases) {
    const value = read(xml, levels);
    t.notOk(value instanceof Failure, `${levels}: ${xml}`);
    if (!xml.includes('<div')) t.notOk(parseResource(stringify(value), levels) instanceof Failure, 'as JSON');
    if (!xml.includes('<div')) t.ok(parseResource(stringify(value), levels - 1) instanceof Failure, 'as JSON');
    t.match(issuesOf(xml, levels - 1), [/^nesting-too-deep/], `${levels}: ${xml}`);
  }
  t.match(issuesOf(patient(`<a>${'<b>'.repeat(1_000_000)}`)).at(-1), /^nesting-too-deep/, 'where nothing is read');
});
