import t from 'tap';
import type { SearchParameter, SearchType } from '#fhir/model/definitions.ts';
import { children, type ElementType } from '#fhir/model/model.ts';
import { clock } from '#fhir/values/dates.ts';
import { ucumSystem } from '#fhir/values/units.ts';
import { convert } from '#search/extract/convert.ts';
import { nextUp } from '#search/model/numbers.ts';

const how = { clock: clock('Asia/Shanghai'), baseUrl: 'https://h.example/fhir', compartment: false };

/** A type by its name, or an element by its path: `Patient.gender`. */
function elementOf(name: string): ElementType {
  const dot = name.lastIndexOf('.');
  const [element] = dot < 0 ? [] : (children(name.slice(0, dot), name.slice(dot + 1))?.values() ?? []);
  return element ?? { type: name, path: name, targets: [] };
}

type Row = readonly [element: string, value: unknown, expected: readonly object[]];

function table(name: string, type: SearchType, rows: readonly Row[]): void {
  const parameter: SearchParameter = {
    ...{ code: 'p', url: 'http://p', type, usage: 'normal', expression: 'p', targets: [], components: [] },
  };
  t.test(name, async (t) => {
    for (const [element, value, expected] of rows) {
      t.strictSame(convert(value, elementOf(element), parameter, how), expected, `${element} ${JSON.stringify(value)}`);
    }
  });
}

const token = (system: string, code: string) => ({ kind: 'token', system, code });
const uri = (value: string) => ({ kind: 'uri', value });

table('search.html#token: each data type', 'token', [
  ['Coding', { system: 's', code: 'c', display: 'd' }, [token('s', 'c')]],
  ['Coding', { code: 'c' }, [token('', 'c')]],
  [
    'CodeableConcept',
    {
      coding: [
        { system: 's', code: 'c' },
        { system: 't', code: 'd' },
      ],
      text: 'x',
    },
    [token('s', 'c'), token('t', 'd')],
  ],
  ['CodeableConcept', { text: 'x' }, []],
  ['Identifier', { system: 's', value: '1', type: { coding: [{ code: 'MR' }] } }, [token('s', '1')]],
  ['Identifier', { value: '1' }, [token('', '1')]],
  ['ContactPoint', { system: 'phone', use: 'home', value: '021-1' }, [token('', '021-1')]],
  ['ContactPoint', { system: 'phone' }, []],
  ['boolean', true, [token('', 'true')]],
  ['boolean', false, [token('', 'false')]],
  ['boolean', 'true', []],
  ['uri', 'http://e', [token('', 'http://e')]],
  // The case of strings does not count: they stand folded in the index.
  ['string', 'Text', [token('', 'text')]],
  ['string', '', []],
  ['id', 'a.b', [token('', 'a.b')]],
]);

table('search.html#token: the system of a code is that of its value set', 'token', [
  ['Patient.gender', 'male', [token('http://hl7.org/fhir/administrative-gender', 'male')]],
  ['Observation.status', 'final', [token('http://hl7.org/fhir/observation-status', 'final')]],
  ['Attachment.contentType', 'text/xml', [token('urn:ietf:bcp:13', 'text/xml')]],
  ['CapabilityStatement.fhirVersion', '4.0.1', [token('http://hl7.org/fhir/FHIR-version', '4.0.1')]],
  ['DetectedIssue.status', 'final', [token('', 'final')]],
  ['Patient.language', 'zh', [token('', 'zh')]],
  ['code', 'x', [token('', 'x')]],
]);

const number = (low: number, high: number) => ({ kind: 'number', low, high });
const max = Number.MAX_VALUE;
table('search.html#number', 'number', [
  ['decimal', 0.8, [number(0.8, nextUp(0.8))]],
  ['integer', -5, [number(-5, nextUp(-5))]],
  ['positiveInt', 2, [number(2, nextUp(2))]],
  ['unsignedInt', 0, [number(0, nextUp(0))]],
  ['decimal', '0.8', []],
  ['string', 'second dose', []],
  ['Range', { low: { value: 0.2 }, high: { value: 0.4 } }, [number(0.2, nextUp(0.4))]],
  ['Range', { low: { value: 0.2 } }, [number(0.2, max)]],
  ['Range', { high: { value: 0.4 } }, [number(-max, nextUp(0.4))]],
  ['Range', { low: { value: 2 }, high: { value: 1 } }, []],
  ['Range', {}, []],
]);

