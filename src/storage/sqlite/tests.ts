import type { Compare, Filter, Test } from '#search/filter.ts';
import { amongTexts, every, literal, no, oneOf, type Sql, some, sql, yes } from './fragment.ts';
import type { Names } from './names.ts';

/** Tests of one parameter of which one must pass; several only of a kind that `grouped` puts together. */
export interface Group {
  readonly param: string;
  readonly tests: readonly [Test, ...Test[]];
}

export interface Tested {
  readonly table: Test['kind'];
  readonly where: Sql;
  /** With the parameter, the condition fixes every column of the value index: rows come by rid. */
  readonly ordered: boolean;
}

/**
 * Alternatives put together where one list of values serves them: `code=a,b,c` is one look into the index and one text,
 * however many there are.
 */
export function grouped(filters: readonly Filter[]): readonly (Filter | Group)[] {
  const groups = new Map<string, { param: string; tests: [Test, ...Test[]] }>();
  const result: (Filter | Group)[] = [];
  for (const filter of filters) {
    const key = filter.op === 'match' ? keyOf(filter.param, filter.test) : undefined;
    if (filter.op !== 'match' || key === undefined) {
      result.push(filter);
      continue;
    }
    const group = groups.get(key);
    if (group === undefined) {
      const made: { param: string; tests: [Test, ...Test[]] } = { param: filter.param, tests: [filter.test] };
      groups.set(key, made);
      result.push(made);
    } else group.tests.push(filter.test);
  }
  return result;
}

function keyOf(param: string, test: Test): string | undefined {
  if (test.kind === 'token' && test.code !== undefined) return JSON.stringify([param, 'token', test.system ?? null]);
  if (test.kind === 'reference' && test.version === undefined) {
    return JSON.stringify([param, 'reference', test.type ?? null]);
  }
  if (test.kind === 'string' && test.how === 'exact') return JSON.stringify([param, 'exact']);
  return test.kind === 'uri' && test.how === 'equals' ? JSON.stringify([param, 'uri']) : undefined;
}

/** The condition on a row of the test's table; `at` goes before each column. */
export function testOf(tests: Group['tests'], at: string, names: Names): Tested {
  const [test] = tests;
  switch (test.kind) {
    case 'token':
      return tokens(tests, test.system, at, names);
    case 'string':
      return { table: 'string', where: text(tests, test.how, test.value, at), ordered: false };
    case 'date':
    case 'number':
      return { table: test.kind, where: range(test.where, at), ordered: false };
    case 'quantity':
      return { table: 'quantity', where: every([range(test.where, at), unit(test, at, names)]), ordered: false };
    case 'uri':
      return uris(tests, test.how, test.value, at);
    case 'reference':
      return references(tests, test.type, test.version, at, names);
  }
}

function tokens(tests: Group['tests'], system: string | undefined, at: string, names: Names): Tested {
  const codes = tests.map((t) => (t.kind === 'token' ? t.code : undefined)).filter((c) => c !== undefined);
  const known = system === undefined ? undefined : names.system(system);
  const where = every([
    codes.length === 0 ? yes : amongTexts(`${at}code`, codes),
    system === undefined ? yes : known === undefined ? no : oneOf(`${at}system`, [known]),
  ]);
  return { table: 'token', where, ordered: codes.length === 1 && system !== undefined };
}

/** Texts that begin so are those up to the last character of all, in the order of UTF-8. */
function beginsWith(column: string, start: string): Sql {
  const left = literal(column);
  return sql`${left} >= ${start} AND ${left} < ${`${start}\u{10FFFF}`}`;
}

function text(tests: Group['tests'], how: 'starts' | 'contains' | 'exact', value: string, at: string): Sql {
  const column = literal(`${at}value`);
  if (how === 'starts') return value === '' ? yes : beginsWith(column.text, value);
  if (how === 'contains') return sql`instr(${column}, ${value}) > 0`;
  // The exact form is kept only where it differs from the folded one.
  const values = tests.map((t) => (t.kind === 'string' ? t.value : ''));
  return amongTexts(`CASE ${at}exact WHEN '' THEN ${column.text} ELSE ${at}exact END`, values);
}

function range(where: readonly Compare[], at: string): Sql {
  const comparisons = where.map(({ bound, op, value }) => sql`${literal(`${at}${bound} ${op}`)} ${finite(value)}`);
  // A range that ends early began early: said again of `low`, which the index is sorted by.
  const implied = where
    .filter((c) => c.bound === 'high' && (c.op === '<' || c.op === '<=' || c.op === '='))
    .map((c) => sql`${literal(`${at}low`)} <= ${finite(c.value)}`);
  return every([...comparisons, ...implied]);
}

/** JSON, in which a page's end is told, has no infinity. */
export function finite(value: number): number {
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));
}

function unit(test: Extract<Test, { kind: 'quantity' }>, at: string, names: Names): Sql {
  const system = test.system === undefined ? undefined : names.system(test.system);
  return every([
    test.system === undefined ? yes : system === undefined ? no : oneOf(`${at}system`, [system]),
    test.code === undefined ? yes : amongTexts(`${at}code`, [test.code]),
    test.unit === undefined ? yes : some([amongTexts(`${at}code`, [test.unit]), amongTexts(`${at}unit`, [test.unit])]),
  ]);
}

function uris(tests: Group['tests'], how: 'equals' | 'below' | 'above', value: string, at: string): Tested {
  const column = `${at}value`;
  if (how === 'equals') {
    const values = tests.map((t) => (t.kind === 'uri' ? t.value : '')).filter((v) => v !== '');
    return { table: 'uri', where: amongTexts(column, values), ordered: values.length === 1 };
  }
  const path = value.replace(/(?<!\/)\/+$/, '');
  if (how === 'above') {
    const parts = path.split('/');
    const above = parts.flatMap((_, i) => {
      const start = parts.slice(0, i + 1).join('/');
      return [start, `${start}/`];
    });
    return { table: 'uri', where: amongTexts(column, [...new Set(above)].filter(Boolean)), ordered: false };
  }
  const below = some([amongTexts(column, [path]), beginsWith(column, `${path}/`)]);
  return { table: 'uri', where: below, ordered: false };
}

function references(
  tests: Group['tests'],
  type: string | undefined,
  version: string | undefined,
  at: string,
  names: Names,
): Tested {
  const ids = tests.map((t) => (t.kind === 'reference' ? t.id : '')).filter((id) => id !== '');
  const types = type === undefined ? names.allTypes() : names.types([type]);
  const single = types.length === 1 && ids.length === 1;
  const targets = every([oneOf('type', types), amongTexts('id', ids)]);
  const column = literal(`${at}target`);
  const where = every([
    single
      ? sql`${column} = (SELECT rid FROM resource INDEXED BY resource_id WHERE ${targets})`
      : sql`${column} IN (SELECT rid FROM resource INDEXED BY resource_id WHERE ${targets})`,
    version === undefined ? yes : amongTexts(`${at}version`, [version]),
  ]);
  return { table: 'reference', where: types.length === 0 ? no : where, ordered: single };
}

/** The column that a sort by this kind of value goes by: the lowest value first, or the highest. */
export function sortColumn(kind: string, descending: boolean): { readonly table: string; readonly column: string } {
  if (kind === 'date' || kind === 'number' || kind === 'quantity') {
    return { table: kind, column: descending ? 'high' : 'low' };
  }
  return { table: kind, column: kind === 'token' ? 'code' : 'value' };
}
