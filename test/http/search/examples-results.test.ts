import t from 'tap';
import { results } from './examples-results-data.ts';
import { type Example, examples, idsOf, type Sections, serverOf } from './examples-run.ts';

/** The examples of R4's search.html (4.0.1) for the parameters of all resources, errors, and what is returned. */

const server = await serverOf(results);
const { ask } = server;
t.teardown(() => server.stop());

const everyReport = 'of-hl7 of-here of-local';
const noParameter = 'paths of elements are no search parameters, and nothing indexes them';

const sections: Sections = {
  '3.1.1.2 Introduction: contexts': [
    ['Patient?', '23 24 42'],
    ['Patient/23/Procedure?', 'in-2009 in-2010 in-2011 in-2012'],
    // Of search.html#date.
    ['Patient/23/Procedure?date=ge2010-01-01&date=le2011-12-31', 'in-2010 in-2011'],
    ['?_id=b1', 'b1'],
    ['Patient?_format=application/fhir%2Bjson&_id=23', '23'],
  ],
  '3.1.1.3 Handling Errors': [
    ['Observation?subject=101', ''],
    ['Observation?patient.identifier=http://example.com/fhir/identifier/mrn|123456', ''],
    ['Observation?code=loinc|1234-1', ''],
    ['Condition?onset-date=le1995', ''],
    // In the words of the page "onset", which the resource calls "onset-date".
    ['Condition?onset=le1995', 400],
    ['Condition?onset-date:text=1995', 400],
    ['Condition?onset-date=23%20May%202009', 400],
    ...['Patient?gender=', 'Patient?gender=male&birthdate=', 'Patient?name=&_id=23'].map((query): Example => {
      return [query, 400, 'differs: R4 ignores empty parameters; a filter that vanishes is a data leak'];
    }),
  ],
  '3.1.1.4.1 Parameters for all resources': [
    ['Patient?_id=23', '23'],
    ['Patient?_id=23,24', '23 24'],
    ['Patient?_id=nobody', ''],
    ['Observation?_id=B1', ''],
    ['Observation?_lastUpdated=gt2010-10-01', 'b1 b2 b3 b4 b5'],
    ['Observation?_lastUpdated=lt2010-10-01', ''],
    ['Condition?_tag=http://acme.org/codes|needs-review', 'bone-alone'],
    ['Condition?_tag=needs-review', 'bone-alone'],
    ['Condition?_tag=http://acme.org/codes|reviewed', ''],
    ['Condition?_tag:not=needs-review', 'bone liver lung'],
    ['Condition?_security=http://terminology.hl7.org/CodeSystem/v3-Confidentiality|R', 'bone-alone'],
    ['DiagnosticReport?_profile=http://hl7.org/fhir/StructureDefinition/lipid', 'of-hl7'],
    ['DiagnosticReport?_profile=Profile/lipid', 'of-local'],
    ['DiagnosticReport?_profile=StructureDefinition/lipid', 'of-here'],
    ['DiagnosticReport?_profile={base}/StructureDefinition/lipid', 'of-here'],
    ['DiagnosticReport?_profile:below=http://hl7.org/fhir/', 'of-hl7'],
    ['DiagnosticReport?_profile:missing=false', everyReport],
  ],
  '3.1.1.4.20 Text Search Parameters': [
    ['Condition?_text=(bone OR liver) and metastases', 'bone liver'],
    ['Condition?_text=metastases', 'bone liver lung'],
    ['Condition?_text=broken', 'bone-alone'],
    ['Condition?_content=(bone OR liver) and metastases', 'bone liver lung bone-alone'],
    ['Condition?_content=scan', 'bone liver'],
    ['Condition?_content=scan&_text=liver', 'liver'],
    ['Condition?_text=(bone', 400],
  ],
  '3.1.1.4.21 Special Parameters: near (location.html#positional)': [
    ['Location?near=42.3601|-71.0589|10|km', 'near nearer'],
    ['Location?near=42.3601|-71.0589|1|km', 'near'],
    ['Location?near=42.3601|-71.0589|10', 'near nearer'],
    ['Location?near=42.3601|-71.0589|1000|m', 'near'],
    ['Location?near=42.3601|-71.0589|400|km', 'near nearer far'],
    ['HealthcareService?location.near=42.3601|-71.0589|11.20|km', 'service'],
    ['HealthcareService?location.near=40.7128|-74.006|11.20|km', ''],
    ['Location?near=here', 400],
  ],
  '3.1.1.4.22 Searching by list': [
    ['?_list=42', '23 24 b1'],
    ['Patient?_list=42', '23 24'],
    ['Patient?_list=42&gender=female', '24'],
    ['AllergyIntolerance?_list=42', ''],
    // A system can support lists by their function; what it does not support is refused.
    ['AllergyIntolerance?patient=42&_list=$current-allergies', 400],
  ],
  // R4's definition has the expressions of its components the other way round.
  'documentreference.html: relationship': [
    ['DocumentReference?relationship=DocumentReference/first$replaces', 'second'],
    ['DocumentReference?relationship=first$replaces', 'second'],
    [
      'DocumentReference?relationship=DocumentReference/first$http://hl7.org/fhir/document-relationship-type|appends',
      'third',
    ],
    ['DocumentReference?relationship=DocumentReference/second$replaces', 'third'],
    ['DocumentReference?relationship=DocumentReference/second$appends', ''],
    ['DocumentReference?relationship=first$replaces,second$replaces', 'second third'],
    ['DocumentReference?relationship=replaces$DocumentReference/first', ''],
    ['DocumentReference?relationship=DocumentReference/first', 400],
    ['DocumentReference?relatesto.relationship=first$replaces', 'third'],
    ['DocumentReference?_has:DocumentReference:relatesto:relationship=second$replaces', 'first second'],
  ],
  '3.1.1.4.23 Advanced filtering': [
    ['Observation?code=http://loinc.org|1234-5&subject.name=peter', 'b1 b2'],
    ['Observation?_filter=code eq http://loinc.org|1234-5 and subject.name co "peter"', 'b1 b2'],
  ],
  'search_filter.html: examples and grammar': [
    ['Patient?_filter=name co "pet"', '23 24 42'],
    ['Patient?_filter=given eq "peter" and birthdate ge 2014-10-10', '23'],
    ['Observation?_filter=code eq http://loinc.org|1234-5', 'b1 b2 b3'],
    ['Observation?_filter=code eq loinc|1234-5', 'b1 b2 b3'],
    ['Observation?_filter=subject.name co "pet"', 'b1 b2 b3'],
    // R4's Observation has no "related".
    ['Observation?_filter=related[type eq "has-component"].target pr true', 400],
    ...[
      'DocumentReference?_filter=relatesTo[code eq replaces].target re DocumentReference/first',
      'Group?_filter=characteristic[code eq gender].value eq mixed',
    ].map((query): Example => [query, 400, `differs: ${noParameter}`]),
    ['DocumentReference?_filter=relationship eq DocumentReference/first$replaces', 'second'],
    ['Group?_filter=characteristic eq gender and value eq mixed', 'mixed crossed'],
    // From left to right, without precedence.
    ['Patient?_filter=given eq peter or given eq anna and gender eq female', '42'],
    ['Patient?_filter=given eq peter or (given eq anna and gender eq female)', '23 42'],
    ['Patient?_filter=not (gender eq male)', '24 42'],
    ['Patient?_filter=(given eq "peter"', 400],
    ['Patient?_filter=given is "peter"', 400],
  ],
  'search_filter.html: operators': [
    ['Patient?_filter=given eq "PETER"', '23'],
    ['Patient?_filter=gender eq MALE', '', 'differs: codes keep their case, as in other searches'],
    ['Patient?_filter=given ne peter', '24 42'],
    ['Patient?_filter=family sw "pet"', '24'],
    ['Patient?_filter=family co "pet"', '24 42'],
    ['Patient?_filter=family ew "ta"', '42'],
    [
      'Patient?_filter=family gt "d"',
      400,
      'differs: an order of names by the code points of their first characters serves nobody',
    ],
    ['Patient?_filter=birthdate eq 2014-10-10', '23'],
    ['Patient?_filter=birthdate gt 2014-10-10', '42'],
    ['Patient?_filter=birthdate lt 2014-10-10', '24'],
    ['Patient?_filter=birthdate le 2014-10-10', '23 24'],
    ['Patient?_filter=birthdate sa 2015', '42'],
    ['Patient?_filter=birthdate eb 2015', '23 24'],
    ['Patient?_filter=birthdate po 2016-05-01', '42'],
    ['Patient?_filter=birthdate co 2016-05-01', '42'],
    ['Patient?_filter=active pr true', '23'],
    ['Patient?_filter=active pr false', '24 42'],
    ['Medication?_filter=ingredient-code ss http://acme.org/medications|drug', 'stocked other'],
    ['Medication?_filter=ingredient-code sb http://acme.org/medications|drug', ''],
    ['Observation?_filter=subject re Patient/23', 'b1'],
    ['Observation?_filter=subject re {base}/Patient/23', 'b1'],
    ['Patient?_filter=gender sw male', 400],
  ],
  '3.1.1.4.18 Handling Missing Data: either a value or none, by a filter': [
    ['Patient?_filter=active eq true or active pr false', '23 24 42'],
  ],
  '3.1.1.4.24 Specifying the type of Resource': [
    ['?_type=Observation,Condition&patient=23', 'b1 bone liver lung bone-alone'],
    ['?_type=Observation&code=777-7', 'b4 b5'],
    ['?_type=Patient,Observation&_id=b1', 'b1'],
    ['?code=777-7', 400],
    ['?_type=Observation,Patient&code=777-7', 400],
  ],
  '3.1.1.5.5 Contained Resources': [
    ['MedicationRequest?medication.ingredient-code=abc', 'contains refers'],
    ['Medication?ingredient-code=abc', 'stocked'],
    ['Medication?ingredient-code=abc&_contained=false', 'stocked'],
    ['Medication?ingredient-code=abc&_contained=true', 'contains'],
    ['Medication?ingredient-code=abc&_contained=true&_containedType=container', 'contains'],
    ['Medication?ingredient-code=abc&_contained=true&_containedType=contained', 'm1'],
    ['Medication?ingredient-code=abc&_contained=both', 'stocked contains'],
    ['Medication?ingredient-code=abc&_contained=both&_containedType=contained', 'stocked m1'],
    ['Medication?ingredient-code=def&_contained=true', ''],
    ['Medication?ingredient-code=abc&_contained=maybe', 400],
    ['Medication?ingredient-code=abc&_containedType=all', 400],
  ],
  '3.1.1.7 Advanced Search': [
    ['Patient?_query=name', 400],
    ['Patient?_query=current-high-risk&ward=1A', 400],
  ],
};

