import type { Resource } from '@medplum/fhirtypes';
import t from 'tap';
import { parseJson } from '#fhir/json/json.ts';
import { newId } from '#operations/request/ids.ts';
import { draftOf } from '#operations/write/draft.ts';

t.test('id and meta are set in their places; all else stays', async (t) => {
  const cases: [sent: string, stored: string][] = [
    ['{"resourceType":"Basic"}', '{"resourceType":"Basic","id":"x","meta":{+}}'],
    ['{"code":{},"resourceType":"Basic"}', '{"code":{},"resourceType":"Basic","id":"x","meta":{+}}'],
    ['{"resourceType":"Basic","code":{},"id":"y"}', '{"resourceType":"Basic","code":{},"id":"x","meta":{+}}'],
    [
      '{"resourceType":"Basic","meta":{"versionId":"7","tag":[{"code":"a"}],"lastUpdated":"2020-01-01"},"id":"y"}',
      '{"resourceType":"Basic","meta":{+,"tag":[{"code":"a"}]},"id":"x"}',
    ],
    [
      '{"resourceType":"Basic","extension":[{"valueDecimal":1.00}]}',
      '{"resourceType":"Basic","id":"x","meta":{+},"extension":[{"valueDecimal":1.00}]}',
    ],
    [
      '{"resourceType":"Basic","meta":{"7":1.00,"source":"a","1":"b"}}',
      '{"resourceType":"Basic","id":"x","meta":{+,"1":"b","7":1.00,"source":"a"}}',
    ],
    [
      '{"resourceType":"Basic","meta":{},"contained":[{"meta":{"versionId":"1"}}]}',
      '{"resourceType":"Basic","id":"x","meta":{+},"contained":[{"meta":{"versionId":"1"}}]}',
    ],
  ];
  for (const [sent, stored] of cases) {
    const { head, tail } = draftOf(parseJson(sent, 100) as Resource, 'x');
    t.equal(`${head}+${tail}`, stored, sent);
  }
});

t.test('a resource without a place for meta is a defect', async (t) => {
  t.throws(() => draftOf({} as Resource, 'x'), /No place for meta/);
});

t.test('new ids are UUIDs of version 7, in the order of time', async (t) => {
  const ids = [1, 1_000, 1_700_000_000_000].map((now) => newId(now));
  for (const id of ids) t.match(id, /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  t.same(ids, [...ids].sort());
  t.not(newId(1), newId(1));
});
