import { canonicalUnit, convert } from '#fhir/values/units.ts';

/** What of the translator's module the unit service needs. */
type CqlToElm = typeof import('@cqframework/cql/cql-to-elm');

/** The translator's unit service. */
export async function ucum(cqlToElm: CqlToElm): Promise<ReturnType<CqlToElm['createUcumService']>> {
  const unsupported = (): never => {
    throw new Error('products of units are not folded by the translator');
  };
  return cqlToElm.createUcumService(
    (value, from, to) => {
      const converted = convert(Number(value), from, to);
      if (converted === undefined) throw new Error(`${from} does not convert to ${to}`);
      return String(converted);
    },
    (unit) => (canonicalUnit(unit) === undefined ? `${unit} is not a UCUM code` : null),
    unsupported,
    unsupported,
  );
}
