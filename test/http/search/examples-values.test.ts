import t from 'tap';
import { examples, type Sections, serverOf } from './examples-run.ts';
import { names, values } from './examples-values-data.ts';

/** The examples of R4's search.html (4.0.1) for each type of parameter, under the titles of its sections. */

const server = await serverOf(values);
t.teardown(() => server.stop());

const ucum = 'http://unitsofmeasure.org';
const about100 = 'n99.5 n99.995 n100 n100.004 n100.4';
const far = 'n89 n94.9 n95 n99.4 n100.5 n104.9 n105 n111';

const sections: Sections = {
  '3.1.1.4.5 Prefixes and 3.1.1.4.6 number': [
    ['ChargeItem?factor-override=100', about100],
    ['ChargeItem?factor-override=eq100', about100],
    ['ChargeItem?factor-override=100.00', 'n99.995 n100 n100.004'],
    ['ChargeItem?factor-override=1.00e2', about100],
    ['ChargeItem?factor-override=1e2', `n95 n99.4 ${about100} n100.5 n104.9`],
    ['ChargeItem?factor-override=lt100', 'n89 n94.9 n95 n99.4 n99.5 n99.995'],
    ['ChargeItem?factor-override=le100', 'n89 n94.9 n95 n99.4 n99.5 n99.995 n100'],
    ['ChargeItem?factor-override=gt100', 'n100.004 n100.4 n100.5 n104.9 n105 n111'],
    ['ChargeItem?factor-override=ge100', 'n100 n100.004 n100.4 n100.5 n104.9 n105 n111'],
    ['ChargeItem?factor-override=ne100', far],
    ['ChargeItem?factor-override=sa100', 'n100.004 n100.4 n100.5 n104.9 n105 n111'],
    ['ChargeItem?factor-override=eb100', 'n89 n94.9 n95 n99.4 n99.5 n99.995'],
    ['ChargeItem?factor-override=ap100', `n94.9 n95 n99.4 ${about100} n100.5 n104.9 n105`],
    ['ChargeItem?factor-override=ge100&factor-override=le100', 'n100'],
    ['ChargeItem?factor-override=89,111', 'n89 n111'],
    ['ChargeItem?factor-override=much', 400],
    ['ChargeItem?factor-override=xx100', 400],
  ],
  '3.1.1.4.6 number: example searches': [
    ['RiskAssessment?probability=gt0.8', 'p0.81 p70-90'],
    ['RiskAssessment?probability=gt8e-1', 'p0.81 p70-90'],
    ['RiskAssessment?probability=lt0.8', 'p0.79'],
    ['RiskAssessment?probability=gt80', 'p70-90'],
    ['RiskAssessment?probability=sa80', ''],
    ['RiskAssessment?probability=sa69', 'p70-90'],
    ['RiskAssessment?probability=lt80&probability=gt1', 'p70-90'],
    // 4.0.1 took this parameter from the resource, and left the example on the page.
    ['ImmunizationRecommendation?dose-number=2', 400],
  ],
  '3.1.1.4.6 number: an element that stores an integer': [
    ['MolecularSequence?window-start=100', 'w100'],
    ['MolecularSequence?window-start=100.00', 'w100'],
    ['MolecularSequence?window-start=100.5', ''],
    ['MolecularSequence?window-start=1e2', 'w99 w100 w101'],
    ['MolecularSequence?window-start=gt100', 'w101 w106'],
  ],
  '3.1.1.4.7 date: the use of the prefixes': [
    ['Condition?recorded-date=eq2013-01-14', '14T00 14T10 14 14T02Z'],
    ['Condition?recorded-date=2013-01-14', '14T00 14T10 14 14T02Z'],
    ['Condition?recorded-date=ge2013&recorded-date=ne2013-01-14', '15T00'],
    ['Condition?recorded-date=ge2013&recorded-date=lt2013-01-14T10:00', '14T00 14'],
    ['Condition?recorded-date=gt2013-01-14T10:00', '14 15T00'],
    ['Encounter?date=ge2013-03-14', 'from-21-Jan from-15-Mar on-14-Mar in-Jun-2015'],
    ['Encounter?date=le2013-03-14', 'from-21-Jan until-21-Jan on-14-Mar'],
    ['Encounter?date=sa2013-03-14', 'from-15-Mar in-Jun-2015'],
    ['Encounter?date=eb2013-03-14', 'until-21-Jan'],
    ['Encounter?date=gt2013-03-14', 'from-21-Jan from-15-Mar in-Jun-2015'],
    ['Encounter?date=lt2013-03-14', 'from-21-Jan until-21-Jan'],
    ['Encounter?date=eq2013-03-14', 'on-14-Mar'],
    ['Encounter?date=ne2013-03-14', 'from-21-Jan from-15-Mar until-21-Jan in-Jun-2015'],
    ['Encounter?date=ap2013-03-14&_id=on-14-Mar,in-Jun-2015', 'on-14-Mar'],
    ['Encounter?date=eq2013-03', 'on-14-Mar'],
  ],
  '3.1.1.4.7 date: types of data': [
    ['ServiceRequest?occurrence=ge2013-02-01&occurrence=le2013-02-01', 'every-second-day'],
    ['ServiceRequest?occurrence=2013', 'every-second-day in-April'],
    ['AuditEvent?date=2013-01-14', 'i10 i11'],
    ['AuditEvent?date=2013-01-14T10:00', 'i10'],
    ['AuditEvent?date=gt2013-01-14T10:30', 'i11'],
  ],
  '3.1.1.4.7 date: precision, zones and form': [
    ['Condition?recorded-date=2000', 'y2000 m2000-04 d2000-04-30 d2000-12-31'],
    ['Condition?recorded-date=2000-04', 'm2000-04 d2000-04-30'],
    ['Condition?recorded-date=2000-04-30', 'd2000-04-30'],
    ['Condition?recorded-date=2013-01-14T10:00', '14T10 14T02Z'],
    ['Condition?recorded-date=2013-01-14T10%3A00', '14T10 14T02Z'],
    ['Condition?recorded-date=2013-01-14T10:00:00%2B08:00', '14T10 14T02Z'],
    ['Condition?recorded-date=2013-01-14T02:00:00Z', '14T10 14T02Z'],
    ['Condition?recorded-date=2013-01-14T10', 400],
    ['Condition?recorded-date=2013-02-30', 400],
    ['Condition?recorded-date=-01-14', 400],
    ['Condition?recorded-date=2013-01,2000-04', '14T00 14T10 14 14T02Z 15T00 m2000-04 d2000-04-30'],
  ],
  '3.1.1.4.9 uri': [
    ['ValueSet?url=http://acme.org/fhir/ValueSet/123', 'v123 v123-2'],
    ['ValueSet?url:below=http://acme.org/fhir/', 'v123 v123-2 v123-history v1234 v124 v124-comma cardiac'],
    ['ValueSet?url:above=http://acme.org/fhir/ValueSet/123/_history/5', 'v123 v123-2 v123-history'],
    ['ValueSet?url=urn:oid:1.2.3.4.5', 'v-oid'],
    ['ValueSet?url=http://acme.org/fhir/ValueSet/12', ''],
    ['ValueSet?url=http://acme.org/fhir/valueset/123', ''],
    ['ValueSet?url=http://ACME.org/fhir/ValueSet/123', ''],
    ['ValueSet?url=http://acme.org/fhir/ValueSet/123|1.0', 'v123'],
    ['ValueSet?url=http://acme.org/fhir/ValueSet/123|3.0', ''],
    ['ValueSet?url:below=urn:oid:1.2.3', 400],
    ['ValueSet?url:above=urn:oid:1.2.3.4.5.6', 400],
  ],
  '3.1.1.4.10 token: forms of the value': [
    ['Patient?identifier=2345', 'acme elsewhere systemless'],
    ['Patient?identifier=http://acme.org/patient|2345', 'acme'],
    ['Patient?identifier=|2345', 'systemless'],
    ['Patient?identifier=http://acme.org/patient|', 'acme acme-other'],
    ['Patient?identifier=http%3A%2F%2Facme.org%2Fpatient%7C2345', 'acme'],
    ['Patient?identifier=|urn:oid:2.16.1,urn:oid:2.16.1', 'root-as-value root-as-both'],
    ['Patient?identifier=urn:oid:2.16.1|,urn:oid:2.16.1', 'root-as-system root-as-value root-as-both'],
    ['Patient?telecom=555-1234', 'systemless'],
    ['Patient?phone=555-1234', 'systemless'],
    ['Patient?email=555-1234', ''],
    ['Patient?telecom=phone|555-1234', 400],
    ['Patient?active=|true', 400],
    ['ValueSet?version=Beta', 'v123-2'],
    // Of a string: not case-sensitive.
    ['ValueSet?version=beta', 'v123-2'],
    ['Condition?code=|ha125', 'ha125-none'],
    ['Condition?code=http://acme.org/conditions/codes|', 'ha125 two-codings'],
  ],
  '3.1.1.4.10 token: example searches': [
    ['Patient?gender=male', 'acme acme-other'],
    ['Patient?gender=http://hl7.org/fhir/administrative-gender|male', 'acme acme-other'],
    ['Patient?gender:not=male', 'elsewhere systemless record root-as-system root-as-value root-as-both'],
    ['Patient?gender:not=male,unknown', 'elsewhere systemless record'],
    ['Composition?section=48765-2', 'allergies allergies-and-more'],
    ['Composition?section:not=48765-2', 'problems sectionless'],
    ['Patient?active=true', 'acme'],
    ['Patient?active:not=true&identifier=2345', 'elsewhere systemless'],
    ['Condition?code=http://acme.org/conditions/codes|ha125', 'ha125 two-codings'],
    ['Condition?code=ha125', 'ha125 ha125-other ha125-none two-codings'],
    ['Condition?code:text=headache', 'headache-text headache-display'],
    ['Condition?code:text=toothache,hypertension', 'no-headache'],
    ['Patient?identifier:text=record', 'record'],
    [
      'Condition?code:in=http%3A%2F%2Fsnomed.info%2Fsct%3Ffhir_vs%3Disa%2F126851005',
      'liver liver-child liver-grandchild',
    ],
    // The page's own example, against its table, which demands system|code.
    ['Condition?code:below=126851005', 400, 'differs: only a code system tells what lies below a code'],
    ['Condition?code:below=http://snomed.info/sct|126851005', 'liver liver-child liver-grandchild'],
    ['Condition?code:below=http://snomed.info/sct|93870000', 'liver-child liver-grandchild'],
    ['Condition?code:above=http://snomed.info/sct|93870000', 'liver liver-child'],
    ['Condition?code:above=http://snomed.info/sct|126851005', 'liver'],
    ['Condition?code:in=http://acme.org/fhir/ValueSet/cardiac-conditions', 'ha125 two-codings'],
    ['Condition?code:in=ValueSet/cardiac', 'ha125 two-codings'],
    ['Condition?code:in={base}/ValueSet/cardiac', 'ha125 two-codings'],
    [
      'Condition?code:not-in=http://acme.org/fhir/ValueSet/cardiac-conditions&_id=ha125,ha125-other,liver,two-codings',
      'ha125-other liver',
    ],
    ['Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|446053', 'record'],
    ['Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|446054', ''],
    ['Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MC|446053', ''],
    ['Patient?identifier:of-type=MR|446053', 400],
    ['Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203||446053', 400],
    // The page writes "otype", which it defines nowhere.
    ['Patient?identifier:otype=http://terminology.hl7.org/CodeSystem/v2-0203|MR|446053', 400],
  ],
  '3.1.1.4.10.1 Searching Mime Types': [
    ['DocumentReference?contenttype=text/xml', 'xml'],
    ['DocumentReference?contenttype:below=text/xml', 'xml xml-utf8'],
  ],
  '3.1.1.4.11 quantity: example searches': [
    [`Observation?value-quantity=5.4|${ucum}|mg`, '5.4mg 5.36mg 5.44mg 0.0054g'],
    [`Observation?value-quantity=5.40e-3|${ucum}|g`, '5.4mg 0.0054g'],
    ['Observation?value-quantity=5.4||mg', '5.4mg 5.36mg 5.44mg 5.4-printed-mg 5.4-of-others'],
    ['Observation?value-quantity=5.4', '5.4mg 5.36mg 5.44mg 5.4kg 5.4-printed-mg 5.4-of-others 5.4-bare'],
    [`Observation?value-quantity=le5.4|${ucum}|mg`, '5.4mg 5.36mg 5mg 4mg 0.0054g'],
    [`Observation?value-quantity=ap5.4|${ucum}|mg`, '5.4mg 5.36mg 5.44mg 5.46mg 5mg 5.9mg 0.0054g 0.0056g'],
    [`Observation?value-quantity=gt5.4|${ucum}|mg`, '5.44mg 5.46mg 5.9mg 6.5mg 0.0056g 5.4kg'],
    [`Observation?value-quantity=5.4|${ucum}|mg,24|${ucum}|mm/h`, '5.4mg 5.36mg 5.44mg 0.0054g 24mm-per-hour'],
    // 23 mm/hr, found in the unit it was not written in.
    [`Observation?value-quantity=0.023|${ucum}|m/h`, '23mm-per-hour'],
    [`Observation?value-quantity=5.4|${ucum}|furlong`, ''],
    [`Observation?value-quantity=5.4|${ucum}`, '5.4mg 5.36mg 5.44mg 5.4kg'],
    [`Observation?value-quantity=mg`, 400],
  ],
};

examples(server, sections);

const named = await serverOf(names);
t.teardown(() => named.stop());

examples(named, {
  '3.1.1.4.8 string': [
    ['Patient?given=eve', 'Eve Evelyn eve-small eve-large eve-accent second'],
    ['Patient?given:contains=eve', 'Eve Evelyn Severine eve-small eve-large eve-accent second'],
    ['Patient?given:exact=Eve', 'Eve second'],
    ['Patient?given:exact=eve', 'eve-small'],
    ['Patient?given=ÈVE', 'Eve Evelyn eve-small eve-large eve-accent second'],
    ['Patient?given=mary ann', 'Mary-Ann'],
    ['Patient?family=obrien', 'OBrien'],
    ['Patient?family=Carreno', 'Carreno'],
    ['Patient?family=Quinones', 'Carreno'],
    ['Patient?name=Dr.', 'prefix'],
    ['Patient?name=official', ''],
    ['Patient?address=home', ''],
    ['Patient?address=ames&given=severine', 'Severine'],
    // Only a few servers are expected to offer it; what is not offered is refused (search.html#modifiers).
    ['Patient?given:text=eve', 400],
  ],
});
