import t from 'tap';
import { Failure } from '#errors';
import { parseResource, stringify } from '#fhir/json/json.ts';
import { parseXml } from '#fhir/xml/read.ts';
import { toXml } from '#fhir/xml/write.ts';

const declaration = '<?xml version="1.0" encoding="UTF-8"?>';
const xmlns = 'xmlns="http://hl7.org/fhir"';
const xhtml = 'xmlns="http://www.w3.org/1999/xhtml"';

const patient = (inner: string): string => `<Patient ${xmlns}>${inner}</Patient>`;
const read = (xml: string): unknown => parseXml(Buffer.from(xml), 100);

t.test('elements are written in the order of R4, whatever theirs in JSON', async (t) => {
  const resource = { birthDate: '2000', _gender: { id: 'g' }, name: [{ given: ['b'], id: 'n', family: 'a' }], id: '1' };
  t.equal(
    toXml({ ...resource, resourceType: 'Patient', gender: 'male' }),
    `${declaration}${patient('<id value="1"/><name id="n"><family value="a"/><given value="b"/></name><gender id="g" value="male"/><birthDate value="2000"/>')}`,
  );
});

t.test('pretty XML has a line for each tag and the same content', async (t) => {
  const json = `{"resourceType":"Patient","text":{"status":"generated","div":"<div ${xhtml.replaceAll('"', "'")}>a <b>c</b>\\n</div>"},"active":true}`;
  const xml = toXml(parseResource(json, 100), true);
  t.equal(
    xml,
    `${declaration}\n<Patient ${xmlns}>\n  <text>\n    <status value="generated"/>\n    <div ${xhtml.replaceAll('"', "'")}>a <b>c</b>\n</div>\n  </text>\n  <active value="true"/>\n</Patient>\n`,
  );
  t.equal(stringify(read(xml)), json);
});

t.test('what R4 does not define is left out', async (t) => {
  const odd = {
    resourceType: 'Patient',
    '"/><script/>': 'x',
    constructor: 'x',
    surprise: [{ a: 1 }],
    active: { a: 1 },
    name: ['x', {}, { family: '', given: [null, 'a'] }, null],
    gender: null,
    birthDate: 2000,
    _photo: [{ id: 'a' }],
    contained: [{ resourceType: 'Surprise' }, { a: 1 }, 'x'],
    text: { status: 'generated', div: 1 },
  };
  t.equal(
    toXml(odd),
    declaration +
      patient('<text><status value="generated"/></text><name><given value="a"/></name><birthDate value="2000"/>'),
  );
  t.equal(
    toXml({ resourceType: 'Patient', language: 'a\u0000\ufffe\ud800b' }),
    declaration + patient('<language value="a\ufffd\ufffd\ufffdb"/>'),
    'characters that XML cannot write',
  );
  for (const none of [undefined, [], 'x', {}, { resourceType: 'Surprise' }]) t.throws(() => toXml(none));
});

t.test('a narrative is written as it is if it can stand in XML, else as its text', async (t) => {
  const cases: [div: string, written: string][] = [
    ['<div>a</div>', `<div ${xhtml}>a</div>`],
    ['<div/>', `<div ${xhtml}/>`],
    ['<div lang="zh">a<div>b</div></div>', `<div ${xhtml} lang="zh">a<div>b</div></div>`],
    [`<div lang="zh" ${xhtml}>a</div>`, `<div lang="zh" ${xhtml}>a</div>`],
    ['<div>a&nbsp;b</div>', `<div ${xhtml}>a&#160;b</div>`],
    ['<div>a<br></div>', `<div ${xhtml}>&lt;div&gt;a&lt;br&gt;&lt;/div&gt;</div>`],
    ['<div>&copy;</div>', `<div ${xhtml}>&lt;div&gt;&amp;copy;&lt;/div&gt;</div>`],
    ['<div xmlns="urn:a">a</div>', `<div ${xhtml}>&lt;div xmlns=&quot;urn:a&quot;&gt;a&lt;/div&gt;</div>`],
    ['<div xmlns="">a</div>', `<div ${xhtml}>&lt;div xmlns=&quot;&quot;&gt;a&lt;/div&gt;</div>`],
    ['<div><p:a/></div>', `<div ${xhtml}>&lt;div&gt;&lt;p:a/&gt;&lt;/div&gt;</div>`],
    ['<p>a</p>', `<div ${xhtml}>&lt;p&gt;a&lt;/p&gt;</div>`],
    ['a', `<div ${xhtml}>a</div>`],
    ['<?xml version="1.0"?><div/>', `<div ${xhtml}>&lt;?xml version=&quot;1.0&quot;?&gt;&lt;div/&gt;</div>`],
    ['<!DOCTYPE div><div/>', `<div ${xhtml}>&lt;!DOCTYPE div&gt;&lt;div/&gt;</div>`],
    ['<div><?a b?></div>', `<div ${xhtml}>&lt;div&gt;&lt;?a b?&gt;&lt;/div&gt;</div>`],
    ['<!-- <div --><div/>', `<div ${xhtml}>&lt;!-- &lt;div --&gt;&lt;div/&gt;</div>`],
    ['<div/></text><active value="true"/><text>', undefined],
    ['<div/><div/>', undefined],
    ['<div></div', undefined],
    [`${'<div>'.repeat(100_000)}`, undefined],
  ].map(([div = '', written]) => [
    div,
    written ?? `<div ${xhtml}>${div.replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')}</div>`,
  ]);
  for (const [div, written] of cases) {
    const xml = toXml({ resourceType: 'Patient', text: { div } });
    t.equal(xml, declaration + patient(`<text>${written}</text>`), div.slice(0, 100));
    t.notOk(read(xml) instanceof Failure, `and read again: ${div.slice(0, 100)}`);
  }
});

t.test(
  'pretty XML deeper than sixteen tags stays on one line, so that an answer cannot grow without end',
  async (t) => {
    const nested = (depth: number): object =>
      depth === 0 ? { url: 'u', valueString: 'a' } : { url: 'u', extension: [nested(depth - 1), nested(0)] };
    const resource = { resourceType: 'Patient', extension: [nested(30)] };
    const xml = toXml(resource, true);
    const indents = xml.split('\n').map((line) => line.search(/\S|$/));
    t.equal(Math.max(...indents), 32);
    t.equal(xml.replace(/\n */g, ''), toXml(resource));
    t.equal(stringify(read(xml)), stringify(resource));
  },
);