examples(server, sections);

const lenient: readonly (readonly [query: string, ids: string, ...ignored: string[]])[] = [
  ['Patient?gender=', '23 24 42', 'gender'],
  ['Patient?gender=male&birthdate=', '23', 'birthdate'],
  ['Patient?name=&_id=23&_elements=&_sort=', '23', 'name', '_elements', '_sort'],
  ['Patient?name:exact=&colour=&_filter=', '23 24 42', 'name:exact', 'colour', '_filter'],
  ['?_type=&_id=23', '23', '_type'],
];

t.test('3.1.1.3 Handling Errors: with lenient handling empty parameters are ignored, and named', async (t) => {
  for (const [query, ids, ...ignored] of lenient) {
    const path = query.startsWith('?') ? query : `/${query}`;
    const reply = await ask('GET', path, undefined, { prefer: 'handling=lenient' });
    t.equal(idsOf(reply).toSorted().join(' '), ids, query);
    const notes = reply.body.entry.at(-1).resource.issue;
    t.match(
      notes,
      ignored.map((name) => ({ severity: 'warning', diagnostics: new RegExp(`"${name}"`) })),
    );
    t.equal(notes.length, ignored.length);
    const self = reply.body.link.find((l: { relation: string }) => l.relation === 'self').url;
    for (const name of ignored) t.notOk(new URL(self).searchParams.has(name), `${name} is not in the self link`);
  }
});

