import type { SearchParameter } from '@medplum/fhirtypes';
import t from 'tap';
import { loadDefinitions } from '#fhir/model/definitions.ts';
import { checkSearchParameter, customOf, entriesOf } from '#operations/search-parameters/search-parameters.ts';
import { readGuide } from '#terminology/guide.ts';

const definitions = loadDefinitions();

const good = {
  resourceType: 'SearchParameter',
  id: 'marital',
  url: 'https://h.example/SearchParameter/marital',
  name: 'Marital',
  status: 'active',
  description: 'Marital status',
  code: 'marital',
  base: ['Patient'],
  type: 'token',
  expression: 'Patient.maritalStatus',
};

const read = (more: object, known: readonly object[] = []) =>
  customOf({ ...good, ...more } as unknown as SearchParameter, { definitions, custom: customs(known) });

function customs(resources: readonly object[]) {
  return resources.flatMap((r) => {
    const custom = customOf(r as SearchParameter, { definitions, custom: [] });
    return custom === undefined ? [] : [custom];
  });
}

/** Where something is wrong, and how it is told. */
const problems = (more: object, known: readonly object[] = []) =>
  checkSearchParameter({ ...good, ...more }, { definitions, custom: customs(known) }).map(({ expression, text }) => [
    expression,
    text,
  ]);

t.test('what may be defined', async (t) => {
  const cases: Record<string, object> = {
    'a path': {},
    'a union over its types': { base: ['Patient', 'Person'], expression: 'Patient.gender | Person.gender' },
    'an extension by url': { expression: "Patient.extension.where(url = 'http://x').value.ofType(Coding)" },
    'an extension by function': { expression: "Patient.extension('http://x').value" },
    'functions in a criterion': { expression: "Patient.contact.where(name.exists() and gender = 'male').gender" },
    'a keyword in brackets': {
      expression: "(Patient.maritalStatus) | (Patient.contact.where(gender = 'a|b(').gender)",
    },
    'a reference': { type: 'reference', expression: 'Patient.generalPractitioner', target: ['Organization'] },
    sound: { type: 'string', expression: 'Patient.contact.name', xpathUsage: 'phonetic' },
    limits: {
      type: 'date',
      expression: 'Patient.birthDate',
      modifier: ['missing'],
      comparator: ['ge'],
      multipleOr: false,
    },
    'every resource': { base: ['Resource'], expression: 'Resource.language' },
    'a composite of an element': ofDocuments('target', 'code'),
    'a composite of R4 parameters': {
      base: ['Observation'],
      type: 'composite',
      expression: 'Observation',
      component: [
        { definition: 'http://hl7.org/fhir/SearchParameter/clinical-code', expression: 'code' },
        { definition: 'http://hl7.org/fhir/SearchParameter/Observation-status|4.0.1', expression: 'status' },
      ],
    },
  };
  for (const [name, more] of Object.entries(cases)) {
    t.strictSame(problems(more), [], name);
    t.ok(read(more), name);
  }
  t.equal(
    read({ type: 'string', expression: 'Patient.contact.name', xpathUsage: 'phonetic' })?.parameter.usage,
    'phonetic',
  );
  t.strictSame(read({ modifier: ['not', 'ofType'], multipleAnd: false })?.parameter.limits, {
    modifiers: ['not', 'of-type'],
    multipleAnd: false,
  });
});

