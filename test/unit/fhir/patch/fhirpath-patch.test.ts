import type { Resource } from '@medplum/fhirtypes';
import t, { type Test } from 'tap';
import { Failure, type Outcome } from '#errors';
import { parseResource, stringify } from '#fhir/json/json.ts';
import { applyFhirPathPatch } from '#fhir/patch/fhirpath-patch.ts';

const parse = (text: string): unknown => {
  const value = parseResource(text, 200);
  if (value instanceof Failure) throw new Error(value.issues[0].text);
  return value;
};

const part = (name: string, content: string): string => `{"name":"${name}",${content}}`;
const text = (name: string, value: string): string => part(name, `"valueString":${JSON.stringify(value)}`);
const whole = (name: string, value: number): string => part(name, `"valueInteger":${value}`);
const operation = (type: string, path: string, ...parts: string[]): string =>
  `{"name":"operation","part":[${[part('type', `"valueCode":"${type}"`), text('path', path), ...parts].join()}]}`;

const add = (path: string, name: string, value: string) =>
  operation('add', path, text('name', name), part('value', value));
const insert = (path: string, index: number, value: string) =>
  operation('insert', path, whole('index', index), part('value', value));
const remove = (path: string) => operation('delete', path);
const replace = (path: string, value: string) => operation('replace', path, part('value', value));
const move = (path: string, source: number, destination: number) =>
  operation('move', path, whole('source', source), whole('destination', destination));

/** Text to text, as the server does it: parse, apply, write. */
function patched(t: Test, resource: string, ...operations: string[]): Outcome<string> {
  const document = `{"resourceType":"Parameters","parameter":[${operations.join()}]}`;
  const [before, patch] = [parse(resource), parse(document)];
  const result = applyFhirPathPatch(before as Resource, patch);
  t.equal(stringify(before), resource, 'the resource is not changed');
  t.equal(stringify(patch), document, 'nor is the patch');
  return result instanceof Failure ? result : stringify(result);
}

const patient = (members: string): string => `{"resourceType":"Patient",${members}}`;
const observation = (members: string): string => `{"resourceType":"Observation",${members}}`;

type Table = readonly (readonly [name: string, resource: string, operations: readonly string[], result: string])[];

function applies(t: Test, table: Table): void {
  for (const [name, resource, operations, result] of table) {
    const found = patched(t, resource, ...operations);
    t.equal(found instanceof Failure ? found.issues.map((i) => i.text).join(' ') : found, result, name);
  }
}

t.test('paths select by position, by content and by extension', async (t) => {
  const names = patient('"name":[{"use":"usual","text":"a"},{"use":"official","text":"b"},{"text":"c"}]');
  const b = patient('"name":[{"use":"usual","text":"a"},{"use":"official","text":"B"},{"text":"c"}]');
  const to = '"valueString":"B"';
  const extended = (birth: string, name: string) =>
    patient(
      `"birthDate":"1950","_birthDate":{"extension":[{"url":"http://x/1","valueCode":"a"},${birth}]},"name":[${name}]`,
    );
  applies(t, [
    ['an index', names, [replace('Patient.name[1].text', to)], b],
    ['where', names, [replace("Patient.name.where(use = 'official').text", to)], b],
    ['without the type', names, [replace("name.where(use = 'official').text", to)], b],
    ['%resource', names, [replace('%resource.name.skip(1).first().text', to)], b],
    ['the last but one', names, [replace('Patient.name.tail().take(1).text', to)], b],
    [
      'extension(url) on a resource',
      patient('"extension":[{"url":"http://x/1","valueCode":"a"},{"url":"http://x/2","valueCode":"b"}]'),
      [replace("Patient.extension('http://x/2').value", '"valueString":"c"')],
      patient('"extension":[{"url":"http://x/1","valueCode":"a"},{"url":"http://x/2","valueString":"c"}]'),
    ],
    [
      'extension(url) on a primitive',
      extended('{"url":"http://x/2","valueCode":"b"}', '{"text":"a"}'),
      [replace("Patient.birthDate.extension('http://x/2').value", '"valueInteger":5')],
      extended('{"url":"http://x/2","valueInteger":5}', '{"text":"a"}'),
    ],
    [
      'a contained resource',
      patient('"contained":[{"resourceType":"Observation","id":"o","valueString":"a"}]'),
      [replace("Patient.contained.where(id = 'o').value", '"valueString":"b"')],
      patient('"contained":[{"resourceType":"Observation","id":"o","valueString":"b"}]'),
    ],
    [
      'repeat, in what is declared elsewhere',
      '{"resourceType":"Questionnaire","item":[{"linkId":"1","item":[{"linkId":"1.1"}]}]}',
      [
        add("Questionnaire.repeat(item).where(linkId = '1.1')", 'text', '"valueString":"t"'),
        add(
          "Questionnaire.repeat(item).where(linkId = '1.1')",
          'item',
          '"part":[{"name":"linkId","valueString":"1.1.1"}]',
        ),
      ],
      '{"resourceType":"Questionnaire","item":[{"linkId":"1","item":[{"linkId":"1.1","text":"t","item":[{"linkId":"1.1.1"}]}]}]}',
    ],
    [
      'the narrative, though div is an operator of FHIRPath',
      patient('"text":{"status":"generated","div":"<div>.div</div>"}'),
      [replace("Patient.text.where(status != '.div').div", '"valueString":"<div>b</div>"')],
      patient('"text":{"status":"generated","div":"<div>b</div>"}'),
    ],
  ]);
});

