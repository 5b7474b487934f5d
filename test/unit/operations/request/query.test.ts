import t from 'tap';
import { Failure } from '#errors';
import { decodePath, readHeaderText, readQuery } from '#operations/request/query.ts';

const text = (failure: unknown): string | undefined =>
  failure instanceof Failure ? failure.issues.map((i) => i.text).join(' ') : undefined;

t.test('what can be read is read as URLSearchParams reads it', (t) => {
  const queries = [
    '',
    '&',
    'a',
    'a=',
    '=b',
    'a=b=c',
    'a=1&&b=2&',
    'a+b=c+d',
    'a=%2B%20%26%3D%25',
    'name=%E6%B2%AA%F0%A0%AE%B7',
    'name=沪𠮷',
    'a=%ef%bf%bd',
    'a=%00',
    'a=#b',
    'a=1&a=2',
  ];
  for (const query of queries) t.same(readQuery(query), [...new URLSearchParams(query)], query);
  t.end();
});

t.test('all else is refused, with its place and the fault, and never what stands before it', (t) => {
  const table: readonly (readonly [query: string, told: readonly RegExp[]])[] = [
    ['a=%31%30%FF', [/The parameter "a" has the byte %FF/]],
    ['a=%', [/"a" has a % that begins no escape/]],
    ['a=%4', [/begins no escape/]],
    ['a=%4g', [/begins no escape/]],
    ['a=\ud83d', [/"a" has half a character/]],
    ['b=1&%FF=2', [/The name of parameter 2 has the byte %FF/]],
    ['a=%E6%B2&b=1&c=%F5', [/"a" has the byte %E6/, /"c" has the byte %F5/]],
    ['a=%ED%A0%80', [/the byte %ED/]],
    ['a=%EF%BF%BD%C1%81', [/the byte %C1/]],
  ];
  for (const [query, told] of table) {
    const failure = readQuery(query, 'Bundle.entry[0].request.url');
    for (const pattern of told) t.match(text(failure), pattern, query);
    t.notMatch(text(failure), /%3[01]|10/, query);
    if (failure instanceof Failure) t.equal(failure.issues[0].expression, 'Bundle.entry[0].request.url');
  }
  t.end();
});

t.test('paths and headers', (t) => {
  t.equal(decodePath('Patient/%24match'), 'Patient/$match');
  t.equal(decodePath('Patient/a+b'), 'Patient/a+b', 'a + is itself in a path');
  for (const path of ['%FF', '%zz', '%2541', '\udc00%41']) t.match(text(decodePath(path)), /^The path has/, path);
  const latin1 = (utf8: string) => Buffer.from(utf8).toString('latin1');
  for (const value of ['', 'a=b', '沪A-1', '\ufeffa', '𠮷']) t.equal(readHeaderText('X', latin1(value)), value);
  for (const value of ['\xff', 'a\xe6\xb2', '\xc0\xaf'])
    t.match(text(readHeaderText('X', value)), /^The header X has the byte/);
  t.end();
});
