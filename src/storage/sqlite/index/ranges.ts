import type { Compare } from '#search/model/filter.ts';
import { nextDown, nextUp } from '#search/model/numbers.ts';
import type { Conditions } from '../../planning/forms.ts';
import { every, list, literal, no, type Sql, some, sql, yes } from '../database/fragment.ts';

/**
 * Ranges in the tables are parted by width, so that the bounds of a search become bounds of `low`, which the tables are
 * sorted by: what ends after a time began after that time less the width.
 */

/** Milliseconds of the longest date of each width but the last: a day, a month, a year (with an hour for a change of clocks). */
const longest = [25, 31 * 24 + 1, 366 * 24 + 1].map((hours) => hours * 3_600_000);

/** Dates have the widths 0 to 3. Numbers and quantities have 0 for a single number, 1 for a range. */
export function widthOf(kind: 'date' | 'number' | 'quantity', low: number, high: number): number {
  if (kind !== 'date') return low < high && high === nextUp(low) ? 0 : 1;
  const width = longest.findIndex((most) => high - low <= most);
  return width < 0 ? longest.length : width;
}

interface Bounds {
  readonly from: number;
  readonly to: number;
}

const everywhere: Bounds = { from: -Number.MAX_VALUE, to: Number.MAX_VALUE };

/** JSON, in which a page's end is told, has no infinity. */
export function finite(value: number): number {
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));
}

/** A single number ends where the next double begins, so what is asked of its end is asked of itself. */
function ofPoint({ bound, op, value }: Compare): Compare {
  if (bound === 'low') return { bound, op, value };
  switch (op) {
    case '>':
      return { bound: 'low', op: '>=', value };
    case '<=':
      return { bound: 'low', op: '<', value };
    default:
      return { bound: 'low', op, value: nextDown(value) };
  }
}

function boundsOf({ bound, op, value }: Compare, most: number): Bounds {
  const { from, to } = everywhere;
  if (bound === 'low') return { from: op.startsWith('<') ? from : value, to: op.startsWith('>') ? to : value };
  return { from: op.startsWith('<') ? from : value - most, to: op.startsWith('>') ? to : value };
}

function meet(all: readonly Bounds[]): Bounds {
  return {
    from: Math.max(everywhere.from, ...all.map((b) => b.from)),
    to: Math.min(everywhere.to, ...all.map((b) => b.to)),
  };
}

function hull(all: readonly Bounds[]): Bounds {
  return { from: Math.min(...all.map((b) => b.from)), to: Math.max(...all.map((b) => b.to)) };
}

/** The rows of one width that satisfy the conditions: bounds of `low` that an index can seek, and the comparisons themselves. */
export function ofWidth(kind: 'date' | 'number', width: number, conditions: Conditions, at: string): Sql {
  const isPoint = kind === 'number' && width === 0;
  const most = (kind === 'date' ? longest[width] : undefined) ?? Number.POSITIVE_INFINITY;
  const restated = conditions.map((any) =>
    any.map((all) => all.map((c) => ({ ...c, value: finite(c.value) })).map((c) => (isPoint ? ofPoint(c) : c))),
  );
  const { from, to } = meet(restated.map((any) => hull(any.map((all) => meet(all.map((c) => boundsOf(c, most)))))));
  if (from > to) return no;
  const low = literal(`${at}low`);
  const seek = [
    from > -Number.MAX_VALUE ? sql`${low} >= ${finite(from)}` : yes,
    to < Number.MAX_VALUE ? sql`${low} <= ${finite(to)}` : yes,
  ];
  // A unary plus keeps the planner from choosing these for its seek: of several lower bounds it takes the first.
  const exact = restated.map((any) =>
    some(
      any.map((all) =>
        every(all.map(({ bound, op, value }) => sql`${literal(`+${at}${bound} ${op}`)} ${finite(value)}`)),
      ),
    ),
  );
  return every([sql`${literal(`${at}width`)} = ${width}`, ...seek, ...exact]);
}

/** The rows of a table whose ranges satisfy the conditions, as a query of their rids; `first` fixes the columns before `width`. */
export function rangeRows(
  table: 'date' | 'number' | 'quantity' | 'pair',
  kind: 'date' | 'number',
  widths: readonly number[],
  conditions: Conditions,
  first: Sql,
): readonly Sql[] {
  return widths.flatMap((width) => {
    const where = ofWidth(kind, width, conditions, 't.');
    return where.text === no.text
      ? []
      : [sql`SELECT t.rid FROM ${literal(`${table} t`)} WHERE ${every([first, where])}`];
  });
}

export function union(queries: readonly Sql[]): Sql {
  return list(queries, ' UNION ALL ');
}
