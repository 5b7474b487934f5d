import { createRequire } from 'node:module';
import t from 'tap';
import { areConvertible, canonicalUnit, convert } from '#fhir/values/units.ts';

t.test('codes of UCUM, and what they are in base units', async (t) => {
  const codes: [string, string | undefined][] = [
    ['mmol/L', 'm-3.mol1'],
    ['mg/dL', 'g1.m-3'],
    ['mm[Hg]', 'g1.m-1.s-2'],
    ['10*9/L', 'm-3'],
    ['10^9/L', 'm-3'],
    ['/min', 's-1'],
    ['{beats}/min', 's-1'],
    ['mL/min/{1.73_m2}', 'm3.s-1'],
    ['%', '1'],
    ['1', '1'],
    ['{score}', '1'],
    ['/100{WBCs}', '1'],
    ['m/(s.g)', 'g-1.m1.s-1'],
    ['m/s.g', 'g1.m1.s-1'],
    ['Cel', 'K1'],
    ['[degF]', 'K1'],
    ['mCel', 'K1'],
    ['Cel{oral}', 'K1'],
    ['u[IU]/mL', '[iU]1.m-3'],
    ['dB', 'B'],
    ['B[10.nV]', 'B[10.nV]'],
    ['[pH]', '[pH]'],
    ["''", 'rad1'],
    ['daL', 'm3'],
    ['cd', 'cd1'],
    ['MMOL/L', undefined],
    ['mmhg', undefined],
    ['次/分', undefined],
    ['mg / dL', undefined],
    ['2.5m', undefined],
    ['Cel/m', undefined],
    ['m/', undefined],
    ['/', undefined],
    ['', undefined],
    ['(m', undefined],
    ['m..s', undefined],
    ['{open', undefined],
    ['0', undefined],
    ['kmin', undefined],
    ['10*999', undefined],
    ['[pi]99.[pi]99', undefined],
    ['constructor', undefined],
    ['__proto__', undefined],
    [`${'('.repeat(60)}m${')'.repeat(60)}`, undefined],
  ];
  for (const [code, dimension] of codes) t.equal(canonicalUnit(code)?.dimension, dimension, code);
});

t.test('what converts is exact', async (t) => {
  const conversions: [number, string, number, string][] = [
    [7, 'mmol/L', 7000, 'umol/L'],
    [7000, 'umol/L', 7, 'mmol/L'],
    [0.1, 'kg', 100, 'g'],
    [0.3, 'g', 300, 'mg'],
    [1.1, 'L', 1100, 'mL'],
    [5.4, '10*9/L', 5.4, '10*3/uL'],
    [1, '[lb_av]', 0.45359237, 'kg'],
    [72, '[in_i]', 182.88, 'cm'],
    [120, 'mm[Hg]', 15.99864, 'kPa'],
    [98.6, '[degF]', 37, 'Cel'],
    [37, 'Cel', 98.6, '[degF]'],
    [-40, '[degF]', -40, 'Cel'],
    [37, 'Cel', 310.15, 'K'],
    [36600, 'mCel', 36.6, 'Cel'],
    [23, 'mm/h', 0.023, 'm/h'],
    [1, 'd', 24, 'h'],
    [1, 'a', 12, 'mo'],
    [60, '/min', 1, 'Hz'],
    [50, '%', 0.5, '1'],
    [5, '[IU]/L', 5, 'm[iU]/mL'],
    [1, 'kat', 60_000_000, 'U'],
    [30, 'dB', 3, 'B'],
    [1e300, 'kg', 1e303, 'g'],
    [-0.5, 'm', -50, 'cm'],
    [1e21, 'm', 1e24, 'mm'],
    [1e-7, 'm', 1e-4, 'mm'],
    [Infinity, 'kg', Infinity, 'g'],
  ];
  for (const [value, from, expected, to] of conversions) {
    t.equal(convert(value, from, to), expected, `${value} ${from} in ${to}`);
  }
});

t.test('what UCUM calls another dimension, or what needs to know the substance, does not convert', async (t) => {
  const pairs: [string, string][] = [
    ['mmol/L', 'mg/dL'],
    ['mmol/L', '10*9/L'],
    ['meq/L', 'mmol/L'],
    ['mosm/kg', 'mmol/kg'],
    ['U/L', '[IU]/L'],
    ["[arb'U]/mL", '[IU]/mL'],
    ['B', 'Np'],
    ['[pH]', 'mol/L'],
    ['kg', 'm'],
    ['nothing', 'nothing'],
  ];
  for (const [a, b] of pairs) {
    t.notOk(areConvertible(a, b), `${a} and ${b}`);
    t.equal(convert(1, a, b), undefined);
  }
  t.ok(areConvertible('mmol/L', 'umol/L'));
});

t.test('every unit of UCUM has the factor that the library computes', async (t) => {
  interface Unit {
    getProperty(name: 'csCode_' | 'magnitude_' | 'isSpecial_'): unknown;
  }
  const { UcumLhcUtils, UnitTables } = createRequire(import.meta.url)('@lhncbc/ucum-lhc');
  UcumLhcUtils.getInstance();
  const table = UnitTables.getInstance();
  const codes: readonly string[] = table.getAllUnitCodes();
  const all = codes.map((code): Unit => table.getUnitByCode(code));
  /** The library takes a low power field for 1, and lost the division in the definitions of the other two. */
  const slips = ['[LPF]', '/[LPF]', '{#}/[LPF]', '[diop]', '[mesh_i]'];
  /** Counted by Avogadro's number there, and a dimension of their own here. */
  const particles = /(?:mol|eq|osm)(-?\d+)/g;
  const differ = all.flatMap((one) => {
    const code = String(one.getProperty('csCode_')).trim();
    const unit = canonicalUnit(code);
    if (unit === undefined) return [`${code}: none`];
    const moles = [...unit.dimension.matchAll(particles)].reduce((sum, m) => sum + Number(m[1]), 0);
    const factor = (Number(unit.factor.over) / Number(unit.factor.under)) * 6.0221367e23 ** moles;
    const isClose = Math.abs(factor / Number(one.getProperty('magnitude_')) - 1) < 1e-12;
    return one.getProperty('isSpecial_') === true || isClose ? [] : [code];
  });
  t.ok(all.length > 700);
  t.strictSame(
    differ.filter((code) => !slips.includes(code)),
    [],
  );
});

t.test('codes that clients make up without end are read, and not all kept', async (t) => {
  const before = canonicalUnit('{first}/min');
  t.equal(canonicalUnit('{first}/min'), before, 'kept');
  for (let i = 0; i < 10_001; i++) canonicalUnit(`{a${i}}/min`);
  t.not(canonicalUnit('{first}/min'), before, 'made anew');
  t.equal(canonicalUnit(`{${'x'.repeat(98)}}`)?.dimension, '1');
  t.equal(canonicalUnit(`{${'x'.repeat(99)}}`), undefined, 'longer than any code');
});