t.test('choice elements go under the key of their type (R4 formats.html#choice)', async (t) => {
  const quantity = '"valueQuantity":{"value":5.60,"unit":"mmol/L"}';
  applies(t, [
    [
      'add',
      observation('"status":"final"'),
      [add('Observation', 'value', quantity)],
      observation(`"status":"final",${quantity}`),
    ],
    [
      'replace by another type, in its place',
      observation(`"id":"1",${quantity},"status":"final"`),
      [replace('Observation.value', '"valueString":"high"')],
      observation('"id":"1","valueString":"high","status":"final"'),
    ],
    [
      'and what stands beside it goes',
      observation('"valueString":"a","_valueString":{"id":"x"},"status":"final"'),
      [replace('Observation.value', '"valueInteger":5')],
      observation('"valueInteger":5,"status":"final"'),
    ],
    [
      'by ofType',
      observation(quantity),
      [replace('Observation.value.ofType(Quantity).value', '"valueDecimal":6.0')],
      observation('"valueQuantity":{"value":6.0,"unit":"mmol/L"}'),
    ],
    [
      'by the key',
      observation(quantity),
      [replace('Observation.valueQuantity.unit', '"valueString":"u"')],
      observation('"valueQuantity":{"value":5.60,"unit":"u"}'),
    ],
    [
      'add by the key',
      observation('"id":"1"'),
      [add('Observation', 'valueQuantity', quantity)],
      observation(`"id":"1",${quantity}`),
    ],
    ['delete', observation(`"id":"1",${quantity}`), [remove('Observation.value')], observation('"id":"1"')],
    [
      'a derived type',
      observation('"id":"1"'),
      [add('Observation', 'value', '"valueAge":{"value":5}')],
      observation('"id":"1","valueQuantity":{"value":5}'),
    ],
    [
      'a date for a dateTime',
      patient('"id":"1"'),
      [add('Patient', 'deceased', '"valueDate":"2025-01-01"')],
      patient('"id":"1","deceasedDateTime":"2025-01-01"'),
    ],
  ]);
});

