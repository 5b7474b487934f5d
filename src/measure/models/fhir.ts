import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** The published model info of FHIR 4.0.1, as XML. */
export function fhirModelInfo(): string {
  const xml: unknown = require('cql-exec-fhir/lib/modelInfos/fhir-modelinfo-4.0.1.xml.js');
  return String(xml);
}

/**
 * The library FHIRHelpers 4.0.1: the functions that the model info names as implicit conversions. Those from codes and
 * strings all read `.value`, and are written out for every type that the model info lists.
 */
export function fhirHelpers(): string {
  const conversions = fhirModelInfo().matchAll(
    /<conversionInfo functionName="FHIRHelpers\.To(\w+)" fromType="FHIR\.(\w+)"/g,
  );
  const plain = conversions
    .filter(([, to]) => to !== undefined && /^(String|Boolean|Date|DateTime|Decimal|Integer|Time)$/.test(to))
    .map(([, to, from]) => `define function To${to}(value FHIR."${from}"): value.value\n`);
  return written + [...plain].join('');
}

const written = `library FHIRHelpers version '4.0.1'
using FHIR version '4.0.1'
define function ToInterval(period FHIR.Period):
  if period is null then null
  else if period."start" is null then Interval(period."start".value, period."end".value]
  else Interval[period."start".value, period."end".value]
define function ToQuantity(quantity FHIR.Quantity):
  if quantity is null or quantity.value is null then null
  else System.Quantity { value: quantity.value.value, unit: Coalesce(quantity.code.value, quantity.unit.value, '1') }
define function ToInterval(range FHIR.Range):
  if range is null then null
  else if range.low is null then Interval(ToQuantity(range.low), ToQuantity(range.high)]
  else if range.high is null then Interval[ToQuantity(range.low), ToQuantity(range.high))
  else Interval[ToQuantity(range.low), ToQuantity(range.high)]
define function ToRatio(ratio FHIR.Ratio):
  if ratio is null then null
  else System.Ratio { numerator: ToQuantity(ratio.numerator), denominator: ToQuantity(ratio.denominator) }
define function ToCode(coding FHIR.Coding):
  if coding is null then null
  else System.Code { code: coding.code.value, system: coding.system.value, version: coding.version.value, display: coding.display.value }
define function ToConcept(concept FHIR.CodeableConcept):
  if concept is null then null
  else System.Concept { codes: concept.coding C return all ToCode(C), display: concept.text.value }
`;
