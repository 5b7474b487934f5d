import { bilingual, count, element, percent, target } from './format.js';

function heading(scope, className, contents) {
  const cell = element('th', className, ...contents);
  cell.scope = scope;
  return cell;
}

function verdict(met) {
  if (met === undefined) return element('td', '', '—');
  const words = met ? bilingual('✓ 达标', 'met') : bilingual('✗ 未达标', 'not met');
  return element('td', met ? 'met' : 'missed', ...words);
}

/** Whether the rounded value says otherwise than the verdict, which is by the unrounded one. */
function misleads({ ratio, target: wanted, met }) {
  if (ratio === undefined || wanted === undefined || met !== false) return false;
  return Math.abs(ratio * 100 - wanted) < 0.05;
}

function valueCell(figures) {
  const cell = element('td', 'number', percent(figures));
  if (misleads(figures)) {
    cell.append(element('span', 'fraction', '未取整 ', 'unrounded ', `${(figures.ratio * 100).toFixed(4)}%`));
  }
  return cell;
}

/** One row a measure. `rows` are pairs of measure and figures. */
export function fillSummary(table, rows) {
  table.tBodies[0].replaceChildren(
    ...rows.map(({ measure, figures }) =>
      element(
        'tr',
        '',
        heading('row', '', bilingual(measure.title, measure.english)),
        element('td', 'number', target(figures)),
        valueCell(figures),
        verdict(figures.met),
        element('td', 'number', count(figures.numerator)),
        element('td', 'number', count(figures.denominator)),
      ),
    ),
  );
}

function centreCell(figures) {
  if (figures === undefined) return element('td', 'number', '—');
  const mark = figures.met === undefined ? '' : figures.met ? ' ✓' : ' ✗';
  const value = element(
    'span',
    figures.met === undefined ? '' : figures.met ? 'met' : 'missed',
    percent(figures),
    mark,
  );
  const fraction = element('span', 'fraction', `${count(figures.numerator)} / ${count(figures.denominator)}`);
  const cell = element('td', 'number', value, fraction);
  const words = figures.met === undefined ? '' : figures.met ? '达标 met' : '未达标 not met';
  cell.title = `${words} ${figures.ratio ?? ''}`.trim();
  return cell;
}

/** The district's row first, then one a centre; one column a measure. */
export function fillCentres(table, results, centres) {
  const head = element('tr', '', heading('col', '', bilingual('中心', 'Centre')));
  for (const measure of results) head.append(heading('col', 'number', [measure.title, ' ', wanted(measure)]));
  table.tHead.replaceChildren(head);
  const row = (className, name, of) =>
    element('tr', className, heading('row', '', name), ...results.map((measure) => centreCell(of(measure))));
  table.tBodies[0].replaceChildren(
    row('total', bilingual('全区', 'District'), (measure) => measure.district),
    ...centres.map((name) => row('', [name], (measure) => measure.centres.get(name))),
  );
}

function wanted(measure) {
  return element('span', 'fraction', target(measure.district));
}
