/** Pieces of SQL that carry their own arguments, so that a value can never become part of the text. */

export type Arg = string | number | null;

export interface Sql {
  readonly text: string;
  readonly args: readonly Arg[];
}

/** A piece from a template: pieces are spliced in, everything else is bound. */
export function sql(strings: TemplateStringsArray, ...parts: readonly (Sql | Arg)[]): Sql {
  let text = strings[0] ?? '';
  const args: Arg[] = [];
  for (const [i, part] of parts.entries()) {
    if (typeof part === 'object' && part !== null) {
      text += part.text;
      for (const arg of part.args) args.push(arg);
    } else {
      text += '?';
      args.push(part);
    }
    text += strings[i + 1] ?? '';
  }
  return { text, args };
}

/** Text of our own: names of tables and columns, interned numbers. Never a value from outside. */
export function literal(text: string): Sql {
  return { text, args: [] };
}

export const yes = literal('1');
export const no = literal('0');

/**
 * What every row passes, and what lets a statement end early: of the rows, by a number that differs from row to row, every 251st asks
 * whether it is to go on. A prime, so that no order in which resources are written skips them all. It belongs where a row costs a seek or a
 * place in an order; SQLite passes over 15 million rows of an index in a second, which it would slow down.
 */
export function ticking(number: string): Sql {
  return literal(`(${number} % 251 OR tick())`);
}

/** `column = 5`, `column IN (5,6)`, or false. Interned numbers stand in the text: the planner sees them, and they are few. */
export function oneOf(column: string, ids: readonly number[]): Sql {
  if (ids.length === 0) return no;
  return literal(ids.length === 1 ? `${column} = ${ids[0]}` : `${column} IN (${ids.join(',')})`);
}

/** `column = ?`, or membership in a list bound as one argument, so that the length does not change the text. */
export function amongTexts(column: string, values: readonly string[]): Sql {
  const [only] = values;
  if (only === undefined) return no;
  const left = literal(column);
  if (values.length === 1) return sql`${left} = ${only}`;
  return sql`${left} IN (SELECT value FROM json_each(${JSON.stringify(values)}))`;
}

/** As amongTexts, for numbers that may be many. */
export function amongNumbers(column: string, values: readonly number[]): Sql {
  const [only] = values;
  if (only === undefined) return no;
  const left = literal(column);
  if (values.length === 1) return sql`${left} = ${only}`;
  return sql`${left} IN (SELECT value FROM json_each(${JSON.stringify(values)}))`;
}

/** SQLite bounds the depth of an expression (1,000), so long lists are nested evenly. */
function nest(parts: readonly Sql[], operator: string, empty: Sql): Sql {
  const [first] = parts;
  if (first === undefined) return empty;
  if (parts.length === 1) return first;
  const half = parts.length >> 1;
  const left = nest(parts.slice(0, half), operator, empty);
  const right = nest(parts.slice(half), operator, empty);
  return sql`(${left} ${literal(operator)} ${right})`;
}

export function every(parts: readonly Sql[]): Sql {
  if (parts.some((p) => p.text === no.text)) return no;
  const needed = parts.filter((p) => p.text !== yes.text);
  return nest(needed, 'AND', yes);
}

export function some(parts: readonly Sql[]): Sql {
  if (parts.some((p) => p.text === yes.text)) return yes;
  const needed = parts.filter((p) => p.text !== no.text);
  return nest(needed, 'OR', no);
}

/** The pieces one after the other, with a separator between them. */
export function list(parts: readonly Sql[], separator: string): Sql {
  return { text: parts.map((p) => p.text).join(separator), args: parts.flatMap((p) => p.args) };
}
