import t from 'tap';
import { pretty } from '#http/response/pretty.ts';

t.test('each member and item has a line of its own, and every digit stays', async (t) => {
  t.equal(
    pretty('{"a":[1.00,"x,{\\"}"],"b":{"c":true}}'),
    '{\n  "a": [\n    1.00,\n    "x,{\\"}"\n  ],\n  "b": {\n    "c": true\n  }\n}',
  );
});

t.test('what nests deeper than sixteen levels stays on one line', async (t) => {
  const json = `${'{"a":['.repeat(20)}1,2${']}'.repeat(20)}`;
  const text = pretty(json);
  t.equal(Math.max(...text.split('\n').map((line) => line.search(/\S|$/))), 32);
  t.match(text, /^ {32}\{.*1,2.*\}$/m);
  t.equal(JSON.stringify(JSON.parse(text)), json);
});
