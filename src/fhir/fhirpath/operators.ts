import { ask, type Run, valueless } from './run.ts';

/** By names that an expression brings, `toString` perhaps. */
export function named<T>(members: Readonly<Record<string, T>>): ReadonlyMap<string, T> {
  return new Map(Object.entries(members));
}

/** A condition: undefined if it is empty. */
export function truth(found: readonly unknown[]): boolean | undefined {
  const [is] = found;
  if (found.length === 0) return undefined;
  if (found.length > 1) throw ask;
  if (is === valueless) return undefined;
  if (typeof is !== 'boolean') throw ask;
  return is;
}

/** Text, number or boolean; undefined if there is none. */
function single(found: readonly unknown[]): string | number | boolean | undefined {
  const [value] = found;
  if (found.length === 0 || (found.length === 1 && value === valueless)) return undefined;
  if (found.length > 1 || (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean'))
    throw ask;
  return value;
}

const yes: readonly unknown[] = [true];
const no: readonly unknown[] = [false];
const none: readonly unknown[] = [];

function verdict(is: boolean | undefined): readonly unknown[] {
  return is === undefined ? none : is ? yes : no;
}

function equality(isEqual: boolean): (left: Run, right: Run) => Run {
  return (left, right) => (at, env) => {
    const [one, other] = [left(at, env), right(at, env)];
    const [a, b] = [single(one), single(other)];
    if (one.length === 0 || other.length === 0) return none;
    // What has no value equals no value.
    if (a === undefined && b === undefined) throw ask;
    if (a === undefined || b === undefined) return verdict(!isEqual);
    if (typeof a !== typeof b) throw ask;
    return verdict((a === b) === isEqual);
  };
}

function order(is: (a: number, b: number) => boolean): (left: Run, right: Run) => Run {
  return (left, right) => (at, env) => {
    const [a, b] = [single(left(at, env)), single(right(at, env))];
    if (a === undefined || b === undefined) return none;
    if (typeof a !== 'number' || typeof b !== 'number') throw ask;
    return verdict(is(a, b));
  };
}

/** FHIRPath's operators, of those that the engine need not be asked for. Logic has three values (FHIRPath, Boolean logic). */
export const operators = named<(left: Run, right: Run) => Run>({
  or: (left, right) => (at, env) => {
    const a = truth(left(at, env));
    if (a === true) return yes;
    const b = truth(right(at, env));
    return b === true ? yes : verdict(a === undefined || b === undefined ? undefined : false);
  },
  and: (left, right) => (at, env) => {
    const a = truth(left(at, env));
    if (a === false) return no;
    const b = truth(right(at, env));
    return b === false ? no : verdict(a === undefined || b === undefined ? undefined : true);
  },
  xor: (left, right) => (at, env) => {
    const [a, b] = [truth(left(at, env)), truth(right(at, env))];
    return verdict(a === undefined || b === undefined ? undefined : a !== b);
  },
  implies: (left, right) => (at, env) => {
    const a = truth(left(at, env));
    if (a === false) return yes;
    const b = truth(right(at, env));
    return b === true ? yes : verdict(a === undefined || b === undefined ? undefined : false);
  },
  '=': equality(true),
  '!=': equality(false),
  '<': order((a, b) => a < b),
  '<=': order((a, b) => a <= b),
  '>': order((a, b) => a > b),
  '>=': order((a, b) => a >= b),
  '+': (left, right) => (at, env) => {
    const [a, b] = [single(left(at, env)), single(right(at, env))];
    if (a === undefined || b === undefined) return none;
    if (typeof a !== 'number' || typeof b !== 'number') throw ask;
    return [a + b];
  },
  '&': (left, right) => (at, env) => {
    const [a = '', b = ''] = [single(left(at, env)), single(right(at, env))];
    if (typeof a !== 'string' || typeof b !== 'string') throw ask;
    return [a + b];
  },
  // Of texts, as all that are written out are; each once.
  '|': (left, right) => (at, env) => {
    const all = new Set([...left(at, env), ...right(at, env)]);
    for (const one of all) if (typeof one !== 'string') throw ask;
    return [...all];
  },
  in: (left, right) => (at, env) => {
    const found = left(at, env);
    const a = single(found);
    if (found.length === 0) return none;
    if (a !== undefined && typeof a !== 'string') throw ask;
    return verdict(a !== undefined && right(at, env).includes(a));
  },
});
