import t from 'tap';
import { references } from './examples-references-data.ts';
import { examples, idsOf, type Sections, serverOf } from './examples-run.ts';

/** The examples of R4's search.html (4.0.1) for what leads from one resource to another, and for joined and escaped values. */

const server = await serverOf(references);
t.teardown(() => server.stop());

const mrn = 'http://acme.org/fhir/identifier/mrn';
const clinical = 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical';
const toPatient23 = 'of-patient of-patient-absolute';

const sections: Sections = {
  '3.1.1.4.12 reference': [
    ['Observation?subject=Patient/23', toPatient23],
    ['Observation?subject:Patient=23', toPatient23],
    ['Observation?subject={base}/Patient/23', toPatient23],
    ['Observation?patient=23', toPatient23],
    ['Observation?patient=Patient/23', toPatient23],
    ['Observation?subject=Group/23', 'of-group'],
    ['Observation?subject:Group=23', 'of-group'],
    ['Observation?subject=http://example.org/fhir/Patient/23', 'of-elsewhere'],
    [
      'Observation?subject=23',
      `${toPatient23} of-group`,
      'differs: servers should reject an id that resources of several types have; whether they do changes with every write',
    ],
    ['Observation?subject=24', 'of-24 of-24-too'],
    ['Observation?subject=Patient/23,Patient/24', `${toPatient23} of-24 of-24-too`],
    [`Observation?subject:identifier=${mrn}|123456`, 'of-identifier'],
    [`Observation?subject:identifier=123456`, 'of-identifier'],
    [`Observation?subject:identifier=${mrn}|m23`, ''],
    [`Observation?subject:identifier=${mrn}|`, 'of-identifier of-identifier-known'],
    [`Observation?subject:identifier.name=peter`, 400],
    [`Observation?subject:Patient.identifier=${mrn}|m24`, 'of-24 of-24-too'],
    [
      `Observation?subject:Patient.identifier=${mrn}|m27`,
      'of-identifier-known',
      'differs: R4 chains over no reference without a reference element; what an identifier leads to is known here',
    ],
    [
      'Observation?subject=Patient/27',
      'of-identifier-known',
      'differs: R4 finds literal references alone; what an identifier leads to is known here',
    ],
    ['Observation?subject:Practitioner=23', 400],
  ],
  '3.1.1.4.13 References and Versions': [
    ['Condition?evidence-detail=Observation/of-patient', 'evident'],
    ['Condition?evidence-detail=of-patient', 'evident'],
    ['Condition?evidence-detail=Observation/of-24', ''],
    ['MeasureReport?measure:below=http://acme.com/some-profile', 'of-1.0 of-1.1 of-2.0'],
    ['MeasureReport?measure:below=http://acme.com/some-profile|1', 'of-1.0 of-1.1'],
    ['MeasureReport?measure=http://acme.com/some-profile|1.0', 'of-1.0'],
    ['MeasureReport?measure:identifier=x', 400],
    // The page's own example is of a parameter that Observation does not have.
    ['Observation?definition:below=http:http://acme.com/some-profile', 400],
  ],
  '3.1.1.4.14 Searching Hierarchies': [
    ['Procedure?location:below=42', 'in-42 in-43 in-44'],
    ['Procedure?location:below=Location/43', 'in-43 in-44'],
    ['Procedure?location=42', 'in-42'],
    // In the words of the page "encounter", which the resource calls "context".
    ['MedicationAdministration?context:above=Encounter/21', 'during-20 during-21'],
    ['MedicationAdministration?encounter:above=21', 400],
  ],
  '3.1.1.4.15 Chained parameters': [
    ['DiagnosticReport?subject.name=peter', 'report-23 report-24'],
    ['DiagnosticReport?subject:Patient.name=peter', 'report-23 report-24'],
    ['DiagnosticReport?subject:Patient.name=chalmers', 'report-23'],
    ['DiagnosticReport?patient.name=peter', 'report-23 report-24'],
    ['Patient?general-practitioner.name=Joe&general-practitioner.address-state=MN', '23'],
    ['Patient?general-practitioner.name=Joe&general-practitioner.address-state=NY', ''],
    ['Patient?general-practitioner:Practitioner.name=Jane', '23 24'],
    ['DiagnosticReport?subject:Patient.general-practitioner:Practitioner.name=Joe', 'report-23'],
    ['DiagnosticReport?subject:Patient.colour=red', 400],
    ['DiagnosticReport?code.name=peter', 400],
    ['DiagnosticReport?subject:Medication.name=peter', 400],
    [`Observation?patient.identifier=${mrn}|m23`, toPatient23],
    [`Observation?code=http://loinc.org|1234-5&subject.name=peter`, 'of-patient of-24'],
  ],
  '3.1.1.4.16 Reverse Chaining': [
    ['Patient?_has:Observation:patient:code=1234-5', '23 24'],
    ['Patient?_has:Observation:patient:code=9999-9,456', '23 24'],
    ['Patient?_has:Observation:patient:code=1234-5&_has:Observation:patient:code=456', '24'],
    ['Patient?_has:Observation:patient:code=none', ''],
    ['Patient?_has:Observation:patient:_has:AuditEvent:entity:agent=MyUserId', '24'],
    ['Patient?_has:Observation:patient:_has:AuditEvent:entity:altid=MyUserId', '24'],
    // R4's AuditEvent has no parameter "user", though the page's example has.
    ['Patient?_has:Observation:patient:_has:AuditEvent:entity:user=MyUserId', 400],
    ['Patient?_has:Observation:code:code=1234-5', 400],
    ['Patient?_has:Observation:device:code=1234-5', 400],
    ['Practitioner?_has:Patient:general-practitioner:_has:Observation:patient:code=456', 'jane'],
    ['DiagnosticReport?subject:Patient._has:Observation:patient:code=456', 'report-24'],
  ],
  '3.1.1.4.17 Composite Search Parameters: and, or': [
    ['Patient?language=FR&language=NL', '23'],
    ['Patient?language=FR,NL', '23 24 25'],
    ['Patient?language=FR,NL&language=EN', '23 25'],
    ['Observation?code:text=this,that', ''],
  ],
  '3.1.1.4.17 Composite Search Parameters: pairs of values': [
    [
      'DiagnosticReport?result.code-value-quantity=http://loinc.org|2823-3$gt5.4|http://unitsofmeasure.org|mmol/L',
      'report-23',
    ],
    ['Observation?component-code-value-quantity=http://loinc.org|8480-6$lt60', 'pressure-55'],
    ['Observation?component-code-value-quantity=http://loinc.org|8462-4$lt60', 'pressure-55 pressure-120'],
    ['Group?characteristic-value=gender$mixed', 'mixed'],
    ['Group?characteristic-value=gender$mixed,owner$Eve', 'mixed eves'],
    ['Group?characteristic=gender&value=mixed', 'mixed crossed'],
    ['Questionnaire?context-type-value=focus$http://snomed.info/sct|408934002', 'focus'],
    ['Observation?code-value-quantity=http://loinc.org|2951-2$gt150|http://unitsofmeasure.org|mmol/L', 'sodium-151'],
    ['Observation?code-value-quantity=http://loinc.org|2951-2', 400],
    ['Observation?code-value-quantity=a$1$2', 400],
    // Modifiers are not used on composite parameters.
    ['Group?characteristic-value:not=gender$mixed', 400],
    ['Group?characteristic-value:missing=true', 400],
  ],
  '3.1.1.4.4 Modifiers and 3.1.1.4.18 Handling Missing Data': [
    [`AllergyIntolerance?clinical-status=${clinical}|active`, 'allergy-active'],
    ['AllergyIntolerance?clinical-status:missing=true', 'allergy-unknown'],
    [`AllergyIntolerance?clinical-status=${clinical}|active&clinical-status:missing=true`, ''],
    ['AllergyIntolerance?clinical-status:missing=false', 'allergy-active allergy-resolved'],
    ['AllergyIntolerance?clinical-status:missing=maybe', 400],
    ['Patient?gender:missing=true', '25 26'],
    ['Patient?gender:missing=false', '23 24 27'],
    ['Patient?birthdate:missing=false', '23'],
    ['Patient?general-practitioner:missing=false', '23 24'],
    ['Patient?name:missing=true', ''],
  ],
  '3.1.1.4.4 Modifiers: what a parameter does not support is rejected': [
    ['Patient?name:upper=Bill', 400],
    ['Patient?gender:exact=male', 400],
    ['Patient?birthdate:contains=19', 400],
    ['Observation?subject:text=x', 400],
    ['ValueSet?url:exact=x', 400],
  ],
  '3.1.1.4.19 Escaping Search Parameters': [
    ['Observation?code=a,b', 'escape-0 escape-1'],
    ['Observation?code=a\\,b', 'escape-2'],
    ['Observation?code=a%5C%2Cb', 'escape-2'],
    ['Observation?code=a%2Cb', 'escape-0 escape-1'],
    ['Observation?code=xx\\$xx', 'escape-3'],
    ['Observation?code=xx\\\\xx', 'escape-4'],
    ['Observation?code=x\\|y', 'escape-5'],
    ['Observation?code=xx\\xx', 400],
    ['ValueSet?url=http://acme.org/fhir/ValueSet/123,http://acme.org/fhir/ValueSet/124,125', 'v123 v124'],
    ['ValueSet?url=http://acme.org/fhir/ValueSet/123,http://acme.org/fhir/ValueSet/124%2C125', 'v123 v124'],
    ['ValueSet?url=http://acme.org/fhir/ValueSet/123,http://acme.org/fhir/ValueSet/124\\,125', 'v123 v124-comma'],
    [
      'ValueSet?url=http%3A%2F%2Facme.org%2Ffhir%2FValueSet%2F123%2Chttp%3A%2F%2Facme.org%2Ffhir%2FValueSet%2F124%5C%2C125',
      'v123 v124-comma',
    ],
  ],
};