const ucum = (code: string) => ({ system: ucumSystem, code });
const quantity = (low: number, high: number, unit: object = ucum('mg')) => ({
  ...{ kind: 'quantity', low, high, system: '', code: '', unit: '' },
  ...unit,
});
table('search.html#quantity', 'quantity', [
  [
    'Quantity',
    { value: 5, unit: 'milligram', ...ucum('mg') },
    [quantity(5, nextUp(5), { ...ucum('mg'), unit: 'milligram' })],
  ],
  ['Age', { value: 70, ...ucum('a') }, [quantity(70, nextUp(70), ucum('a'))]],
  ['Duration', { value: 2, ...ucum('h') }, [quantity(2, nextUp(2), ucum('h'))]],
  ['Quantity', { value: 5, comparator: '<', ...ucum('mg') }, [quantity(-max, 5)]],
  ['Quantity', { value: 5, comparator: '<=', ...ucum('mg') }, [quantity(-max, nextUp(5))]],
  ['Quantity', { value: 5, comparator: '>', ...ucum('mg') }, [quantity(nextUp(5), max)]],
  ['Quantity', { value: 5, comparator: '>=', ...ucum('mg') }, [quantity(5, max)]],
  ['Quantity', { ...ucum('mg') }, []],
  ['Quantity', { value: 5 }, [quantity(5, nextUp(5), {})]],
  [
    'Money',
    { value: 12.5, currency: 'CNY' },
    [quantity(12.5, nextUp(12.5), { system: 'urn:iso:std:iso:4217', code: 'CNY' })],
  ],
  ['Ratio', { numerator: { value: 1 } }, []],
]);

const range = (low: object, high?: object) => (high === undefined ? { low } : { low, high });
table('search.html#quantity: a Range is searched as a range, in the unit of its lower end', 'quantity', [
  ['Range', range({ value: 1, ...ucum('mg') }, { value: 2, ...ucum('mg') }), [quantity(1, nextUp(2))]],
  ['Range', range({ value: 1, ...ucum('mg') }, { value: 0.002, ...ucum('g') }), [quantity(1, nextUp(2))]],
  ['Range', range({ value: 1, ...ucum('mg') }, { value: 2, ...ucum('mL') }), []],
  ['Range', range({ value: 1, ...ucum('mg') }, { value: 2, unit: 'mL' }), []],
  ['Range', range({ value: 1, unit: 'mg' }, { value: 2, unit: 'mg' }), [quantity(1, nextUp(2), { unit: 'mg' })]],
  ['Range', range({ value: 3, ...ucum('mg') }, { value: 2, ...ucum('mg') }), []],
  ['Range', range({ value: 1, ...ucum('mg') }), [quantity(1, max)]],
  ['Range', { high: { value: 2, ...ucum('mg') } }, [quantity(-max, nextUp(2))]],
  ['Range', {}, []],
]);

const samples = (data: unknown, more: object = {}) => ({ origin: { value: 10, ...ucum('mV') }, data, ...more });
const millivolts = (low: number, high: number) => quantity(low, high, ucum('mV'));
table('Observation?value-quantity: SampledData is searched by the bounds of its values', 'quantity', [
  ['SampledData', samples('1 -2 3.5'), [millivolts(8, nextUp(13.5))]],
  ['SampledData', samples('1 2', { factor: 0.1 }), [millivolts(10.1, nextUp(10.2))]],
  ['SampledData', samples('1 E 2'), [millivolts(11, nextUp(12))]],
  ['SampledData', samples('L 2'), [millivolts(-max, nextUp(12))]],
  ['SampledData', samples('2 U'), [millivolts(12, max)]],
  ['SampledData', samples('E'), []],
  ['SampledData', samples(''), []],
  ['SampledData', samples(undefined), []],
  ['SampledData', { data: '1 2' }, []],
]);

