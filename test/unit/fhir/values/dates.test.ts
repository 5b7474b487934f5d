import t from 'tap';
import { clock, earliest, isDate, isDateTime, isInstant, isTime, latest, timeRange } from '#fhir/values/dates.ts';

const shanghai = clock('Asia/Shanghai');
const ms = (iso: string) => Date.parse(iso);

t.test('a date covers its precision, in the time zone unless it says another', async (t) => {
  const ranges: [string, string, string][] = [
    ['2025', '2025-01-01T00:00:00+08:00', '2026-01-01T00:00:00+08:00'],
    ['2025-12', '2025-12-01T00:00:00+08:00', '2026-01-01T00:00:00+08:00'],
    ['2025-03-31', '2025-03-31T00:00:00+08:00', '2025-04-01T00:00:00+08:00'],
    ['2024-02-29', '2024-02-29T00:00:00+08:00', '2024-03-01T00:00:00+08:00'],
    ['2025-03-31T08:30', '2025-03-31T08:30:00+08:00', '2025-03-31T08:31:00+08:00'],
    ['2025-03-31T08:30:15', '2025-03-31T08:30:15+08:00', '2025-03-31T08:30:16+08:00'],
    ['2025-03-31T08:30:15Z', '2025-03-31T08:30:15Z', '2025-03-31T08:30:16Z'],
    ['2025-03-31T08:30:15.2Z', '2025-03-31T08:30:15.200Z', '2025-03-31T08:30:15.300Z'],
    ['2025-03-31T08:30:15.250-05:30', '2025-03-31T14:00:15.250Z', '2025-03-31T14:00:15.251Z'],
    ['2025-03-31T08:30:15.2509999Z', '2025-03-31T08:30:15.250Z', '2025-03-31T08:30:15.251Z'],
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00Z', '2017-01-01T00:00:01Z'],
    ['0050', '0050-01-01T00:00:00+08:05:43', '0051-01-01T00:00:00+08:05:43'],
  ];
  for (const [text, low, high] of ranges) {
    const expected =
      text === '0050' ? { low: localMean(low), high: localMean(high) } : { low: ms(low), high: ms(high) };
    t.strictSame(shanghai.range(text), expected, text);
  }
});

/** Shanghai's local mean time, which Date.parse cannot read. */
function localMean(text: string): number {
  return ms(`${text.slice(0, 19)}Z`) - ((8 * 60 + 5) * 60 + 43) * 1000;
}

t.test('summer time is kept: Shanghai had it in 1990, Berlin has it', async (t) => {
  t.equal(shanghai.range('1990-07-01')?.low, ms('1990-07-01T00:00:00+09:00'));
  t.equal(shanghai.range('1990-01-01')?.low, ms('1990-01-01T00:00:00+08:00'));
  const day = clock('Europe/Berlin').range('2025-03-30');
  t.equal(day && (day.high - day.low) / 3_600_000, 23);
});

t.test('what is not valid has no range', async (t) => {
  const bad = [
    '',
    '25',
    '2025-13',
    '2025-00',
    '2025-02-30',
    '2023-02-29',
    '1900-02-29',
    '0000',
    '2025-1-1',
    '2025-03-31T24:00:00Z',
  ];
  const worse = [
    '2025-03-31T08:60:00Z',
    '2025-03-31T08:30:61Z',
    '2025-03-31T08Z',
    '2025-03-31T08:30:00+15:00',
    ' 2025',
    2025,
    null,
  ];
  for (const text of [...bad, ...worse]) t.equal(shanghai.range(text), undefined, String(text));
});

t.test('periods are open where an end is absent', async (t) => {
  t.strictSame(shanghai.period({ start: '2025-01-01', end: '2025-01-31' }), {
    low: ms('2025-01-01T00:00:00+08:00'),
    high: ms('2025-02-01T00:00:00+08:00'),
  });
  t.strictSame(shanghai.period({ start: '2025-01-01' }), { low: ms('2025-01-01T00:00:00+08:00'), high: latest });
  t.strictSame(shanghai.period({ end: '2024' }), { low: earliest, high: ms('2025-01-01T00:00:00+08:00') });
  for (const bad of [{}, { start: '2025-02-30' }, { start: '2025-02-01', end: '2025-01-01' }, 'x', null]) {
    t.equal(shanghai.period(bad), undefined, JSON.stringify(bad));
  }
});

t.test('a Timing covers its events and its bounds', async (t) => {
  const bounds = { boundsPeriod: { start: '2025-05-01', end: '2025-05-31' } };
  const high = ms('2025-06-01T00:00:00+08:00');
  t.strictSame(shanghai.timing({ event: ['2025-03-01', '2025-01-01'] }), {
    low: ms('2025-01-01T00:00:00+08:00'),
    high: ms('2025-03-02T00:00:00+08:00'),
  });
  t.strictSame(shanghai.timing({ repeat: bounds }), { low: ms('2025-05-01T00:00:00+08:00'), high });
  t.strictSame(shanghai.timing({ event: ['2025-03-01'], repeat: bounds }), {
    low: ms('2025-03-01T00:00:00+08:00'),
    high,
  });
  t.equal(shanghai.timing({ repeat: { frequency: 1 } }), undefined);
});

t.test('each primitive has its own form', async (t) => {
  //                      date, dateTime, instant, time
  const forms: [string, boolean, boolean, boolean, boolean][] = [
    ['2025', true, true, false, false],
    ['2025-03-01', true, true, false, false],
    ['2025-03-01T08:00:00+08:00', false, true, true, false],
    ['2025-03-01T08:00:00.123Z', false, true, true, false],
    ['2025-03-01T08:00:00', false, false, false, false],
    ['2025-03-01T08:00Z', false, false, false, false],
    ['08:00:00', false, false, false, true],
    ['23:59:59.5', false, false, false, true],
    ['24:00:00', false, false, false, false],
    ['08:00', false, false, false, false],
  ];
  for (const [text, ...expected] of forms) {
    t.strictSame([isDate(text), isDateTime(text), isInstant(text), isTime(text)], expected, text);
  }
  t.strictSame(timeRange('01:00:00'), { low: 3_600_000, high: 3_601_000 });
});
