import t from 'tap';
import { readHttpDate } from '#http/request/http-date.ts';

t.test('RFC 9110 5.6.7: the three forms of a date, and what is none', async (t) => {
  const moment = Date.UTC(1994, 10, 6, 8, 49, 37);
  for (const text of ['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994']) {
    t.equal(Date.parse(readHttpDate(text) ?? ''), moment, text);
  }
  const none = [
    '',
    '0',
    '1994',
    '1994-11-06T08:49:37Z',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 06 Nov 1994 08:49:37 +0800',
  ];
  for (const text of [...none, 'sun, 06 nov 1994 08:49:37 GMT', 'Sun, 6 Nov 1994 08:49:37 GMT', undefined]) {
    t.equal(readHttpDate(text), undefined, `${text}`);
  }
});
