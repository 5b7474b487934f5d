import { holding, of, type Row } from './resources.ts';

const ucum = 'http://unitsofmeasure.org';
const value = 'Basic.extension[0].value';
const repeat = (rest: object) => of('Observation', { effectiveTiming: { repeat: rest } });
const timing = 'Observation.effective.repeat';
const range = (low: object, high: object) => holding({ valueRange: { low, high } });
const requirement = (rest: object) => of('Library', { dataRequirement: [{ type: 'Patient', ...rest }] });
const trigger = (rest: object) => of('EventDefinition', { trigger: [{ type: 'named-event', name: 'x', ...rest }] });
const data = { type: 'data-added', data: [{ type: 'Patient' }] };
const narrative = (div: string) => of('Basic', { text: { status: 'generated', div } });
const subject = (reference: string, rest: object = {}) => of('Basic', { subject: { reference }, ...rest });
const contained = (rest: object) =>
  of('Basic', { subject: { reference: '#p' }, contained: [{ resourceType: 'Patient', id: 'p', ...rest }] });
const nested = {
  contained: [{ resourceType: 'Patient', id: 'q', link: [{ other: { reference: '#' }, type: 'refer' }] }],
};

export const dataTypes: readonly Row[] = [
  [
    'age-1',
    value,
    holding({ valueAge: { value: 1, code: 'a', system: ucum } }),
    holding({ valueAge: { value: 0, code: 'a', system: ucum } }),
  ],
  [
    'att-1',
    'Patient.photo[0]',
    of('Patient', { photo: [{ data: 'QUJD', contentType: 'a/b' }] }),
    of('Patient', { photo: [{ data: 'QUJD' }] }),
  ],
  [
    'cnt-3',
    value,
    holding({ valueCount: { value: 2, code: '1', system: ucum } }),
    holding({ valueCount: { value: 2.5, code: '1', system: ucum } }),
  ],
  [
    'cpt-2',
    'Patient.telecom[0]',
    of('Patient', { telecom: [{ system: 'phone', value: 'x' }] }),
    of('Patient', { telecom: [{ value: 'x' }] }),
  ],
  [
    'dis-1',
    value,
    holding({ valueDistance: { value: 1, code: 'm', system: ucum } }),
    holding({ valueDistance: { value: 1, unit: 'm' } }),
  ],
  [
    'drq-1',
    'Library.dataRequirement[0].codeFilter[0]',
    requirement({ codeFilter: [{ path: 'x' }] }),
    requirement({ codeFilter: [{ path: 'x', searchParam: 'y' }] }),
  ],
  [
    'drq-2',
    'Library.dataRequirement[0].dateFilter[0]',
    requirement({ dateFilter: [{ searchParam: 'y' }] }),
    requirement({ dateFilter: [{ valueDateTime: '2025' }] }),
  ],
  [
    'drt-1',
    value,
    holding({ valueDuration: { value: 1, code: 'h', system: ucum } }),
    holding({ valueDuration: { value: 1, code: 'h', system: 'http://x.example/u' } }),
  ],
  [
    'drt-1',
    value,
    holding({ valueDuration: { value: 151, unit: 'days' } }),
    holding({ valueDuration: { code: 'h', system: ucum } }),
  ],
  [
    'ele-1',
    'Patient.name[0]',
    of('Patient', { name: [{ id: 'x', text: 'x' }] }),
    of('Patient', { name: [{ id: 'x' }] }),
  ],
  [
    'exp-1',
    value,
    holding({ valueExpression: { language: 'text/cql', expression: 'x' } }),
    holding({ valueExpression: { language: 'text/cql' } }),
  ],
  ['ext-1', 'Basic.extension[0]', holding({ valueCode: 'x' }), holding({})],
  [
    'ext-1',
    'Basic.extension[0]',
    holding({ extension: [{ url: 'x', valueCode: 'x' }] }),
    holding({ extension: [{ url: 'x', valueCode: 'x' }], valueCode: 'x' }),
  ],
  [
    'per-1',
    'Basic.extension[0].value',
    holding({ valuePeriod: { start: '2025-01', end: '2025-01-15' } }),
    holding({ valuePeriod: { start: '2025-02', end: '2025-01-15' } }),
  ],
  [
    'qty-3',
    value,
    holding({ valueQuantity: { value: 1, code: 'm', system: ucum } }),
    holding({ valueQuantity: { value: 1, code: 'm' } }),
  ],
  [
    'rat-1',
    value,
    holding({ valueRatio: { numerator: { value: 1 }, denominator: { value: 2 } } }),
    holding({ valueRatio: { numerator: { value: 1 } } }),
  ],
  [
    'ref-1',
    'Basic.subject.reference',
    subject('#p', { contained: [{ resourceType: 'Patient', id: 'p' }] }),
    subject('#q'),
  ],
  ['ref-1', 'Basic.subject.reference', of('Basic', { subject: { display: 'x' } }), subject('#p')],
  [
    'rng-2',
    value,
    range({ value: 1, code: 'g', system: ucum }, { value: 1000, code: 'mg', system: ucum }),
    range({ value: 1, code: 'g', system: ucum }, { value: 999, code: 'mg', system: ucum }),
  ],
  ['rng-2', value, range({ value: 2, unit: 'a' }, { value: 1, unit: 'b' }), range({ value: 2 }, { value: 1 })],
  [
    'sqty-1',
    'Observation.referenceRange[0].low',
    of('Observation', { referenceRange: [{ low: { value: 1 } }] }),
    of('Observation', { referenceRange: [{ low: { value: 1, comparator: '<' } }] }),
  ],
  ['tim-1', timing, repeat({ duration: 1, durationUnit: 'h' }), repeat({ duration: 1 })],
  ['tim-2', timing, repeat({ period: 1, periodUnit: 'h' }), repeat({ period: 1 })],
  ['tim-4', timing, repeat({ duration: 0, durationUnit: 'h' }), repeat({ duration: -1, durationUnit: 'h' })],
  ['tim-5', timing, repeat({ period: 0, periodUnit: 'h' }), repeat({ period: -1, periodUnit: 'h' })],
  ['tim-6', timing, repeat({ period: 1, periodMax: 2, periodUnit: 'h' }), repeat({ periodMax: 2, periodUnit: 'h' })],
  [
    'tim-7',
    timing,
    repeat({ duration: 1, durationMax: 2, durationUnit: 'h' }),
    repeat({ durationMax: 2, durationUnit: 'h' }),
  ],
  ['tim-8', timing, repeat({ count: 1, countMax: 2 }), repeat({ countMax: 2 })],
  ['tim-9', timing, repeat({ offset: 5, when: ['ACM'] }), repeat({ offset: 5, when: ['ACM', 'C'] })],
  ['tim-9', timing, repeat({ when: ['C'] }), repeat({ offset: 5 })],
  ['tim-10', timing, repeat({ timeOfDay: ['08:00:00'] }), repeat({ timeOfDay: ['08:00:00'], when: ['ACM'] })],
  ['trd-1', 'EventDefinition.trigger[0]', trigger(data), trigger({ ...data, timingDate: '2025-01-01' })],
  [
    'trd-2',
    'EventDefinition.trigger[0]',
    trigger({ ...data, condition: { language: 'text/cql', expression: 'x' } }),
    trigger({ condition: { language: 'text/cql', expression: 'x' } }),
  ],
  ['trd-3', 'EventDefinition.trigger[0]', trigger({}), trigger({ name: undefined })],
  ['trd-3', 'EventDefinition.trigger[0]', trigger(data), trigger({ type: 'data-added' })],
  ['txt-1', 'Basic.text.div', narrative('<div>x</div>'), narrative('<div>x<script>y</script></div>')],
  ['txt-2', 'Basic.text.div', narrative('<div><img src="#x"/></div>'), narrative('<div> </div>')],
  ['dom-2', 'Basic.contained[0].contained', contained({}), contained(nested)],
  ['dom-3', 'Basic.contained[0]', contained({}), of('Basic', { contained: [{ resourceType: 'Patient', id: 'p' }] })],
  [
    'dom-3',
    'Basic.contained[0]',
    of('Basic', { contained: [{ ...of('Condition', { subject: { reference: '#' } }), id: 'c' }] }),
    of('Basic', { subject: { reference: 'Patient/p' }, contained: [{ resourceType: 'Patient', id: 'p' }] }),
  ],
  ['dom-4', 'Basic.contained[0].meta', contained({ meta: { source: 'a:b' } }), contained({ meta: { versionId: '1' } })],
  [
    'dom-5',
    'Basic.contained[0].meta.security',
    contained({ meta: { tag: [{ code: 'x' }] } }),
    contained({ meta: { security: [{ code: 'R' }] } }),
  ],
  [
    'inv-1',
    'Parameters.parameter[0]',
    of('Parameters', { parameter: [{ name: 'x', valueCode: 'x' }] }),
    of('Parameters', { parameter: [{ name: 'x' }] }),
  ],
  [
    'inv-1',
    'Parameters.parameter[0].part[0]',
    of('Parameters', { parameter: [{ name: 'x', part: [{ name: 'y', resource: of('Patient') }] }] }),
    of('Parameters', { parameter: [{ name: 'x', part: [{ name: 'y', valueCode: 'x', resource: of('Patient') }] }] }),
  ],
];
