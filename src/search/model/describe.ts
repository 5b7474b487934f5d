import type { Compare, Filter, Test } from './filter.ts';
import { type FilterOf, type FilterVisitor, visitFilter } from './filter-visitor.ts';

/** A filter in words, for those who read how a search was answered. Long lists are cut. */
export function describe(filter: Filter): string {
  return visitFilter(filter, describing, undefined);
}

const joined = (filter: FilterOf<'and' | 'or'>): string => `(${listed(filter.of.map(describe), ` ${filter.op} `)})`;

const describing: FilterVisitor<string> = {
  all: () => 'everything',
  none: () => 'nothing',
  and: joined,
  or: joined,
  not: (filter) => `not ${describe(filter.of)}`,
  type: (filter) => `a ${listed(filter.types, ' or ')}`,
  id: (filter) => `_id ${listed(filter.ids, ', ')}`,
  lastUpdated: (filter) => `_lastUpdated ${compared(filter.where, true)}`,
  match: (filter) => `${filter.param} ${tested(filter.test)}`,
  tuple: (filter) => `${filter.param} ${filter.tests.map(tested).join(' $ ')}`,
  present: (filter) => `${filter.param} present`,
  words: (filter) => `_${filter.of} ${listed(filter.words, ' ')}`,
  lookup: ({ set }) => `${set.by === 'list' ? '_list' : set.param} among a ${set.by}`,
  contained: (filter) => `containing a ${filter.type} with ${describe(filter.where)}`,
  chain: (filter) => `${filter.param}:${listed(filter.types, '|')}.${describe(filter.where)}`,
  has: (filter) => `_has:${filter.type}:${filter.param}:${describe(filter.where)}`,
};

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
    case 'concept':
      return `among the concepts of ${test.set}`;
    case 'string':
      return `${test.how} "${test.value}"`;
    case 'date':
      return compared(test.where, true);
    case 'number':
      return compared(test.where, false);
    case 'quantity':
      return `${compared(test.where, false)} ${test.code ?? test.unit ?? test.system ?? ''}`.trim();
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
