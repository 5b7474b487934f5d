import { type Failure, fail, type Outcome } from '#errors';

/** Characters of a text of the translator, the engine or the measure itself that is told. */
const told = 500;

/** Why CQL could not be read or evaluated, in a text of bounded length. */
export function reasonOf(error: unknown): string {
  if (isTooDeep(error)) {
    return 'its expressions nest deeper than this server can follow; expected fewer levels, with parts of them as definitions of their own';
  }
  const text = error instanceof Error ? error.message : String(error);
  return text.length > told ? `${text.slice(0, told)}…` : text;
}

/** The refusal of a library for what was thrown over it. */
export function unreadable(library: string, error: unknown): Failure {
  return fail('measure-not-evaluable', { text: `CQL ${library}: ${reasonOf(error)}.` });
}

/** What the work gives, or the refusal of the libraries that it is about where they nest too deep for it. */
export function unlessTooDeep<T>(libraries: readonly string[], work: () => T): Outcome<T> {
  try {
    return work();
  } catch (error) {
    if (!isTooDeep(error)) throw error;
    return unreadable([...new Set(libraries)].join(', '), error);
  }
}

/** The stack is used up: V8 has no class of its own for it. */
function isTooDeep(error: unknown): boolean {
  return error instanceof RangeError && error.message.includes('call stack');
}
