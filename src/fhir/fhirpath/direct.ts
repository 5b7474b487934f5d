import { isObject } from '../json/object.ts';
import { children, type ElementType } from '../model/model.ts';
import { named, operators, truth } from './operators.ts';
import { ask, hidden, type Run, type SyntaxNode, type Variables, valueless } from './run.ts';

/** An expression, and what R4 declares of the elements that it gives; undefined if it gives none, or any. */
interface Compiled {
  readonly run: Run;
  readonly element: ElementType | undefined;
}

interface Scope {
  /** Of `$this`, where names begin. */
  readonly element: ElementType | undefined;
  /** Of the element that the whole expression is evaluated on: `%context`. */
  readonly context: ElementType;
}

/**
 * The parsed expression as functions over JSON for elements of the type (or backbone path) `base`, ten times faster than the engine; it throws
 * `ask` on every value, and in every part of an expression, that it does not know for certain to be the same to the engine. Undefined if
 * that is all of it.
 */
export function compileDirect(
  tree: SyntaxNode,
  base: string,
): ((element: unknown, variables: Variables) => unknown[]) | undefined {
  const context = { type: base, path: alike.get(base) ?? base, targets: [] };
  const { run } = compile(tree, { element: context, context });
  if (run === unknown.run) return undefined;
  return (element, variables) => run(element, { ...variables, context: element }) as unknown[];
}

/** Profiles of R4 that its model does not know as types. */
const alike = new Map([
  ['SimpleQuantity', 'Quantity'],
  ['MoneyQuantity', 'Quantity'],
]);

const unknown: Compiled = {
  run: () => {
    throw ask;
  },
  element: undefined,
};

function plain(run: Run | undefined): Compiled {
  return run === undefined ? unknown : { run, element: undefined };
}

function compile(node: SyntaxNode, scope: Scope): Compiled {
  const [first, second] = node.children ?? [];
  switch (node.type) {
    case 'EntireExpression':
    case 'TermExpression':
    case 'ParenthesizedTerm':
    case 'InvocationTerm':
      return first === undefined ? unknown : compile(first, scope);
    case 'LiteralTerm':
      return first === undefined ? unknown : plain(literal(first));
    case 'ExternalConstantTerm':
      return constant(node.text ?? '', scope);
    case 'ThisInvocation':
      return self(scope);
    case 'MemberInvocation':
      return member({ run: itself, element: scope.element }, node.text ?? '');
    case 'FunctionInvocation':
      return call(self(scope), node, scope);
    case 'InvocationExpression': {
      if (first === undefined || second === undefined) return unknown;
      const from = compile(first, scope);
      if (second.type === 'MemberInvocation') return member(from, second.text ?? '');
      // On what it is called on, its condition is judged: `iif` is made for a function alone.
      return nameOf(second) === 'iif' ? unknown : call(from, second, scope);
    }
    default: {
      const operator = operators.get(node.text ?? '');
      if (operator === undefined || first === undefined || second === undefined) return unknown;
      return plain(operator(compile(first, scope).run, compile(second, scope).run));
    }
  }
}

const itself: Run = (value) => [value];

function self({ element }: Scope): Compiled {
  const isPlain = element === undefined || isText(element.type);
  return { run: isPlain ? itself : (value) => [shown(value, false)], element };
}

function literal({ type, text = '' }: SyntaxNode): Run | undefined {
  const value =
    type === 'StringLiteral'
      ? unescaped(text)
      : type === 'NumberLiteral'
        ? Number(text)
        : type === 'BooleanLiteral'
          ? text === 'true'
          : undefined;
  if (value === undefined) return undefined;
  const values = [value];
  return () => values;
}

/** Without its quotes. Escapes other than those of a character for itself are rare, and left to the engine. */
function unescaped(text: string): string | undefined {
  const escapes = text.slice(1, -1).match(/\\./gs) ?? [];
  const isPlain = escapes.every((pair) => !/[a-z]/i.test(pair));
  return isPlain ? text.slice(1, -1).replace(/\\(.)/gs, '$1') : undefined;
}

const ucum = ['http://unitsofmeasure.org'];

function constant(name: string, { context }: Scope): Compiled {
  switch (name) {
    case 'ucum':
      return plain(() => ucum);
    case 'context':
      return { run: (_, env) => [env.context], element: context };
    case 'resource': {
      // Of a data type, any resource may hold it.
      const type = context.path.split('.')[0] ?? '';
      const isKnown = children(type, 'implicitRules') !== undefined;
      return isKnown ? { run: (_, env) => [env.resource], element: { type, path: type, targets: [] } } : unknown;
    }
    default:
      return unknown;
  }
}

/** The values of an element of R4, by all keys of a choice. */
function member({ run, element }: Compiled, name: string): Compiled {
  if (element === undefined) return unknown;
  const keys =
    children(element.path, name) ?? (element.path.includes('.') ? children('BackboneElement', name) : undefined);
  const [only, another] = keys ?? [];
  // The engine takes the name of a type for a step to its values.
  if (only === undefined && /^[A-Z]/.test(name)) return unknown;
  const type = another === undefined ? only?.[1] : undefined;
  const put =
    keys === undefined || another === undefined
      ? putKey(name, type !== undefined && isText(type.type))
      : putChoice(keys);
  const step: Run = (value, env) => {
    const found: unknown[] = [];
    for (const holder of run(value, env)) {
      if (!isObject(holder)) throw ask;
      put(holder, found);
    }
    return found;
  };
  const direct: Run = (holder) => {
    const found: unknown[] = [];
    if (!isObject(holder)) throw ask;
    put(holder, found);
    return found;
  };
  return { run: run === itself ? direct : step, element: type };
}

type Put = (holder: Readonly<Record<string, unknown>>, found: unknown[]) => void;