const sorted: Sections = {
  '3.1.1.5.1 Sorting': [
    ['Observation?_sort=status,-date,category', 'b2 b3 b4 b1 b5'],
    ['Patient?_sort=family', '23 24 42'],
    ['Patient?_sort=-family', '42 24 23'],
    // Of several values the one that comes first in the order.
    ['Patient?_sort=given', '42 23 24'],
    ['Patient?_sort=-given', '42 24 23'],
    ['Observation?code=1234-5&_sort=-date&_count=1', 'b3'],
    ['Observation?_sort=-_id', 'b5 b4 b3 b2 b1'],
    ['Observation?_sort=colour', 400],
  ],
};

examples(server, sorted, 'ordered');

const included: readonly (readonly [query: string, matches: string, includes: string])[] = [
  ['MedicationRequest?_include=MedicationRequest:patient', 'contains refers unrelated', '23 24'],
  ['MedicationRequest?_revinclude=Provenance:target', 'contains refers unrelated', 'origin'],
  ['Observation?_include=Observation:subject:Patient&_id=b1,b2', 'b1 b2', '23 24'],
  ['Observation?_include=Observation:subject:Group&_id=b1,b2', 'b1 b2', ''],
  [
    'MedicationDispense?_include=MedicationDispense:prescription&_include:iterate=MedicationRequest:requester',
    'dispensed',
    'refers doctor',
  ],
  ['MedicationDispense?_include=MedicationDispense:prescription', 'dispensed', 'refers'],
  ['Observation?_id=b2&_include=Observation:has-member', 'b2', 'b3'],
  ['Observation?_id=b2&_include:iterate=Observation:has-member', 'b2', 'b3 b4'],
  ['Observation?_id=b4&_include=Observation:has-member', 'b4', ''],
  ['MedicationRequest?_id=refers&_include=MedicationRequest:*', 'refers', '23 stocked doctor'],
  ['MedicationRequest?_id=refers&_include=*', 'refers', '23 stocked doctor'],
  ['MedicationRequest?_id=refers&_revinclude=Provenance:*', 'refers', 'origin'],
  ['MedicationRequest?_id=refers&_revinclude=*', 'refers', 'origin dispensed'],
  ['Patient?_id=23&_include=Patient:organization&_elements=id', '23', 'clinic'],
];