t.test('values of every form', async (t) => {
  const bundle = '{"resourceType":"Bundle","entry":[{"fullUrl":"urn:x"}]}';
  applies(t, [
    [
      'an anonymous type in parts, as deep as needed',
      patient('"id":"1"'),
      [
        add(
          'Patient',
          'contact',
          `"part":[{"name":"relationship","valueCodeableConcept":{"text":"a"}},{"name":"name","part":[{"name":"given","valueString":"x"},
          {"name":"given","_valueString":{"id":"g"}},{"name":"period","part":[{"name":"start","valueDate":"2025"}]}]},
          {"name":"relationship","valueCodeableConcept":{"text":"b"}},{"name":"gender","valueCode":"male"}]`.replace(
            /\n\s+/g,
            '',
          ),
        ),
      ],
      patient(
        '"id":"1","contact":[{"relationship":[{"text":"a"},{"text":"b"}],"name":{"given":["x",null],"_given":[null,{"id":"g"}],"period":{"start":"2025"}},"gender":"male"}]',
      ),
    ],
    [
      'an extension in parts, its value by type',
      patient('"id":"1"'),
      [
        add(
          'Patient',
          'extension',
          '"part":[{"name":"url","valueUri":"http://x"},{"name":"value","valueDecimal":1.50}]',
        ),
      ],
      patient('"id":"1","extension":[{"url":"http://x","valueDecimal":1.50}]'),
    ],
    [
      'a narrative, which no value[x] can hold',
      patient('"id":"1"'),
      [add('Patient', 'text', '"part":[{"name":"status","valueCode":"empty"},{"name":"div","valueString":"<div/>"}]')],
      patient('"id":"1","text":{"status":"empty","div":"<div/>"}'),
    ],
    [
      'a component replaced',
      observation('"component":[{"code":{"text":"a"}},{"code":{"text":"b"}}]'),
      [
        replace(
          'Observation.component[1]',
          '"part":[{"name":"code","valueCodeableConcept":{"text":"c"}},{"name":"value","valueInteger":1}]',
        ),
      ],
      observation('"component":[{"code":{"text":"a"}},{"code":{"text":"c"},"valueInteger":1}]'),
    ],
    [
      'a resource',
      bundle,
      [add('Bundle.entry[0]', 'resource', '"resource":{"resourceType":"Observation","valueQuantity":{"value":1.0}}')],
      '{"resourceType":"Bundle","entry":[{"fullUrl":"urn:x","resource":{"resourceType":"Observation","valueQuantity":{"value":1.0}}}]}',
    ],
    [
      'a boolean',
      patient('"id":"1"'),
      [add('Patient', 'active', '"valueBoolean":false')],
      patient('"id":"1","active":false'),
    ],
    [
      'an id, whose type is of FHIRPath',
      patient('"id":"1"'),
      [replace('Patient.id', '"valueId":"2"')],
      patient('"id":"2"'),
    ],
    [
      'an integer for a decimal',
      observation('"valueQuantity":{"value":1.0}'),
      [replace('Observation.value.value', '"valueInteger":2')],
      observation('"valueQuantity":{"value":2}'),
    ],
    [
      'ids and extensions of parts are not content',
      patient('"id":"1"'),
      [add('Patient', 'gender', '"id":"p","extension":[{"url":"http://x"}],"valueCode":"male"')],
      patient('"id":"1","gender":"male"'),
    ],
  ]);
});

