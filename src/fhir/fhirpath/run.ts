/** A part of a parsed expression, as the engine's parser makes it. */
export interface SyntaxNode {
  readonly type?: string;
  readonly text?: string;
  readonly children?: readonly SyntaxNode[];
}

/** What an expression of an invariant names beside its element: `%resource`, which holds it, and `%rootResource`, the outermost. */
export interface Variables {
  readonly resource: unknown;
  readonly rootResource: unknown;
}

/** What expressions are evaluated with. */
export interface Environment extends Variables {
  readonly context: unknown;
}

/** An expression on `$this`: the collection that it gives. */
export type Run = (value: unknown, env: Environment) => readonly unknown[];

/** Thrown, without a stack, where only the engine can tell. */
export const ask: unique symbol = Symbol('ask the engine');

/** Something that is there, whose value only the engine can tell. */
export const hidden: unique symbol = Symbol('hidden');

/** An element with an id or extensions, and without a value. */
export const valueless: unique symbol = Symbol('valueless');
