import t from 'tap';
import { catalogue } from '#error-catalogue';
import { Failure, fail, failIfAny, issue, shown } from '#errors';
import { mask } from '#resident-numbers';

t.test('every entry of the catalogue has a status that fits its issue type', async (t) => {
  for (const [code, { status, type, text }] of Object.entries(catalogue)) {
    t.ok(status >= 400 && status < 600, code);
    if (type === 'not-found') t.ok([404, 412, 422].includes(status), code);
    if (type === 'deleted') t.equal(status, 410, code);
    if (type === 'exception') t.equal(status, 500, code);
    t.match(text, /^[A-Za-z{"].*[.}]$/, code);
  }
});

t.test('texts are filled in, cut, and masked', async (t) => {
  t.equal(issue('deleted', { found: 'Patient/1' }).text, 'Patient/1 was deleted.');
  t.ok(issue('deleted', { found: 'x'.repeat(500) }).text.length < 250);
  for (const [text, masked] of [
    ['11010519491231002X', '110105…'],
    ['id 11010519491231002x.', 'id 110105….'],
    ['110105491231002', '110105…'],
    ['20250131120000', '20250131120000'],
    ['2310105194912310027', '231010…'],
    ['1234567890123456789012', '123456…'],
  ] as const) {
    t.equal(mask(text), masked);
    t.equal(issue('not-found', { found: text }).text, `${masked} does not exist.`);
  }
});

t.test('a failure has the status of its first error; warnings alone are none', async (t) => {
  const warning = issue('unknown-profile', { found: 'x' }, 'Patient.meta.profile[0]', 'warning');
  const error = issue('deleted', { found: 'Patient/1' });
  t.equal(failIfAny([warning]), undefined);
  t.equal(failIfAny([warning, error])?.status, 410);
  t.ok(fail('internal', { found: 'x' }) instanceof Failure);
});

t.test('the place of an issue is masked and cut as well', async (t) => {
  t.equal(issue('deleted', { found: 'x' }, 'Patient.11010519491231002X').expression, 'Patient.110105…');
  t.ok((issue('deleted', { found: 'x' }, 'x'.repeat(5000)).expression ?? '').length < 1100);
});

t.test('a value of the client in a text', async (t) => {
  for (const [value, text] of [
    ['a', 'a'],
    [1, '1'],
    [null, 'null'],
    [undefined, 'missing'],
    [[{ toString: 1 }], 'a list'],
    [{ toString: 1 }, 'an object'],
  ] as const) {
    t.equal(shown(value), text);
  }
});
