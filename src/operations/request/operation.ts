import { fail, type Outcome } from '#errors';
import { isSubtype } from '#fhir/model/model.ts';
import { canonicalBase } from '#fhir/values/canonical.ts';
import { isPrimitive } from '#validation/primitive.ts';
import type { Interaction } from './route.ts';

/** R4 operations.html: `[base]/$name`, `[base]/Type/$name`, `[base]/Type/id/$name`. */
export type OperationLevel = 'system' | 'type' | 'instance';

/** One parameter of an operation, as in OperationDefinition.parameter. */
export interface OperationParameter {
  readonly name: string;
  readonly use: 'in' | 'out';
  readonly min: 0 | 1;
  readonly max: 1 | '*';
  /** A data type, a resource type, or `Resource` where any may stand; absent where there are parts. */
  readonly type?: string;
  readonly parts?: readonly OperationParameter[];
  /** What it is, and for a text its form: refusals of a request without it tell this. */
  readonly documentation: string;
  /** Where it stands; absent for all levels of the operation. */
  readonly levels?: readonly OperationLevel[];
}

/** What is declared of an operation: everything but what it does. */
export interface OperationSignature {
  /** Without `$`. */
  readonly name: string;
  /** The canonical URL of its OperationDefinition. One under our own base is made from this, and put into the store. */
  readonly definition: string;
  readonly levels: readonly OperationLevel[];
  /** The types of the levels type and instance; absent for all. */
  readonly types?: readonly string[];
  /** If so, it is asked by POST alone (R4 operations.html#request). */
  readonly affectsState: boolean;
  /** Its work may take long: `Prefer: respond-async` is heeded. */
  readonly long: boolean;
  /** Its answer says what is wrong with a resource, also with one that cannot be read. Its body may have what a resource may have. */
  readonly judges?: boolean;
  /** Its answer comes in pages, to which `_after` leads: a token that stands alone. */
  readonly paged?: boolean;
  readonly title: string;
  readonly documentation: string;
  readonly parameters: readonly OperationParameter[];
  /** Parameters that its definition has and this server cannot honour; passing over them would answer another question. */
  readonly unsupported?: readonly string[];
}

export type AskedOperation = Extract<Interaction, { code: 'operation' }>;

/** Where our own OperationDefinitions are. */
export const ownDefinitions = `${canonicalBase}/OperationDefinition/`;

export function levelOf({ type, id }: Pick<AskedOperation, 'type' | 'id'>): OperationLevel {
  if (type === undefined) return 'system';
  return id === undefined ? 'type' : 'instance';
}

/** Whether an operation is served on a type and its instances, or on the system (undefined), at one of these levels. */
export function isServed(
  operation: OperationSignature,
  type: string | undefined,
  levels: readonly OperationLevel[],
): boolean {
  const onType = type === undefined || operation.types === undefined || operation.types.includes(type);
  return onType && operation.levels.some((level) => levels.includes(level));
}

/** The operation that an interaction asks for: 404 if there is none, 405 if it does not go by this method. */
export function operationOf<O extends OperationSignature>(operations: readonly O[], asked: AskedOperation): Outcome<O> {
  const { method, name, type, id } = asked;
  const level = levelOf(asked);
  const found = operations.find((o) => `$${o.name}` === name && isServed(o, type, [level]));
  const path = [type, id, name].filter((part) => part !== undefined).join('/');
  if (found === undefined) return fail('unknown-operation', { found: path });
  const methods = takesGet(found, level) ? ['GET', 'POST'] : ['POST'];
  if (methods.includes(method === 'HEAD' ? 'GET' : method)) return found;
  return fail('method-not-allowed', { found: `${method} ${path}`, expected: methods.join(', ') });
}

/** The parameters that a request may have at a level. */
export function inputOf({ parameters }: OperationSignature, level: OperationLevel): readonly OperationParameter[] {
  return parameters.filter((p) => p.use === 'in' && (p.levels?.includes(level) ?? true));
}

/** R4 operations.html#request: whether a URL can say what the operation needs, and asking for it changes nothing. */
export function takesGet(operation: OperationSignature, level: OperationLevel): boolean {
  return !operation.affectsState && inputOf(operation, level).every((p) => p.min === 0 || isText(p));
}

/** Whether a value can be written as text: primitives, and References by their `reference`. */
export function isText({ type }: OperationParameter): boolean {
  return type !== undefined && (isPrimitive(type) || type === 'Reference');
}

export function isResource({ type }: OperationParameter): boolean {
  return type !== undefined && isSubtype(type, 'Resource');
}

/** R4 operations.html#request: the only resource among the parameters, which may be the body as it is; undefined if there are none or several. */
export function soleResource(parameters: readonly OperationParameter[]): OperationParameter | undefined {
  const [only, ...more] = parameters.filter(isResource);
  return more.length === 0 ? only : undefined;
}