t.test('3.1.1.5.4 Including other resources in result', async (t) => {
  for (const [query, matches, includes] of included) {
    const reply = await ask('GET', `/${query}`);
    t.equal(reply.status, 200, `${query} ${reply.status === 200 ? '' : reply.text}`);
    t.same([...idsOf(reply)].toSorted(), matches.split(' ').toSorted(), query);
    t.same([...idsOf(reply, 'include')].toSorted(), includes.split(' ').filter(Boolean).toSorted(), query);
  }
});

examples(server, {
  '3.1.1.5.4 Including other resources in result: what is refused': [
    // Of the page's own examples: R4 has no parameters "performer" and "related-target" there.
    ['MedicationDispense?_include=MedicationDispense:prescription&_include:iterate=MedicationRequest:performer', 400],
    ['Observation?_include=Observation:related-target', 400],
    ['MedicationRequest?_include=MedicationRequest:patient,MedicationRequest:requester', 400],
    ['MedicationRequest?_include=MedicationRequest:status', 400],
    ['MedicationRequest?_include=MedicationRequest', 400],
    ['MedicationRequest?_include=MedicationRequest:patient&_summary=text', 400],
  ],
});

t.test(
  '3.1.1.4.13 References and Versions: what is included is current (differs: servers should include the version that is referred to)',
  async (t) => {
    const put = (type: string, id: string, more: object) =>
      ask('PUT', `/${type}/${id}`, { resourceType: type, id, ...more });
    const code = { text: 'x' };
    await put('Observation', 'changed', { status: 'preliminary', code });
    await put('Observation', 'changed', { status: 'final', code });
    const evidence = [{ detail: [{ reference: 'Observation/changed/_history/1' }] }];
    await put('Condition', 'evident', { ...results.find((r) => r.id === 'bone'), id: 'evident', evidence });
    const { body } = await ask('GET', '/Condition?_id=evident&_include=Condition:evidence-detail');
    t.match(body.entry, [{ resource: { id: 'evident' } }, { resource: { id: 'changed', status: 'final' } }]);
  },
);

