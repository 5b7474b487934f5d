import { createRequire } from 'node:module';

/** What of the translator's module the unit service needs. */
type CqlToElm = typeof import('@cqframework/cql/cql-to-elm');

interface UcumUtils {
  validateUnitString(unit: string): { readonly status: string; readonly msg: readonly string[] };
  convertUnitTo(
    from: string,
    value: number,
    to: string,
  ): { readonly toVal: number | null; readonly msg: readonly string[] };
}

/** The translator's unit service on `@lhncbc/ucum-lhc`, which is read when a unit first has to be checked. */
export async function ucum(cqlToElm: CqlToElm): Promise<ReturnType<CqlToElm['createUcumService']>> {
  let utils: UcumUtils | undefined;
  const lazy = (): UcumUtils => {
    if (utils === undefined) {
      const lhc: { UcumLhcUtils: { getInstance(): UcumUtils } } = createRequire(import.meta.url)('@lhncbc/ucum-lhc');
      utils = lhc.UcumLhcUtils.getInstance();
    }
    return utils;
  };
  const unsupported = (): never => {
    throw new Error('products of units are not folded by the translator');
  };
  return cqlToElm.createUcumService(
    (value, from, to) => {
      const { toVal, msg } = lazy().convertUnitTo(from, Number(value), to);
      if (toVal == null) throw new Error(msg.join(' '));
      return String(toVal);
    },
    (unit) => {
      const { status, msg } = lazy().validateUnitString(unit);
      return status === 'valid' ? null : msg.join(' ');
    },
    unsupported,
    unsupported,
  );
}