t.test('primitives and what stands beside them stay together (R4 json.html#primitive)', async (t) => {
  const given = patient('"name":[{"given":["a",null,"c"],"_given":[null,{"id":"b"},{"id":"c"}],"family":"f"}]');
  const name = (members: string) => patient(`"name":[{${members},"family":"f"}]`);
  const birth = patient('"_birthDate":{"id":"x"},"id":"1","birthDate":"1950"');
  applies(t, [
    [
      'delete an item',
      given,
      [remove('Patient.name.given[0]')],
      name('"given":[null,"c"],"_given":[{"id":"b"},{"id":"c"}]'),
    ],
    [
      'delete one without value',
      given,
      [remove('Patient.name.given[1]')],
      name('"given":["a","c"],"_given":[null,{"id":"c"}]'),
    ],
    [
      'move',
      given,
      [move('Patient.name.given', 2, 0)],
      name('"given":["c","a",null],"_given":[{"id":"c"},null,{"id":"b"}]'),
    ],
    [
      'insert',
      given,
      [insert('Patient.name.given', 1, '"valueString":"n"')],
      name('"given":["a","n",null,"c"],"_given":[null,null,{"id":"b"},{"id":"c"}]'),
    ],
    [
      'insert at the end',
      given,
      [insert('Patient.name.given', 3, '"valueString":"n"')],
      name('"given":["a",null,"c","n"],"_given":[null,{"id":"b"},{"id":"c"},null]'),
    ],
    [
      'add',
      given,
      [add('Patient.name', 'given', '"valueString":"n","_valueString":{"id":"n"}')],
      name('"given":["a",null,"c","n"],"_given":[null,{"id":"b"},{"id":"c"},{"id":"n"}]'),
    ],
    [
      'replace takes the new as it is',
      given,
      [replace('Patient.name.given[2]', '"valueString":"n"')],
      name('"given":["a",null,"n"],"_given":[null,{"id":"b"},null]'),
    ],
    [
      'until nothing stands beside',
      patient('"name":[{"given":["a"],"_given":[{"id":"x"}]}]'),
      [replace('Patient.name.given', '"valueString":"b"')],
      patient('"name":[{"given":["b"]}]'),
    ],
    [
      'or no value is left',
      name('"given":["a",null],"_given":[null,{"id":"x"}]'),
      [remove('Patient.name.given[0]')],
      name('"given":[null],"_given":[{"id":"x"}]'),
    ],
    [
      'insert what has no value',
      patient('"name":[{"given":["a"]}]'),
      [insert('Patient.name.given', 0, '"_valueString":{"id":"n"}')],
      patient('"name":[{"given":[null,"a"],"_given":[{"id":"n"},null]}]'),
    ],
    [
      'add it where nothing is',
      name('"use":"old"'),
      [add('Patient.name', 'given', '"_valueString":{"id":"n"}')],
      patient('"name":[{"use":"old","family":"f","given":[null],"_given":[{"id":"n"}]}]'),
    ],
    [
      'add a part that has it alone',
      patient('"id":"1"'),
      [add('Patient', 'name', '"part":[{"name":"given","_valueString":{"id":"n"}}]')],
      patient('"id":"1","name":[{"given":[null],"_given":[{"id":"n"}]}]'),
    ],
    [
      'replace a value by it',
      name('"given":["a"]'),
      [replace('Patient.name.given', '"_valueString":{"id":"n"}')],
      name('"given":[null],"_given":[{"id":"n"}]'),
    ],
    [
      'replace it by a value',
      name('"given":[null],"_given":[{"id":"x"}]'),
      [replace('Patient.name.given', '"valueString":"a"')],
      name('"given":["a"]'),
    ],
    [
      'delete one of two that have no value',
      name('"given":[null,null],"_given":[{"id":"x"},{"id":"y"}]'),
      [remove('Patient.name.given[0]')],
      name('"given":[null],"_given":[{"id":"y"}]'),
    ],
    [
      'move them',
      name('"given":[null,null],"_given":[{"id":"x"},{"id":"y"}]'),
      [move('Patient.name.given', 0, 1)],
      name('"given":[null,null],"_given":[{"id":"y"},{"id":"x"}]'),
    ],
    [
      'delete all that one has: it goes, and the others keep their places',
      name('"given":["a",null,null],"_given":[null,{"id":"x"},{"id":"y"}]'),
      [remove('Patient.name.given[1].id')],
      name('"given":["a",null],"_given":[null,{"id":"y"}]'),
    ],
    [
      'delete all that the only one has',
      name('"given":[null],"_given":[{"id":"x"}]'),
      [remove('Patient.name.given[0].id')],
      patient('"name":[{"family":"f"}]'),
    ],
    [
      'lists that are not as long',
      patient('"name":[{"given":["a","b"],"_given":[{"id":"x"}]}]'),
      [remove('Patient.name.given[1]')],
      patient('"name":[{"given":["a"],"_given":[{"id":"x"}]}]'),
    ],
    ['delete both', birth, [remove('Patient.birthDate')], patient('"id":"1"')],
    [
      'replace both',
      birth,
      [replace('Patient.birthDate', '"valueDate":"1960","_valueDate":{"id":"y"}')],
      patient('"birthDate":"1960","_birthDate":{"id":"y"},"id":"1"'),
    ],
    [
      'add to a primitive',
      patient('"birthDate":"1950","id":"1"'),
      [
        add(
          'Patient.birthDate',
          'extension',
          '"part":[{"name":"url","valueUri":"http://x"},{"name":"value","valueCode":"a"}]',
        ),
        add('Patient.birthDate', 'extension', '"part":[{"name":"url","valueUri":"http://y"}]'),
        add('Patient.birthDate', 'id', '"valueString":"i"'),
      ],
      patient(
        '"birthDate":"1950","_birthDate":{"extension":[{"url":"http://x","valueCode":"a"},{"url":"http://y"}],"id":"i"},"id":"1"',
      ),
    ],
    [
      'and to one in a list',
      given,
      [add('Patient.name.given[0]', 'id', '"valueString":"i"')],
      name('"given":["a",null,"c"],"_given":[{"id":"i"},{"id":"b"},{"id":"c"}]'),
    ],
    ['delete its last extension', birth, [remove('Patient.birthDate.id')], patient('"id":"1","birthDate":"1950"')],
    [
      'in a list too',
      given,
      [remove('Patient.name.given[2].id')],
      name('"given":["a",null,"c"],"_given":[null,{"id":"b"},null]'),
    ],
    [
      'add only what stands beside',
      patient('"id":"1"'),
      [add('Patient', 'birthDate', '"_valueDate":{"id":"x"}')],
      patient('"id":"1","_birthDate":{"id":"x"}'),
    ],
  ]);
});

