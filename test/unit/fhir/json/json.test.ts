import t from 'tap';
import { Failure } from '#errors';
import { parseJson, parseResource, stringify } from '#fhir/json/json.ts';

t.test('every digit of a number comes back (R4 json.html, decimal)', async (t) => {
  for (const text of [
    '1.00',
    '0.10',
    '1e2',
    '1E+2',
    '-0',
    '-0.0',
    '123456789012345678901',
    '3.14',
    '7',
    '0.1000000000000000055',
  ]) {
    t.equal(stringify(parseJson(`{"a":[{"b":${text}}]}`, 100)), `{"a":[{"b":${text}}]}`, text);
  }
});

t.test('digits survive a copy by spreading and are dropped when the number changes', async (t) => {
  const value = parseJson('{"valueQuantity":{"value":5.60,"unit":"mmol/L"}}', 100) as {
    valueQuantity: { value: number };
  };
  t.equal(stringify({ ...value, id: 'x' }), '{"valueQuantity":{"value":5.60,"unit":"mmol/L"},"id":"x"}');
  value.valueQuantity.value = 5.7;
  t.equal(stringify(value), '{"valueQuantity":{"value":5.7,"unit":"mmol/L"}}');
});

t.test('order of keys, escapes and Chinese text are kept', async (t) => {
  const text = '{"z":"长宁区","a":"\\"\\\\n","__proto__":{"x":1}}';
  t.equal(stringify(parseJson(text, 100)), text);
});

t.test('what is refused, and how it is named', async (t) => {
  const cases: [body: string | Uint8Array, code: string, expression: string | undefined, text: RegExp][] = [
    ['{"a":1,"a":2}', 'duplicate-key', 'a', /"a" stands twice/],
    ['{"name":[{"given":["x"]},{"use":"a","use":"b"}]}', 'duplicate-key', 'name[1].use', /"use"/],
    ['{"a":"\\"a\\":1","a" :2}', 'duplicate-key', 'a', /"a"/],
    [`{"a":1,"a"${' '.repeat(200)}:2}`, 'duplicate-key', 'a', /"a"/],
    ['{"resourceType":"Patient","a":{"b":1,"b":2}}', 'duplicate-key', 'Patient.a.b', /"b"/],
    ['{"resourceType":"a b","a":1,"a":2}', 'duplicate-key', 'a', /"a"/],
    ['{"a":', 'malformed-json', undefined, /Unexpected end/],
    ['{"a" 1}', 'malformed-json', undefined, /line 1, column 6/],
    ['{"a":1,\n "b":}', 'malformed-json', undefined, /unexpected token/],
    ['{1.00:1}', 'malformed-json', undefined, /line 1, column 2/],
    ['', 'malformed-json', undefined, /it is empty/],
    ['{"a":1e999}', 'bad-text', 'a', /out of range/],
    [`${'['.repeat(101)}${']'.repeat(101)}`, 'nesting-too-deep', undefined, /100/],
    [Uint8Array.of(0x22, 0xff, 0x22), 'invalid-utf8', undefined, /UTF-8/],
  ];
  for (const [body, code, expression, text] of cases) {
    const result = parseJson(body, 100);
    t.ok(result instanceof Failure, String(body).slice(0, 40));
    if (!(result instanceof Failure)) continue;
    t.equal(result.issues[0].code, code);
    t.equal(result.issues[0].expression, expression);
    t.match(result.issues[0].text, text);
    t.equal(result.status, 400);
  }
});

t.test('a fault never quotes the text around it', async (t) => {
  const result = parseJson('{"value":"310105194912310027" oops}', 100);
  t.ok(result instanceof Failure && !result.issues[0].text.includes('3101'));
});

t.test(
  'strings of a resource hold no control characters and no lone surrogates (R4 datatypes.html, string)',
  async (t) => {
    for (const sequence of ['\\u0000', '\\u0007', '\\ud800', '\\udc00x', '\\b', '\\f']) {
      const result = parseResource(`{"name":[{"text":"a${sequence}"}]}`, 100);
      t.ok(result instanceof Failure && result.issues[0].expression === 'name[0].text', sequence);
      t.notOk(parseJson(`{"name":[{"text":"a${sequence}"}]}`, 100) instanceof Failure, 'the reader alone takes it');
    }
    for (const fine of ['\\t', '\\r\\n', '\\u4e2d', '\\ud83d\\ude00']) {
      t.notOk(parseResource(`{"text":"${fine}"}`, 100) instanceof Failure, fine);
    }
  },
);

t.test('keys of a resource neither, nor `__proto__`', async (t) => {
  const cases: [body: string, expression: string, text: RegExp][] = [
    ['{"\\u0001":1}', '', /a character in a key/],
    ['{"meta":{"\\u0001":0}}', 'meta', /a character in a key/],
    ['{"name":[{"\\ud800":1}]}', 'name[0]', /a character in a key/],
    ['{"meta":{"__proto__":{"a":1}}}', 'meta', /"__proto__"/],
    ['{"\\u005f_proto__":1}', '', /"__proto__"/],
  ];
  for (const [body, expression, text] of cases) {
    const result = parseResource(body, 100);
    t.ok(result instanceof Failure && result.issues[0].code === 'bad-text', body);
    if (!(result instanceof Failure)) continue;
    t.equal(result.issues[0].expression, expression, body);
    t.match(result.issues[0].text, text, body);
  }
  t.notOk(parseResource('{"a":"__proto__"}', 100) instanceof Failure, 'a value may be anything');
});

t.test('of many faults the first hundred are told, and that there are more', async (t) => {
  const many = (one: string) => Array.from({ length: 150_000 }, () => one).join(',');
  for (const body of [
    `{${many('"a":1')}}`,
    `[${many('"\\u0000"')}]`,
    `[${many('1e999')}]`,
    `{${many('"__proto__":1')}}`,
  ]) {
    const result = parseResource(body, 100);
    t.ok(result instanceof Failure, body.slice(0, 20));
    if (!(result instanceof Failure)) continue;
    t.equal(result.issues.length, 101, body.slice(0, 20));
    t.equal(result.issues.at(-1)?.code, 'more-issues');
  }
});

t.test('a body has as many values as a server can hold, counted by commas and brackets', async (t) => {
  const list = (one: string, length: number) => `{"x":[${`${one},`.repeat(length - 1)}${one}]}`;
  const cases: [name: string, body: string, refused: boolean][] = [
    ['numbers with digits of their own', list('1.0', 5_000_001), true],
    ['empty objects', list('{}', 2_500_001), true],
    ['commas in a text', list(`"${','.repeat(5_000_000)}"`, 2), false],
    ['a long list of ordinary length', list('1.0', 100_000), false],
  ];
  for (const [name, body, refused] of cases) {
    const result = parseResource(body, 100);
    t.equal(result instanceof Failure, refused, name);
    if (!(result instanceof Failure)) continue;
    t.match(result, { status: 413, issues: [{ code: 'too-many-values', text: /5000000/ }] }, name);
  }
  t.notOk(parseJson(list('{}', 2_500_001), 100) instanceof Failure, 'an answer of the server may have more');
});