const date = (low: string, high: string) => ({ kind: 'date', low: Date.parse(low), high: Date.parse(high) });
const may = date('2025-05-01T00:00:00+08:00', '2025-06-01T00:00:00+08:00');
table('search.html#date', 'date', [
  ['date', '2025-05', [may]],
  ['dateTime', '2025-05-01', [date('2025-05-01T00:00:00+08:00', '2025-05-02T00:00:00+08:00')]],
  ['dateTime', '2025-05-01T08:00:00Z', [date('2025-05-01T08:00:00Z', '2025-05-01T08:00:01Z')]],
  ['instant', '2025-05-01T08:00:00Z', [date('2025-05-01T08:00:00Z', '2025-05-01T08:00:00.001Z')]],
  ['instant', '2025-05-01T08:00:00.25Z', [date('2025-05-01T08:00:00.25Z', '2025-05-01T08:00:00.251Z')]],
  ['Period', { start: '2025-05-01', end: '2025-05-31' }, [may]],
  ['Period', { start: '2025-05' }, [{ ...may, high: 8.64e15 }]],
  ['Period', { end: '2025-05' }, [{ ...may, low: -8.64e15 }]],
  ['Period', { start: '2025-06', end: '2025-05' }, []],
  ['Timing', { event: ['2025-05-31', '2025-05-01'] }, [may]],
  ['Timing', { repeat: { boundsPeriod: { start: '2025-05', end: '2025-05' } }, event: ['2025-05-02'] }, [may]],
  ['Timing', { repeat: { boundsDuration: { value: 3, ...ucum('d') }, frequency: 1 } }, []],
  ['Age', { value: 3 }, []],
  ['string', '2025-05', []],
  ['date', '2025-02-30', []],
]);

const reference = (type: string, id: string, version?: string) =>
  version === undefined ? { kind: 'reference', type, id } : { kind: 'reference', type, id, version };
table('search.html#reference', 'reference', [
  ['Reference', { reference: 'Patient/1' }, [reference('Patient', '1')]],
  ['Reference', { reference: 'https://h.example/fhir/Patient/1' }, [reference('Patient', '1')]],
  ['Reference', { reference: 'Patient/1/_history/2' }, [reference('Patient', '1', '2')]],
  ['Reference', { reference: 'https://h.example/fhir/Patient/1/_history/2' }, [reference('Patient', '1', '2')]],
  ['Reference', { reference: 'https://o.example/Patient/1' }, [uri('https://o.example/Patient/1')]],
  [
    'Reference',
    { reference: 'https://o.example/Patient/1/_history/2' },
    [uri('https://o.example/Patient/1/_history/2'), uri('https://o.example/Patient/1')],
  ],
  ['Reference', { reference: 'urn:uuid:1' }, [uri('urn:uuid:1')]],
  ['Reference', { reference: '#contained' }, []],
  ['Reference', { display: 'somebody' }, []],
]);

table('references.html#canonical: with version and fragment', 'reference', [
  ['canonical', 'http://q', [uri('http://q')]],
  ['canonical', 'http://q|2', [uri('http://q|2'), uri('http://q')]],
  ['canonical', 'http://q|2#a', [uri('http://q|2#a'), uri('http://q|2'), uri('http://q')]],
  ['canonical', 'http://q#a', [uri('http://q#a'), uri('http://q')]],
  ['canonical', '#contained', []],
  [
    'canonical',
    'https://h.example/fhir/Questionnaire/a|2',
    [
      reference('Questionnaire', 'a'),
      uri('https://h.example/fhir/Questionnaire/a|2'),
      uri('https://h.example/fhir/Questionnaire/a'),
    ],
  ],
  ['uri', 'http://q|2', [uri('http://q|2')]],
  ['Attachment', { url: 'http://q' }, []],
]);

table('search.html#uri', 'uri', [
  ['uri', 'http://e/A#b', [uri('http://e/A#b')]],
  ['url', 'http://e', [uri('http://e')]],
  ['uri', 'urn:oid:1.2', [uri('urn:oid:1.2')]],
  ['canonical', 'http://p|1', [uri('http://p|1'), uri('http://p')]],
  ['uri', '', []],
]);