t.test('digits are kept and brought; a new number has none of the old', async (t) => {
  const decimals = observation('"valueSampledData":{"origin":{"value":1.00},"period":2.50,"dimensions":1}');
  applies(t, [
    [
      'kept',
      decimals,
      [add('Observation', 'status', '"valueCode":"final"')],
      decimals.replace(/}$/, ',"status":"final"}'),
    ],
    [
      'replaced',
      decimals,
      [replace('Observation.value.origin.value', '"valueDecimal":1')],
      decimals.replace('1.00', '1'),
    ],
    [
      'brought',
      decimals,
      [replace('Observation.value.period', '"valueDecimal":2.5000')],
      decimals.replace('2.50', '2.5000'),
    ],
    [
      'brought in a type',
      observation('"id":"1"'),
      [add('Observation', 'value', '"valueQuantity":{"value":1e2}')],
      observation('"id":"1","valueQuantity":{"value":1e2}'),
    ],
    [
      'compared as numbers',
      observation('"component":[{"valueQuantity":{"value":1.00}},{"valueQuantity":{"value":2.00}}]'),
      [remove('Observation.component.where(value.value > 1.5)')],
      observation('"component":[{"valueQuantity":{"value":1.00}}]'),
    ],
  ]);
});

t.test('operations act in order; what is left empty goes when all is done', async (t) => {
  const contact = patient('"id":"1","contact":[{"name":{"text":"a"}}]');
  applies(t, [
    ['delete of nothing', contact, [remove('Patient.gender')], contact],
    ['delete of the last', contact, [remove('Patient.contact[0].name.text')], patient('"id":"1"')],
    [
      'and something in its place',
      contact,
      [remove('Patient.contact.name'), add('Patient.contact', 'gender', '"valueCode":"male"')],
      patient('"id":"1","contact":[{"gender":"male"}]'),
    ],
    [
      'add, then insert',
      patient('"id":"1"'),
      [
        add('Patient', 'name', '"valueHumanName":{"text":"b"}'),
        insert('Patient.name', 0, '"valueHumanName":{"text":"a"}'),
      ],
      patient('"id":"1","name":[{"text":"a"},{"text":"b"}]'),
    ],
    [
      'what was empty before is not touched',
      patient('"name":[{}],"contact":[],"id":"1"'),
      [add('Patient', 'active', '"valueBoolean":true')],
      patient('"name":[{}],"contact":[],"id":"1","active":true'),
    ],
    [
      'resourceType is the caller’s to judge',
      contact,
      [remove('Patient.id'), remove('Patient.resourceType')],
      '{"contact":[{"name":{"text":"a"}}]}',
    ],
  ]);
  const same = { resourceType: 'Patient' } as const;
  t.equal(applyFhirPathPatch(same, { resourceType: 'Parameters' }), same, 'no operations');
});

/** `code place text` of each issue. */
const told = (result: Outcome<unknown>): string[] =>
  result instanceof Failure ? result.issues.map((i) => `${i.code} ${i.expression} ${i.text}`) : ['applied'];