/** Dates, times and quantities are no texts and numbers to the engine, so their values are hidden. */
function putKey(name: string, isPlain: boolean): Put {
  const sibling = `_${name}`;
  return (holder, found) => {
    const value = holder[name];
    if (Array.isArray(value)) {
      if (holder[sibling] !== undefined || value.includes(null)) throw ask;
      for (const one of value) found.push(shown(one, isPlain));
    } else if (value !== undefined) {
      if (value === null) throw ask;
      found.push(shown(value, isPlain));
    } else if (holder[sibling] !== undefined) {
      if (!isObject(holder[sibling])) throw ask;
      found.push(valueless);
    }
  };
}

function shown(value: unknown, isPlain: boolean): unknown {
  return typeof value === 'string' && !isPlain ? hidden : value;
}

/** What a choice holds is only asked whether it is there. */
function putChoice(keys: ReadonlyMap<string, ElementType>): Put {
  return (holder, found) => {
    let one = false;
    for (const key in holder) {
      const name = key.startsWith('_') ? key.slice(1) : key;
      if (!keys.has(name) || (name !== key && holder[name] !== undefined)) continue;
      const value = holder[key];
      if (one || value === null || Array.isArray(value)) throw ask;
      one = true;
      found.push(hidden);
    }
  };
}

const texts: ReadonlySet<string> = new Set([
  'string',
  'code',
  'uri',
  'url',
  'canonical',
  'markdown',
  'id',
  'oid',
  'uuid',
]);

function isText(type: string): boolean {
  return texts.has(type);
}

function nameOf(invocation: SyntaxNode): string | undefined {
  return invocation.children?.[0]?.children?.[0]?.text;
}

function call(from: Compiled, node: SyntaxNode, scope: Scope): Compiled {
  const [name, list] = node.children?.[0]?.children ?? [];
  const [argument, ...others] = list?.children ?? [];
  const { run, element } = from;
  if (name?.text === 'trace') return from;
  if (name?.text === 'iif') return others.length === 1 && others[0] ? iif(argument, others[0], scope) : unknown;
  if (others.length > 0) return unknown;
  if (argument === undefined) {
    const make = functions.get(name?.text ?? '');
    return make === undefined ? unknown : { run: make(run), element: name?.text === 'first' ? element : undefined };
  }
  const inner = compile(argument, { ...scope, element });
  const ofItems = iterating.get(name?.text ?? '');
  if (ofItems !== undefined) {
    return { run: ofItems(run, inner.run), element: name?.text === 'where' ? element : inner.element };
  }
  const ofText = textual.get(name?.text ?? '');
  const { type, text = '' } = argument.children?.[0]?.children?.[0] ?? {};
  const given = type === 'StringLiteral' ? unescaped(text) : undefined;
  return ofText === undefined || given === undefined ? unknown : plain(onText(run, ofText(given)));
}

/** Without its last part, it has no value where the condition is not met. */
function iif(condition: SyntaxNode | undefined, then: SyntaxNode, scope: Scope): Compiled {
  if (condition === undefined) return unknown;
  const [when, value] = [compile(condition, scope).run, compile(then, scope).run];
  return plain((at, env) => (truth(when(at, env)) === true ? value(at, env) : []));
}

const [yes, no]: readonly (readonly unknown[])[] = [[true], [false]];

function verdict(is: boolean): readonly unknown[] {
  return (is ? yes : no) ?? [];
}

const functions = named<(run: Run) => Run>({
  exists: (run) => (at, env) => verdict(run(at, env).length > 0),
  empty: (run) => (at, env) => verdict(run(at, env).length === 0),
  count: (run) => (at, env) => [run(at, env).length],
  first: (run) => (at, env) => run(at, env).slice(0, 1),
  not: (run) => (at, env) => {
    const is = truth(run(at, env));
    return is === undefined ? [] : verdict(!is);
  },
  isDistinct: (run) => (at, env) => {
    const found = run(at, env);
    for (const one of found) if (typeof one !== 'string') throw ask;
    return verdict(new Set(found).size === found.length);
  },
  hasValue: (run) => (at, env) => {
    const [value, ...others] = run(at, env);
    if (value === hidden || typeof value === 'object' || others.length > 0) throw ask;
    return verdict(value !== undefined && value !== valueless);
  },
  toInteger: (run) => (at, env) => {
    const [text, ...others] = run(at, env);
    if (text === undefined || text === valueless) return [];
    if (typeof text !== 'string' || others.length > 0) throw ask;
    return /^[+-]?\d{1,9}$/.test(text) ? [Number(text)] : [];
  },
});

const iterating = named<(run: Run, inner: Run) => Run>({
  all: (run, inner) => (at, env) => {
    for (const one of run(at, env)) if (truth(inner(one, env)) !== true) return verdict(false);
    return verdict(true);
  },
  exists: (run, inner) => (at, env) => verdict(run(at, env).some((one) => truth(inner(one, env)) === true)),
  where: (run, inner) => (at, env) => run(at, env).filter((one) => truth(inner(one, env)) === true),
  select: (run, inner) => (at, env) => run(at, env).flatMap((one) => inner(one, env)),
});

const textual = named<(given: string) => (text: string) => boolean>({
  startsWith: (given) => (text) => text.startsWith(given),
  contains: (given) => (text) => text.includes(given),
  matches: (given) => {
    let pattern: RegExp | undefined;
    return (text) => {
      pattern ??= new RegExp(given, 'su');
      return pattern.test(text);
    };
  },
});

function onText(run: Run, is: (text: string) => boolean): Run {
  return (at, env) => {
    const [text, ...others] = run(at, env);
    if (text === undefined || text === valueless) return [];
    if (typeof text !== 'string' || others.length > 0) throw ask;
    return verdict(is(text));
  };
}
