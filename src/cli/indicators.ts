import type { Bundle, Extension, Measure, MeasureReport, MeasureReportGroup } from '@medplum/fhirtypes';
import { canonicalBase } from '#fhir/values/canonical.ts';
import { CENTRES } from '#seed/district.ts';
import type { Counts, Truth } from '#seed/truth.ts';

const targetMet = `${canonicalBase}/StructureDefinition/cn-sh-target-met`;

export interface IndicatorTable {
  readonly lines: readonly string[];
  /** Every count of every population, for the district and each CHC, equals the truth. */
  readonly equal: boolean;
}

/** One line of a report: the district's, or a CHC's stratum. */
interface IndicatorRow {
  readonly measure: string;
  readonly title: string;
  readonly where: string;
  readonly counts: Counts;
  readonly score: number | undefined;
  readonly extension: readonly Extension[];
  readonly truth: Counts | undefined;
}

/** Evaluates every measure of the truth for its year, over the API, and lays the result beside the truth. */
export async function indicatorTable(base: string, year: number, truth: Truth): Promise<IndicatorTable> {
  const ids = Object.keys(truth.measures);
  const query = new URLSearchParams([
    ...ids.map((id): [string, string] => ['measure', id]),
    ['periodStart', `${year}-01-01`],
    ['periodEnd', `${year}-12-31`],
    ['reportType', 'population'],
  ]);
  const reports: Bundle<MeasureReport> = await get(`${base}/Measure/$evaluate-measure?${query}`);
  const rows: IndicatorRow[] = [];
  for (const { resource } of reports.entry ?? []) {
    const id = ids.find((known) => resource?.measure?.split('|')[0]?.endsWith(`/Measure/${known}`));
    const group = resource?.group?.[0];
    if (id === undefined || group === undefined) continue;
    const { title = id }: Measure = await get(`${base}/Measure/${id}`);
    rows.push(...rowsOf(id, title, group, truth));
  }
  const expected = ids.reduce((n, id) => n + 1 + Object.keys(truth.measures[id]?.centres ?? {}).length, 0);
  const equal =
    rows.filter((r) => r.truth !== nobody).length === expected && rows.every((r) => isEqual(r.counts, r.truth));
  return {
    lines: [...render(rows), `与真值全部一致 Every count equals the truth: ${equal ? '是 yes' : '否 NO'}`],
    equal,
  };
}

async function get<T>(url: string): Promise<T> {
  const response = await fetch(url);
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text.slice(0, 2000)}`);
  return JSON.parse(text) as T;
}

function rowsOf(measure: string, title: string, group: MeasureReportGroup, truth: Truth): IndicatorRow[] {
  const known = truth.measures[measure];
  const district: IndicatorRow = {
    measure,
    title,
    where: '全区 District',
    counts: countsOf(group),
    score: group.measureScore?.value,
    extension: group.extension ?? [],
    truth: known?.district,
  };
  const strata = (group.stratifier?.[0]?.stratum ?? []).map((stratum): IndicatorRow => {
    const codes = stratum.value?.coding?.map((c) => c.code) ?? [];
    const centre = CENTRES.find((c) => codes.includes(c.code))?.id;
    return {
      measure,
      title,
      where: stratum.value?.text ?? centre ?? '',
      counts: countsOf(stratum),
      score: stratum.measureScore?.value,
      extension: stratum.extension ?? [],
      truth: centre === undefined ? nobody : known?.centres[centre],
    };
  });
  return [district, ...strata];
}

/** What must be counted outside all CHCs. */
const nobody: Counts = { 'initial-population': 0, denominator: 0, numerator: 0 };

type Populations = Pick<MeasureReportGroup, 'population'>;

function countsOf(group: Populations): Counts {
  const count = (code: string) =>
    group.population?.find((p) => p.code?.coding?.some((c) => c.code === code))?.count ?? -1;
  return {
    'initial-population': count('initial-population'),
    denominator: count('denominator'),
    numerator: count('numerator'),
  };
}

function isEqual(counts: Counts, truth: Counts | undefined): boolean {
  return (
    truth !== undefined &&
    counts['initial-population'] === truth['initial-population'] &&
    counts.denominator === truth.denominator &&
    counts.numerator === truth.numerator
  );
}

function render(rows: readonly IndicatorRow[]): string[] {
  const lines: string[] = [];
  let measure = '';
  for (const row of rows) {
    if (row.measure !== measure) lines.push('', row.title);
    measure = row.measure;
    lines.push(renderRow(row));
  }
  return lines;
}

function renderRow({ where, counts, score, extension, truth }: IndicatorRow): string {
  const parts = extension.find((e) => e.url === targetMet)?.extension ?? [];
  const target = parts.find((e) => e.url === 'target')?.valueQuantity?.value;
  const met = parts.find((e) => e.url === 'met')?.valueBoolean;
  const value = score === undefined ? '—' : `${percent(score)} %`;
  const verdict = met === undefined ? '—' : met ? '达标 met' : '未达标 not met';
  const right = isEqual(counts, truth)
    ? '一致 equal'
    : `不一致 DIFFERS: truth ${truth?.numerator}/${truth?.denominator}`;
  const fraction = `${counts.numerator}/${counts.denominator}`;
  return `  ${pad(where, 32)} ≥${pad(`${target ?? '?'} %`, 7)} ${pad(value, 9)} ${pad(fraction, 12)} ${pad(verdict, 16)} ${right}`;
}

/** One decimal, half up, of the unrounded ratio. */
function percent(ratio: number): string {
  return (Math.floor(ratio * 1000 + 0.5) / 10).toFixed(1);
}

/** Pads to a width in which a Chinese character takes two columns. */
function pad(text: string, width: number): string {
  const columns = [...text].reduce((n, c) => n + (/[\u2e80-\uffef]/.test(c) ? 2 : 1), 0);
  return text + ' '.repeat(Math.max(0, width - columns));
}