t.test('the first operation that fails is named, and none of the others acts', async (t) => {
  const resource = patient(
    '"name":[{"text":"Zhang","given":["San"]},{"text":"Wang"}],"gender":"male","deceasedBoolean":true',
  );
  const one = 'Parameters.parameter[1]';
  const cases: [operation: string, place: string, text: RegExp][] = [
    [
      replace('Patient.birthDate', '"valueDate":"1950"'),
      `${one}.part[1]`,
      /Operation 1 .* at "Patient.birthDate": found nothing; expected one element/,
    ],
    [replace('Patient.name', '"valueHumanName":{"text":"a"}'), `${one}.part[1]`, /found 2 elements; expected one/],
    [replace('Patient', '"valueString":"a"'), `${one}.part[1]`, /the whole resource/],
    [remove('Patient.name'), `${one}.part[1]`, /2 elements/],
    [remove('Patient'), `${one}.part[1]`, /the whole resource/],
    [remove('Patient.gender.length()'), `${one}.part[1]`, /a path to something else/],
    [remove("'Patient'"), `${one}.part[1]`, /a path to something else/],
    [remove("Patient{gender: 'male'}.gender"), `${one}.part[1]`, /a path to something else/],
    [remove('Patient.name.single()'), `${one}.part[1]`, /a path that this resource cannot answer/],
    [remove('%other.name'), `${one}.part[1]`, /a path that this resource cannot answer/],
    [add('Patient.contact', 'gender', '"valueCode":"male"'), `${one}.part[1]`, /nothing/],
    [add('Patient.name', 'text', '"valueString":"a"'), `${one}.part[1]`, /2 elements/],
    [add('Patient', 'gender', '"valueCode":"male"'), `${one}.part[1]`, /found gender there already/],
    [add('Patient', 'deceased', '"valueDateTime":"2025"'), `${one}.part[1]`, /found deceased there already/],
    [insert('Patient.contact', 0, '"part":[{"name":"gender","valueCode":"male"}]'), `${one}.part[1]`, /nothing/],
    [insert('Patient.gender', 0, '"valueCode":"male"'), `${one}.part[1]`, /one whole list/],
    [insert('Patient', 0, '"valueCode":"male"'), `${one}.part[1]`, /one whole list/],
    [insert('Patient.name[0]', 0, '"valueHumanName":{"text":"a"}'), `${one}.part[1]`, /one whole list/],
    [insert('Patient.name | Patient.gender', 0, '"valueHumanName":{"text":"a"}'), `${one}.part[1]`, /one whole list/],
    [
      insert('Patient.name', 3, '"valueHumanName":{"text":"a"}'),
      `${one}.part[2]`,
      /found index 3 for a list of 2; expected an index from 0 to 2/,
    ],
    [move('Patient.contact', 0, 0), `${one}.part[1]`, /nothing/],
    [move('Patient.name', 2, 0), `${one}.part[2]`, /found index 2 for a list of 2; expected an index from 0 to 1/],
    [move('Patient.name', 0, 2), `${one}.part[3]`, /index 2/],
  ];
  for (const [operation, place, text] of cases) {
    const result = patched(
      t,
      resource,
      add('Patient', 'active', '"valueBoolean":true'),
      operation,
      remove('Patient.gender'),
    );
    const [only, ...others] = result instanceof Failure ? result.issues : [];
    t.equal(result instanceof Failure && result.status, 422, operation);
    t.equal(only?.code, 'patch-failed', operation);
    t.equal(only?.expression, place, operation);
    t.match(only?.text ?? '', text, operation);
    t.notMatch(only?.text ?? '', /Zhang|San/, 'no value of the resource');
    t.equal(others.length, 0);
  }
});

t.test(
  'a value of a type that does not fit its place is told with the type that would (R4 fhirpatch.html)',
  async (t) => {
    const at = 'Parameters.parameter[0].part';
    const cases: [resource: string, operation: string, told: readonly (string | RegExp)[]][] = [
      [
        patient('"birthDate":"1950"'),
        replace('Patient.birthDate', '"valueString":"1950"'),
        [`wrong-shape ${at}[2] Patient.birthDate is valueString; expected valueDate.`],
      ],
      [
        patient('"id":"1"'),
        add('Patient', 'contact', '"valueHumanName":{"text":"a"}'),
        [`wrong-shape ${at}[3] Patient.contact is valueHumanName; expected part.`],
      ],
      [
        patient('"id":"1"'),
        add('Patient', 'deceased', '"valueString":"yes"'),
        [`wrong-shape ${at}[3] Patient.deceased is valueString; expected valueBoolean or valueDateTime.`],
      ],
      [
        patient('"id":"1"'),
        add('Patient', 'deceased', '"part":[{"name":"x","valueString":"a"}]'),
        [`wrong-shape ${at}[3] Patient.deceased is part; expected valueBoolean or valueDateTime.`],
      ],
      [
        patient('"id":"1"'),
        add('Patient', 'contained', '"valueString":"a"'),
        [`wrong-shape ${at}[3] Patient.contained is valueString; expected resource.`],
      ],
      [
        patient('"id":"1"'),
        add('Patient', 'gender', '"resource":{"resourceType":"Patient"}'),
        [`wrong-shape ${at}[3] Patient.gender is resource; expected valueCode.`],
      ],
      [
        patient('"text":{"status":"empty"}'),
        add('Patient.text', 'div', '"valueBoolean":true'),
        [`wrong-shape ${at}[3] Narrative.div is valueBoolean; expected valueString.`],
      ],
      [
        patient('"id":"1"'),
        add('Patient', 'colour', '"valueString":"a"'),
        [
          /^unknown-element Parameters.parameter\[0\].part\[3\] The element "colour" is not defined for Patient; expected one of .*birthDate/,
        ],
      ],
      [
        observation('"valueQuantity":{"value":1}'),
        replace('Observation.valueQuantity', '"valueString":"a"'),
        [`wrong-shape ${at}[2] Observation.valueQuantity is valueString; expected valueQuantity.`],
      ],
      [patient('"id":"1"'), add('Patient', 'constructor', '"valueBoolean":true'), [/^unknown-element/]],
      [
        patient('"id":"1"'),
        add(
          'Patient',
          'contact',
          '"part":[{"name":"gender","valueCode":"a"},{"name":"gender","valueCode":"b"},{"name":"size","valueCode":"c"},{"name":"name","part":[{"name":"text","valueInteger":1}]}]',
        ),
        [
          `wrong-cardinality ${at}[3].part[1] Patient.contact.gender has several values; expected at most one.`,
          /^unknown-element Parameters.parameter\[0\].part\[3\].part\[2\] The element "size"/,
          `wrong-shape ${at}[3].part[3].part[0] HumanName.text is valueInteger; expected valueString.`,
        ],
      ],
    ];
    for (const [resource, operation, expected] of cases) {
      const found = told(patched(t, resource, operation));
      t.equal(found.length, expected.length, found.join('\n'));
      for (const [i, one] of expected.entries()) t.match(found[i], one);
    }
  },
);

