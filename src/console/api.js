/** What the page knows of the server: FHIR searches and $evaluate-measure, and what their answers mean. */

const targetMet = 'https://fhir.changning.example/StructureDefinition/cn-sh-target-met';
const populationCodes = 'https://fhir.changning.example/CodeSystem/cn-sh-population-cs';
const translation = 'http://hl7.org/fhir/StructureDefinition/translation';

/** The answer could not be had; `lines` say why, in the server's words where it had any. */
export class Refusal extends Error {
  constructor(lines) {
    super(lines.join('\n'));
    this.lines = lines;
  }
}

async function get(path) {
  let response;
  try {
    response = await fetch(path, { headers: { accept: 'application/fhir+json' } });
  } catch {
    throw new Refusal(['服务器没有应答。 The server does not answer.']);
  }
  const body = await response.json().catch(() => undefined);
  if (response.ok && body !== undefined) return body;
  const issues = body?.resourceType === 'OperationOutcome' ? (body.issue ?? []) : [];
  const lines = issues.map((issue) => issue.details?.text ?? issue.diagnostics ?? issue.code);
  throw new Refusal(lines.length > 0 ? lines : [`HTTP ${response.status}`]);
}

const resources = (bundle) => (bundle.entry ?? []).flatMap((entry) => entry.resource ?? []);

/** The English of a translated element, `_title` of `title`. */
function english(element) {
  const parts = element?.extension?.find((e) => e.url === translation)?.extension ?? [];
  return parts.find((part) => part.url === 'content')?.valueString;
}

const numberOf = (measure) => Number(/-(\d+)-/.exec(measure.id)?.[1] ?? Number.MAX_SAFE_INTEGER);

/** The proportion measures that the server holds, by their number in the notice. */
export async function measures() {
  const found = resources(await get('fhir/Measure?_count=100'));
  return found
    .filter((measure) => measure.scoring?.coding?.some((coding) => coding.code === 'proportion'))
    .sort((a, b) => numberOf(a) - numberOf(b) || a.id.localeCompare(b.id))
    .map((measure) => ({
      id: measure.id,
      url: measure.url,
      title: measure.title ?? measure.name ?? measure.id,
      english: english(measure._title) ?? '',
    }));
}

/** The years for which an official population is known, latest first. */
export async function years() {
  const groups = resources(await get('fhir/Group?_count=100'));
  const isYear = (characteristic) =>
    characteristic.code?.coding?.some((coding) => coding.system === populationCodes && coding.code === 'year');
  const found = groups.flatMap((group) => (group.characteristic ?? []).filter(isYear));
  const texts = found.map((characteristic) => characteristic.valueCodeableConcept?.text);
  return [...new Set(texts.filter((text) => /^\d{4}$/.test(text ?? '')).map(Number))].sort((a, b) => b - a);
}

/** Counts, ratio (0 to 1, undefined on a zero denominator), target (per cent) of a group or a stratum. */
function figures(part) {
  const count = (code) => part.population?.find((p) => p.code?.coding?.some((c) => c.code === code))?.count;
  const extension = part.extension?.find((e) => e.url === targetMet)?.extension ?? [];
  const value = (url) => extension.find((e) => e.url === url);
  return {
    numerator: count('numerator'),
    denominator: count('denominator'),
    ratio: part.measureScore?.value,
    comparator: value('comparator')?.valueCode,
    target: value('target')?.valueQuantity?.value,
    met: value('met')?.valueBoolean,
  };
}

/** The address that evaluates these measures over one calendar year. */
export function evaluation(ids, year) {
  const query = ids.map((id) => `measure=${encodeURIComponent(id)}`).join('&');
  return `fhir/Measure/$evaluate-measure?${query}&periodStart=${year}-01-01&periodEnd=${year}-12-31&reportType=population`;
}

/** For each measure: its figures for the district, and by centre (name → figures). */
export async function evaluate(list, year) {
  const reports = resources(
    await get(
      evaluation(
        list.map((measure) => measure.id),
        year,
      ),
    ),
  );
  return list.flatMap((measure) => {
    const ours = (report) => report.measure?.split('|')[0] === measure.url || report.measure === measure.id;
    const group = reports.find((report) => report.resourceType === 'MeasureReport' && ours(report))?.group?.[0];
    if (group === undefined) return [];
    const strata = group.stratifier?.[0]?.stratum ?? [];
    const named = strata.map((stratum) => [stratum.value?.text ?? '', figures(stratum), stratum.value?.coding]);
    // The stratum of those whom no centre answers for has no code; it is worth a row if somebody is in it.
    const centres = new Map(named.filter(([, f, coding]) => coding || f.numerator > 0 || f.denominator > 0));
    return [{ ...measure, district: figures(group), centres }];
  });
}
