const comparators = { ge: '≥', le: '≤', gt: '>', lt: '<', eq: '=' };

/** Per cent with one decimal, half up, of the unrounded ratio: exact, by the counts, where both are known. */
export function percent({ numerator, denominator, ratio }) {
  if (ratio === undefined) return '—';
  const exact = Number.isInteger(numerator) && Number.isInteger(denominator) && denominator > 0;
  const tenths = exact ? Math.floor((2000 * numerator + denominator) / (2 * denominator)) : Math.round(ratio * 1000);
  return `${(tenths / 10).toFixed(1)}%`;
}

export function target({ comparator, target }) {
  return target === undefined ? '—' : `${comparators[comparator] ?? ''} ${target}%`.trim();
}

export function count(value) {
  return value === undefined ? '—' : value.toLocaleString('en');
}

/** An element with a class and contents; strings become text, never markup. */
export function element(name, className, ...contents) {
  const node = document.createElement(name);
  if (className !== '') node.className = className;
  node.append(...contents);
  return node;
}

/** Chinese, then English in an element that says so. */
export function bilingual(chinese, english) {
  if (english === '') return [chinese];
  const node = element('span', '', english);
  node.lang = 'en';
  return [`${chinese} `, node];
}