examples(server, sections);

t.test('3.1.1.4.18 Handling Missing Data: two queries combined in a batch', async (t) => {
  const urls = [`clinical-status=${clinical}|active`, 'clinical-status:missing=true'];
  const entry = urls.map((url) => ({ request: { method: 'GET', url: `AllergyIntolerance?${url}` } }));
  const { body } = await server.ask('POST', '', { resourceType: 'Bundle', type: 'batch', entry });
  const ids = body.entry.flatMap((e: { resource: { entry: readonly { resource: { id: string } }[] } }) =>
    e.resource.entry.map((found) => found.resource.id),
  );
  t.same(ids, ['allergy-active', 'allergy-unknown']);
});

t.test(
  '3.1.1.4.13 References and Versions: a criterion acts on the current version (differs: no warning tells that another one is referred to)',
  async (t) => {
    await server.ask('PUT', '/Observation/of-patient', {
      resourceType: 'Observation',
      id: 'of-patient',
      status: 'amended',
      code: { coding: [{ system: 'http://loinc.org', code: '1234-5' }] },
      subject: { reference: 'Patient/23' },
    });
    const reply = await server.ask('GET', '/Condition?evidence-detail:Observation.status=amended');
    t.same(idsOf(reply), ['evident']);
    t.same(idsOf(reply, 'outcome'), []);
  },
);
