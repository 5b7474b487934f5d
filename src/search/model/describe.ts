import type { Compare, Filter, Test } from './filter.ts';

/** A filter in words, for those who read how a search was answered. Long lists are cut. */
export function describe(filter: Filter): string {
  switch (filter.op) {
    case 'all':
      return 'everything';
    case 'none':
      return 'nothing';
    case 'and':
    case 'or':
      return `(${listed(filter.of.map(describe), ` ${filter.op} `)})`;
    case 'not':
      return `not ${describe(filter.of)}`;
    case 'type':
      return `a ${listed(filter.types, ' or ')}`;
    case 'id':
      return `_id ${listed(filter.ids, ', ')}`;
    case 'lastUpdated':
      return `_lastUpdated ${compared(filter.where, true)}`;
    case 'match':
      return `${filter.param} ${tested(filter.test)}`;
    case 'tuple':
      return `${filter.param} ${filter.tests.map(tested).join(' $ ')}`;
    case 'present':
      return `${filter.param} present`;
    case 'words':
      return `_${filter.of} ${listed(filter.words, ' ')}`;
    case 'lookup':
      return `${filter.set.by === 'list' ? '_list' : filter.set.param} among a ${filter.set.by}`;
    case 'contained':
      return `containing a ${filter.type} with ${describe(filter.where)}`;
    case 'chain':
      return `${filter.param}:${listed(filter.types, '|')}.${describe(filter.where)}`;
    case 'has':
      return `_has:${filter.type}:${filter.param}:${describe(filter.where)}`;
  }
}

/** Parts of a list that are named. */
const maxListed = 5;

function listed(parts: readonly string[], separator: string): string {
  const more = parts.length - maxListed;
  return more > 0 ? `${parts.slice(0, maxListed).join(separator)}${separator}… ${more} more` : parts.join(separator);
}

function tested(test: Test): string {
  switch (test.kind) {
    case 'token':
      return `is ${test.system === undefined ? '' : `${test.system}|`}${test.code ?? ''}`;
    case 'string':
      return `${test.how} "${test.value}"`;
    case 'date':
      return compared(test.where, true);
    case 'number':
      return compared(test.where, false);
    case 'quantity':
      return `${compared(test.where, false)} ${test.code ?? test.unit ?? ''}`.trim();
    case 'uri':
      return `${test.how} ${test.value}`;
    case 'reference':
      return `refers to ${test.type === undefined ? '' : `${test.type}/`}${test.id}`;
    case 'near':
      return `within ${test.kilometres} km of ${test.latitude}|${test.longitude}`;
  }
}

function compared(where: readonly Compare[], isTime: boolean): string {
  const written = (value: number): string =>
    isTime && Math.abs(value) < 8.64e15 ? new Date(value).toISOString() : String(value);
  return where.map(({ bound, op, value }) => `${bound} ${op} ${written(value)}`).join(' and ');
}