t.test('3.1.1.5.2 Total number of matching resources and 3.1.1.5.3 Page Count', async (t) => {
  const page = async (query: string) => (await ask('GET', `/Patient?${query}`)).body;
  const relations = (body: { link: readonly { relation: string }[] }) => body.link.map((l) => l.relation);
  t.equal((await page('_total=accurate')).total, 3);
  t.equal((await page('_total=accurate&_count=1&gender=female')).total, 2);
  t.equal((await page('_total=accurate&_include=Patient:organization')).total, 3, 'includes do not count');
  t.notOk('total' in (await page('_total=none')));
  t.equal((await ask('GET', '/Patient?_total=roughly')).status, 400);
  for (const query of ['_count=0', '_summary=count']) {
    const body = await page(query);
    t.match(body, { type: 'searchset', total: 3, entry: undefined }, query);
    t.notOk(relations(body).some((r) => ['prev', 'previous', 'next', 'last'].includes(r)));
  }
  const first = await page('_count=2&_include=Patient:organization');
  t.equal(first.entry.filter((e: { search: { mode: string } }) => e.search.mode === 'match').length, 2);
  t.ok(relations(first).includes('next'));
  t.equal((await ask('GET', '/Patient?_count=-1')).status, 400);
});

const subsetted = { tag: [{ code: 'SUBSETTED' }] };
const shown: readonly (readonly [query: string, keys: string])[] = [
  ['ValueSet?_id=summarized&_summary=true', 'id meta resourceType status url'],
  ['ValueSet?_id=summarized&_summary=text', 'id meta resourceType status text'],
  ['ValueSet?_id=summarized&_summary=data', 'compose id meta purpose resourceType status url'],
  ['ValueSet?_id=summarized&_summary=false', 'compose id meta purpose resourceType status text url'],
  ['ValueSet?_id=summarized&_elements=url', 'id meta resourceType status url'],
  ['Patient?_elements=identifier,active,link&_id=23', 'active id identifier meta resourceType'],
];

t.test('3.1.1.5.8 Summary and 3.1.1.5.9 Elements', async (t) => {
  for (const [query, keys] of shown) {
    const { resource } = (await ask('GET', `/${query}`)).body.entry[0];
    t.equal(Object.keys(resource).toSorted().join(' '), keys, query);
    if (!query.endsWith('=false')) t.match(resource.meta, subsetted, query);
  }
  t.equal((await ask('GET', '/ValueSet?_summary=brief')).status, 400);
  const { body } = await ask('GET', '/Patient?_id=23&_elements=id&_include=Patient:organization');
  t.equal(body.entry[1].resource.name, 'Clinic', 'elements do not apply to what is included');
});

t.test('3.1.1.5.5 Contained Resources: the full URL tells where one stands', async (t) => {
  const query = 'ingredient-code=abc&_contained=true&_containedType=contained';
  const { body } = await ask('GET', `/Medication?${query}`);
  const fullUrl = `${server.base}/MedicationRequest/contains#m1`;
  t.match(body.entry, [{ fullUrl, resource: { resourceType: 'Medication', id: 'm1' }, search: { mode: 'match' } }]);
});

t.test('3.1.1.6 Server Conformance: the self link shows what was used', async (t) => {
  const self = async (query: string, prefer: string) => {
    const { status, body } = await ask('GET', `/Patient?${query}`, undefined, { prefer });
    const link = body.link?.find((l: { relation: string }) => l.relation === 'self').url;
    return { status, parameters: link && [...new URL(link).searchParams.keys()] };
  };
  t.match(await self('name=peter', ''), { status: 200, parameters: ['name'] });
  t.match(await self('name=peter&_sort=family', ''), { status: 200, parameters: ['name', '_sort'] });
  const lenient = await self('name=peter&colour=red', 'handling=lenient');
  t.match(lenient, { status: 200 });
  t.notOk(lenient.parameters.includes('colour'), 'an unknown parameter is ignored if the client asks for it');
  t.match(await self('name=peter&colour=red', 'handling=strict'), { status: 400 });
});