t.test('everything malformed is named by its place, at once', async (t) => {
  const result = patched(
    t,
    patient('"id":"1"'),
    '"x"',
    '{"name":"op","part":[{"name":"type","valueCode":"swap"}],"valueString":"a"}',
    '{"name":"operation"}',
    '{"name":"operation","part":[{"name":"type","valueString":"add"}]}',
    operation('add', 'Patient..name', whole('name', 5)),
    operation('delete', "Patient.name.where(text.matches('(a+)+'))", text('path', 'Patient.name'), text('value', 'x')),
    operation('move', 'Patient.name', whole('source', -1), part('destination', '"valueDecimal":1')),
    replace('Patient.name', '"valueString":"a","valueInteger":5'),
    replace('Patient.name', '"valueFoo":"a"'),
    replace('Patient.name', '"id":"x"'),
    replace('Patient.name', '"valueHumanName":"a"'),
    replace('Patient.name', '"valueHumanName":{},"_valueHumanName":{"id":"x"}'),
    replace('Patient.name', '"valueInteger":"5"'),
    replace('Patient.name', '"valueString":null,"_valueString":{}'),
    replace('Patient.name', '"part":[]'),
    replace('Patient.name', '"part":[5,{"valueString":"a"},{"name":"a","part":[{"name":"b"}]}]'),
    replace('Patient.name', '"resource":"a"'),
    replace('Patient.name', '"_part":[{"id":"a"}]'),
    replace('%resource.name.select(text + text)', '"valueString":"a"'),
    replace('Patient.name', '"valueHumanName":{"text":"a"},"_valueHumanName":{"id":"x"}'),
    replace('Patient.gender', '"valueCode":"male","_valueCode":"x"'),
    replace('Patient:name', '"valueString":"a"'),
  );
  t.equal(result instanceof Failure && result.status, 400);
  const oneOfThese = 'expected one value[x], resource or part.';
  t.strictSame(
    told(result).map((line) =>
      line.replace('patch-invalid Parameters.parameter', '').replace(/(one of where, ).*/, '$1…'),
    ),
    [
      '[0] parameter is x; expected an object.',
      '[1] A member is valueString; expected one of id, extension, name, part.',
      '[1].name name is op; expected operation.',
      '[1].part[0] type is swap; expected one of add, insert, delete, replace, move.',
      '[2] part is missing; expected a list of parts.',
      '[3].part[0] The part type is valueString; expected valueCode.',
      '[4].part[1] The part path is not FHIRPath; expected a path to elements of the resource.',
      '[4].part[2] The part name is valueInteger; expected valueString.',
      '[4] The part value is missing; expected it once.',
      '[5].part[2] name is path again; expected path once.',
      '[5].part[3] name is value; expected one of type, path.',
      '[5].part[1] The part path is the function matches(); expected one of where, …',
      '[6].part[2] The part source is -1; expected an integer that is not negative.',
      '[6].part[3] The part destination is valueDecimal; expected valueInteger.',
      `[7].part[2] part is one with valueString and valueInteger; ${oneOfThese}`,
      `[8].part[2] part is one with valueFoo; ${oneOfThese}`,
      `[9].part[2] part is empty; ${oneOfThese}`,
      '[10].part[2].value valueHumanName is a string; expected an object that is not empty.',
      '[11].part[2].value valueHumanName is an object; expected an object that is not empty.',
      '[12].part[2].value valueInteger is a string; expected a number.',
      '[13].part[2].value valueString is null; expected a text.',
      '[14].part[2] part is an empty list; expected a list of parts.',
      '[15].part[2].part[0] part is 5; expected an object.',
      '[15].part[2].part[1].name name is missing; expected a text.',
      `[15].part[2].part[2].part[0] part is empty; ${oneOfThese}`,
      '[16].part[2].resource resource is a; expected an object.',
      `[17].part[2] part is one with _part; ${oneOfThese}`,
      '[18].part[1] The part path is the operator +; expected no arithmetic.',
      '[19].part[2].value _valueHumanName is an object; expected none beside valueHumanName.',
      '[20].part[2].value _valueCode is a string; expected an object that is not empty.',
      '[21].part[1] The part path is not FHIRPath at column 7; expected a path to elements of the resource.',
    ],
  );
  const shapes: [parameters: string, told: string][] = [
    ['{"resourceType":"Patient"}', 'Parameters resourceType is Patient; expected Parameters.'],
    ['{"resourceType":"Parameters","parameter":{}}', 'Parameters.parameter parameter is an object; expected a list.'],
    [
      '{"resourceType":"Parameters","implicitRules":"http://x"}',
      'Parameters A member is implicitRules; expected one of resourceType, id, meta, language, parameter.',
    ],
    [
      `{"resourceType":"Parameters","parameter":[${'0,'.repeat(10_000)}0]}`,
      'Parameters.parameter parameter is 10001 operations; expected at most 10000 operations (limit patch-operations).',
    ],
  ];
  for (const [parameters, line] of shapes) {
    t.strictSame(told(applyFhirPathPatch({ resourceType: 'Patient' }, parse(parameters))), [`patch-invalid ${line}`]);
  }
  for (const none of [undefined, null, [], 'x', 5])
    t.match(told(applyFhirPathPatch({ resourceType: 'Patient' }, none)), [/^patch-invalid Parameters The patch is/]);
});