/** A composite of a document and how it relates to another one. */
function ofDocuments(first: string, second: string) {
  return {
    base: ['DocumentReference'],
    type: 'composite',
    expression: 'DocumentReference.relatesTo',
    component: [
      { definition: 'http://hl7.org/fhir/SearchParameter/DocumentReference-relatesto', expression: first },
      { definition: 'http://hl7.org/fhir/SearchParameter/DocumentReference-relation', expression: second },
    ],
  };
}
t.test('where references lead that name no target (R4 searchparameter.html, target 0..*)', async (t) => {
  const all = [...definitions.resourceTypes];
  const subjects = ['Device', 'Group', 'Location', 'Patient'];
  const performers = ['CareTeam', 'Organization', 'Patient', 'Practitioner', 'PractitionerRole', 'RelatedPerson'];
  const cases: [name: string, expression: string, base: string[], targets: readonly string[]][] = [
    ['what R4 allows in the element', 'Observation.subject', ['Observation'], subjects],
    ['anything', 'ServiceRequest.supportingInfo', ['ServiceRequest'], all],
    [
      'a union',
      'Observation.subject | Observation.performer',
      ['Observation'],
      [...new Set([...subjects, ...performers])].sort(),
    ],
    ['one type', 'Observation.subject.where(resolve() is Patient)', ['Observation'], ['Patient']],
    [
      'one type, and another element',
      'Observation.subject.where(resolve() is Patient) | Observation.specimen',
      ['Observation'],
      ['Patient', 'Specimen'],
    ],
    ['one type of anything', 'Observation.focus.where(resolve() is Encounter)', ['Observation'], ['Encounter']],
    ['a choice', 'MedicationRequest.medication', ['MedicationRequest'], ['Medication']],
    [
      'the References of a choice',
      'MedicationRequest.medication.ofType(Reference)',
      ['MedicationRequest'],
      ['Medication'],
    ],
    ['in the older form', '(MedicationRequest.medication as Reference)', ['MedicationRequest'], ['Medication']],
    [
      'several bases',
      'Patient.managingOrganization | Encounter.subject',
      ['Patient', 'Encounter'],
      ['Group', 'Organization', 'Patient'],
    ],
    ['an abstract base', 'Resource.meta.profile', ['Resource'], ['StructureDefinition']],
    ['a canonical', 'PlanDefinition.library', ['PlanDefinition'], ['Library']],
    ['a canonical of anything', 'RequestGroup.instantiatesCanonical', ['RequestGroup'], all],
    ['a uri', 'PlanDefinition.url', ['PlanDefinition'], all],
    ['an extension', "Patient.extension.where(url = 'http://x').value.ofType(Reference)", ['Patient'], all],
    ['what only the engine can follow', 'Patient.generalPractitioner.first()', ['Patient'], all],
  ];
  for (const [name, expression, base, targets] of cases) {
    const more = { type: 'reference', code: 'leads', base, expression };
    t.strictSame(problems(more), [], name);
    t.strictSame([...(read(more)?.parameter.targets ?? [])].sort(), [...targets].sort(), name);
  }
  const named = { type: 'reference', code: 'leads', expression: 'Patient.link.other' };
  t.strictSame(read({ ...named, target: ['Patient'] })?.parameter.targets, ['Patient'], 'those that are named');
  t.equal(read({ ...named, target: ['Resource'] })?.parameter.targets.length, all.length, 'all, by their base');
  t.strictSame(read({})?.parameter.targets, [], 'a parameter of another type has none');
  const published = definitions.parameter('http://hl7.org/fhir/SearchParameter/RequestGroup-instantiates-canonical');
  t.equal(published?.targets.length, all.length, 'one of R4 names none either');
});

