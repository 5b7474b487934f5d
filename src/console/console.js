import { evaluate, evaluation, measures, Refusal, years } from './api.js';
import { TargetChart } from './chart.js';
import { bilingual, element } from './format.js';
import { fillCentres, fillSummary } from './tables.js';

const at = (id) => document.getElementById(id);
const district = '';
let chart;
let list = [];
let results = [];
/** Counts the evaluations asked for, so that a late answer does not replace a newer one. */
let asked = 0;

function show({ loading = false, error }) {
  at('status').hidden = !loading;
  at('error').hidden = error === undefined;
  at('results').hidden = loading || error !== undefined;
  at('area').disabled = loading || error !== undefined;
  if (error === undefined) return;
  const lines = error instanceof Refusal ? error.lines : [String(error)];
  const title = element('p', 'missed', ...bilingual('无法显示指标', 'The indicators cannot be shown'));
  at('error').replaceChildren(title, ...lines.map((line) => element('p', '', line)));
}

function render() {
  const name = at('area').value;
  const rows = results.flatMap((measure) => {
    const figures = name === district ? measure.district : measure.centres.get(name);
    return figures === undefined ? [] : [{ measure, figures }];
  });
  const title = name === district ? bilingual('全区', 'District') : [name];
  at('summary-title').replaceChildren(...title, ` ${at('year').value}`);
  at('value-heading').replaceChildren(
    ...(name === district ? bilingual('全区', 'District value') : bilingual('中心', 'Centre value')),
  );
  fillSummary(at('summary'), rows);
  chart ??= new TargetChart(at('chart'));
  chart.show(rows);
}

function fillAreas(centres) {
  const chosen = at('area').value;
  at('area').replaceChildren(new Option('全区 District', district), ...centres.map((name) => new Option(name, name)));
  at('area').value = centres.includes(chosen) ? chosen : district;
}

async function load() {
  const turn = ++asked;
  const year = at('year').value;
  show({ loading: true });
  try {
    const found = list.length === 0 ? [] : await evaluate(list, year);
    if (turn !== asked) return;
    if (found.length === 0) throw new Refusal(['服务器没有指标。 The server holds no measure.']);
    results = found;
    const centres = [...new Set(results.flatMap((measure) => [...measure.centres.keys()]))];
    fillAreas(centres);
    fillCentres(at('centres'), results, centres);
    const path = evaluation(
      list.map((measure) => measure.id),
      year,
    );
    at('query').href = path;
    at('query').textContent = path;
    show({});
    render();
  } catch (error) {
    if (turn === asked) show({ error });
  }
}

/** The year of the address, else the last full year of which a population is known. */
function fillYears(known) {
  const last = Number(new Intl.DateTimeFormat('en', { year: 'numeric', timeZone: 'Asia/Shanghai' }).format()) - 1;
  const wanted = Number(/^\d{4}$/.exec(new URLSearchParams(location.search).get('year') ?? '')?.[0]);
  const chosen = wanted || (known.find((year) => year <= last) ?? known[0] ?? last);
  const options = [...new Set([...known, last, chosen])].sort((a, b) => b - a);
  at('year').replaceChildren(...options.map((year) => new Option(String(year), String(year))));
  at('year').value = String(chosen);
}

async function start() {
  at('year').addEventListener('change', () => {
    history.replaceState(null, '', `?year=${at('year').value}`);
    load();
  });
  at('area').addEventListener('change', render);
  at('controls').addEventListener('submit', (event) => event.preventDefault());
  try {
    const [found, known] = await Promise.all([measures(), years()]);
    list = found;
    fillYears(known);
    await load();
  } catch (error) {
    show({ error });
  }
}

start();