t.test('a path cannot keep the server busy', async (t) => {
  const names = { resourceType: 'Patient', name: Array.from({ length: 100 }, () => ({ text: 'a' })) } as const;
  const patch = (path: string) => parse(`{"resourceType":"Parameters","parameter":[${remove(path)}]}`);
  const nested =
    'Patient.name.where(%resource.name.where(%resource.name.where(%resource.name.where(text = $this.text).exists()).exists()).exists())';
  const cases: [path: string, text: RegExp][] = [
    [nested.replaceAll('exists()', "all(text = 'b')"), /found too much work; expected at most 2000000 steps/],
    [`Patient.name${'.name'.repeat(500)}`, /a path of 2512 characters; expected at most 2000/],
    ['Patient.descendants()', /the function descendants\(\)/],
    ['Patient.subject.resolve()', /the function resolve\(\)/],
    ["Patient.name.trace('x')", /the function trace\(\)/],
    ["Patient.name.where(text & 'x' = 'ax')", /the operator &/],
    [`${'-'.repeat(1900)}1`, /not FHIRPath/],
  ];
  for (const [path, text] of cases)
    t.match(told(applyFhirPathPatch(names as unknown as Resource, patch(path)))[0], text, path.slice(0, 60));
});

t.test('a short patch cannot make a resource endless', async (t) => {
  const deep = (n: number) => `${'{"extension":['.repeat(n)}{"url":"x"}${']}'.repeat(n)}`;
  const resource = patient('"id":"1"');
  const added = (n: number) =>
    patched(t, resource, add('Patient', 'maritalStatus', `"valueCodeableConcept":${deep(n)}`));
  t.notOk(added(49) instanceof Failure, 'a hundred levels');
  t.match(told(added(50)), [/deeper nesting; expected at most 100 levels \(HUFHIR_MAX_DEPTH\)/]);
});

t.test('a patch may change a long list some times, and a short one as often as it has operations', async (t) => {
  const of = (length: number) =>
    ({ resourceType: 'Patient', name: [{ given: Array(length).fill('a') }] }) as unknown as Resource;
  const wide = {
    resourceType: 'Patient',
    name: [Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, 1]))],
  } as unknown as Resource;
  const given = add('Patient.name', 'given', '"valueString":"b"');
  const cases: [name: string, resource: Resource, operation: string, refused: boolean][] = [
    ['add to a long list', of(500_000), given, true],
    ['change what a wide object holds', wide, given, true],
    ['add to a list', of(1_000), given, false],
  ];
  for (const [name, resource, operation, refused] of cases) {
    const document = { resourceType: 'Parameters', parameter: Array(300).fill(JSON.parse(operation)) };
    const texts = told(applyFhirPathPatch(resource, document));
    if (refused) t.match(texts, [/^patch-failed .*too much to make anew; expected at most 20000000 steps/], name);
    else t.strictSame(texts, ['applied'], name);
  }
});