t.test('what is refused, and how it is told', async (t) => {
  const code = 'http://hl7.org/fhir/SearchParameter/clinical-code';
  const cases: [more: object, place: string, text: RegExp][] = [
    [
      { code: 'name' },
      'code',
      /is "name"; expected another code: Patient\?name is R4's .*Patient-name, and means something else/,
    ],
    [{ base: ['Resource'], code: 'name', expression: 'Resource.id' }, 'code', /is R4's/],
    [{ code: '_mine' }, 'code', /is "_mine"; expected a letter/],
    [{ code: 'a.b' }, 'code', /expected a letter/],
    [{ url: undefined }, 'url', /is "missing"; expected an absolute URL/],
    [{ base: ['Nothing'] }, 'base[0]', /is "Nothing"; expected a resource type of R4/],
    [{ base: [] }, 'base', /expected one resource type or more/],
    [{ type: 'special' }, 'type', /is "special"; expected number, date/],
    [{ type: 'quux' }, 'type', /is "quux"/],
    [{ xpathUsage: 'nearby' }, 'xpathUsage', /is "nearby"; expected normal/],
    [{ xpathUsage: 'phonetic' }, 'xpathUsage', /only a parameter of type string/],
    [{ expression: undefined }, 'expression', /is "missing"; expected the FHIRPath/],
    [{ expression: 'Patient.(' }, 'expression', /expected FHIRPath/],
    [{ expression: `Patient.id${' '.repeat(2000)}` }, 'expression', /is "2010 characters"; expected at most 2000/],
    [{ expression: 'Patient.nothing' }, 'expression', /is ""nothing""; expected what R4 has in Patient/],
    [{ expression: 'Patient.name' }, 'expression', /a path to HumanName"; expected one to Coding.* \(token\)/],
    [{ expression: 'Observation.code' }, 'expression', /expected a path that begins with Patient/],
    [{ base: ['Patient', 'Group'] }, 'expression', /expected a path that begins with Group/],
    [{ expression: "Patient.id.matches('(a+)+b')" }, 'expression', /is "matches\(\)"; expected one of where/],
    [{ expression: 'Patient.repeat(contact).name' }, 'expression', /is "repeat\(\)"/],
    [{ expression: 'Patient.descendants()' }, 'expression', /is "descendants\(\)"/],
    [{ expression: "Patient.trace ('x')" }, 'expression', /is "trace\(\)"/],
    [{ expression: 'Patient.contact.where(%resource.id = name.text).gender' }, 'expression', /is "%resource"/],
    [{ expression: 'Patient.id /* all */' }, 'expression', /is "a comment"/],
    [
      { expression: `Patient.${'where('.repeat(11)}true${')'.repeat(11)}.id` },
      'expression',
      /at most 10 levels \(limit expression-depth\) within each other/,
    ],
    [{ expression: '(Patient.id | Patient.contact.gender).where(exists())' }, 'expression', /is "\| within a path"/],
    [{ type: 'reference', expression: 'Patient.link.other', target: ['Man'] }, 'target[0]', /is "Man"/],
    [{ type: 'composite', expression: 'Patient' }, 'component', /expected two components or more/],
    [ofDocuments('code', 'code'), 'component[0].expression', /is "a path to code"; expected one to Reference, uri/],
    [ofDocuments('target', 'target'), 'component[1].expression', /is "a path to Reference".* \(token\)/],
    [ofDocuments('target', 'kind'), 'component[1].expression', /is ""kind""; expected what R4 has in BackboneElement/],
    [{ component: [{ definition: code, expression: 'code' }] }, 'component', /expected none/],
    [{ modifier: ['exact'] }, 'modifier[0]', /is "exact"; expected missing, text, not, .* \(token\)/],
    [{ comparator: ['gt'] }, 'comparator', /is "gt"; expected none/],
  ];
  for (const [more, place, text] of cases) {
    const found = problems(more);
    t.equal(found.length, 1, `${place}: ${JSON.stringify(more).slice(0, 80)}`);
    t.equal(found[0]?.[0], `SearchParameter.${place}`);
    t.match(found[0]?.[1], text);
    t.equal(read(more), undefined);
  }
});

t.test('all problems are told at once, each with its place', async (t) => {
  const composite = {
    code: 'name',
    type: 'composite',
    expression: 'Patient.nothing',
    component: [{ definition: 'http://h.example/none', expression: '%x' }, {}],
  };
  t.strictSame(
    problems(composite).map(([place]) => place),
    [
      'SearchParameter.code',
      'SearchParameter.expression',
      'SearchParameter.component[0].definition',
      'SearchParameter.component[0].expression',
      'SearchParameter.component[1].definition',
      'SearchParameter.component[1].expression',
    ],
  );
});

t.test('another that is in force has its code and its url', async (t) => {
  const other = { ...good, id: 'other' };
  t.match(problems({ url: 'https://h.example/x' }, [other]), [
    ['SearchParameter.code', /expected another code: Patient\?marital is that of SearchParameter\/other/],
  ]);
  t.match(problems({ code: 'x' }, [other]), [['SearchParameter.url', /another active SearchParameter has this one/]]);
  t.strictSame(problems({ url: 'https://h.example/y' }, [good]), [], 'but not itself');
  t.strictSame(problems({ code: 'marital', base: ['Person'], expression: 'Person.gender', url: 'u:x' }, [other]), []);
});

t.test('a draft may have any problem, and is not in force', async (t) => {
  for (const status of ['draft', 'retired', 'unknown']) {
    t.strictSame(problems({ status, code: 'name', expression: '(' }), [], status);
    t.equal(read({ status }), undefined, status);
  }
});

t.test("R4's own are taken as they are and change nothing", async (t) => {
  const own = { url: 'http://hl7.org/fhir/SearchParameter/Patient-name', code: 'name', type: 'string' };
  t.strictSame(problems({ ...own, expression: 'Patient.name' }), []);
  t.equal(read({ ...own, expression: 'Patient.name' }), undefined);
  t.match(problems({ ...own, expression: 'Patient.contact.name' }), [['SearchParameter.code', /means something else/]]);
  t.match(problems(own).length, 1, 'with another meaning they are refused');
  const same = { code: 'birthdate', type: 'date', expression: 'Patient.birthDate' };
  t.strictSame(problems(same), [], 'a profile of one, with the same meaning');
  t.equal(read(same), undefined);
});

t.test('what the entries depend on', async (t) => {
  const same = [{ description: 'other' }, { modifier: ['not'] }, { version: '2' }];
  const other = [
    { expression: 'Patient.gender' },
    { base: ['Patient', 'Person'], expression: 'Patient.gender | Person.gender' },
  ];
  const entries = (more: object) => {
    const custom = read(more);
    return custom === undefined ? undefined : entriesOf(custom);
  };
  t.ok(entries({}));
  for (const more of same) t.equal(entries(more), entries({}), JSON.stringify(more));
  for (const more of other) {
    t.ok(entries(more));
    t.not(entries(more), entries({}), JSON.stringify(more));
  }
});

t.test('our own parameters are in force', async (t) => {
  const guide = readGuide(new URL('../../../../', import.meta.url));
  const own = guide.filter((r) => r.resourceType === 'SearchParameter');
  t.strictSame(
    customs(own).map(({ parameter: { code, type, usage } }) => [code, type, usage]),
    [
      ['archive-number', 'token', 'normal'],
      ['pinyin', 'string', 'pinyin'],
      ['resident-id', 'token', 'normal'],
      ['signing-chc', 'reference', 'normal'],
      ['street', 'token', 'normal'],
    ],
  );
});
