import { percent, target } from './format.js';

/** Draws values as bars and targets as marks across them; draws again when the window or its colours change. */
export class TargetChart {
  #chart;
  #rows = [];

  constructor(container) {
    this.#chart = globalThis.echarts.init(container, null, { renderer: 'svg' });
    new ResizeObserver(() => {
      this.#chart.resize();
      this.show(this.#rows);
    }).observe(container);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.show(this.#rows));
  }

  /** `rows` are pairs of measure and figures, the first on top. */
  show(rows) {
    this.#rows = rows;
    this.#chart.setOption(option(rows, this.#chart.getWidth()), { notMerge: true });
  }
}

const names = { met: '达标 Met', missed: '未达标 Not met', mark: '目标 Target' };

function option(rows, width) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const text = { color: colour('ink'), fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 13 };
  const rooms = { ...text, width: Math.min(300, width * 0.35), overflow: 'break', lineHeight: 18 };
  const values = rows.map(({ figures }) => `${percent(figures)}${sign(figures.met)}`);
  return {
    animation: false,
    textStyle: text,
    grid: { left: 8, right: 8, top: 36, bottom: 8, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
    legend: { top: 0, right: 0, selectedMode: false, textStyle: text, data: Object.values(names) },
    tooltip: { trigger: 'axis', axisPointer: { type: 'shadow' }, formatter: (items) => tip(rows[items[0]?.dataIndex]) },
    xAxis: {
      type: 'value',
      min: 0,
      max: 100,
      axisLabel: { ...text, formatter: '{value}%', hideOverlap: true },
      splitLine: { lineStyle: { color: colour('line') } },
    },
    yAxis: [
      categories(
        rows.map(({ measure }) => measure.title),
        rooms,
      ),
      { ...categories(values, { ...text, fontWeight: 600 }), position: 'right' },
    ],
    series: [
      bars('met', rows, (figures) => figures.met !== false, colour),
      bars('missed', rows, (figures) => figures.met === false, colour),
      marks(rows, colour),
    ],
  };
}

const sign = (met) => (met === undefined ? '' : met ? ' ✓' : ' ✗');

function categories(data, axisLabel) {
  return { type: 'category', inverse: true, data, axisLabel, axisTick: { show: false }, axisLine: { show: false } };
}

function bars(name, rows, belongs, colour) {
  const drawn = (figures) => belongs(figures) && figures.ratio !== undefined;
  return {
    name: names[name],
    type: 'bar',
    stack: 'value',
    barWidth: '50%',
    itemStyle: { color: colour(name) },
    data: rows.map(({ figures }) => (drawn(figures) ? figures.ratio * 100 : undefined)),
  };
}

function marks(rows, colour) {
  return {
    name: names.mark,
    type: 'scatter',
    symbol: 'rect',
    symbolSize: [5, 38],
    itemStyle: { color: colour('mark'), borderColor: colour('paper'), borderWidth: 1, opacity: 1 },
    data: rows.map(({ figures }, index) => [figures.target, index]),
    z: 5,
  };
}

function tip(row) {
  if (row === undefined) return '';
  const node = document.createElement('div');
  node.textContent = `${row.measure.title} ${percent(row.figures)} (目标 Target ${target(row.figures)})`;
  return node;
}
