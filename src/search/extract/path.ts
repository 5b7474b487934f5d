/**
 * The part of FHIRPath in which R4 writes nearly all its search parameters: paths from a type, with `ofType` or `as`,
 * `where(x = 'y')`, `where(resolve() is T)` and an index. Whatever is not of this form is left to the FHIRPath engine.
 */

export type PathStep =
  | { readonly op: 'child'; readonly name: string }
  | { readonly op: 'ofType'; readonly type: string }
  | { readonly op: 'index'; readonly index: number }
  | { readonly op: 'equals'; readonly name: string; readonly value: string }
  | { readonly op: 'resolvesTo'; readonly type: string };

export interface Path {
  /** A type name, `%resource`, or `$this` for a path that begins with an element. */
  readonly root: string;
  readonly steps: readonly PathStep[];
}

/** The branches of a union, outermost parentheses taken off. */
export function branches(expression: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let from = 0;
  let quoted = false;
  for (let i = 0; i < expression.length; i++) {
    const c = expression[i];
    if (c === "'" && expression[i - 1] !== '\\') quoted = !quoted;
    if (quoted) continue;
    if (c === '(') depth++;
    if (c === ')') depth--;
    if (c === '|' && depth === 0) {
      found.push(expression.slice(from, i).trim());
      from = i + 1;
    }
  }
  found.push(expression.slice(from).trim());
  return found;
}

const stepForms: readonly [RegExp, (a: string, b: string) => PathStep][] = [
  [/\.(?:ofType|as)\(\s*(?:FHIR\.)?(\w+)\s*\)/y, (type) => ({ op: 'ofType', type })],
  [/\s+as\s+(?:FHIR\.)?(\w+)/y, (type) => ({ op: 'ofType', type })],
  [/\.where\(\s*resolve\(\)\s+is\s+(?:FHIR\.)?(\w+)\s*\)/y, (type) => ({ op: 'resolvesTo', type })],
  [/\.where\(\s*(\w+)\s*=\s*'([^'\\]*)'\s*\)/y, (name, value) => ({ op: 'equals', name, value })],
  [/\[(\d+)\]/y, (index) => ({ op: 'index', index: Number(index) })],
  [/\.(\w+)(?!\w*\()/y, (name) => ({ op: 'child', name })],
];

/** Reads one branch; undefined if it has a form that is not of this part of FHIRPath. */
export function readPath(branch: string): Path | undefined {
  const text = branch.trim();
  const close = text.startsWith('(') ? closing(text) : -1;
  if (close > 0) {
    const inner = readPath(text.slice(1, close));
    const rest = readSteps(text, close + 1);
    return inner === undefined || rest === undefined
      ? undefined
      : { root: inner.root, steps: [...inner.steps, ...rest] };
  }
  const first = /^(%resource|\w+)(?!\w*\()/.exec(text)?.[1];
  if (first === undefined) return undefined;
  const steps = readSteps(text, first.length);
  if (steps === undefined) return undefined;
  if (first === '%resource' || /^[A-Z]/.test(first)) return { root: first, steps };
  return { root: '$this', steps: [{ op: 'child', name: first }, ...steps] };
}

function readSteps(text: string, from: number): PathStep[] | undefined {
  const steps: PathStep[] = [];
  let at = from;
  while (at < text.length) {
    const read = readStep(text, at);
    if (read === undefined) return undefined;
    steps.push(read.step);
    at = read.end;
  }
  return steps;
}

function readStep(text: string, at: number): { readonly step: PathStep; readonly end: number } | undefined {
  for (const [form, make] of stepForms) {
    form.lastIndex = at;
    const m = form.exec(text);
    if (m !== null) return { step: make(m[1] ?? '', m[2] ?? ''), end: form.lastIndex };
  }
  return undefined;
}

/** The place of the parenthesis that closes the first one. */
function closing(text: string): number {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++;
    if (text[i] === ')' && --depth === 0) return i;
  }
  return -1;
}
