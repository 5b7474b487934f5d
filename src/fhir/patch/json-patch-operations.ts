import { Failure, failIfAny, issue, type Outcome, shown } from '#errors';
import { atMost, limits } from '#limits';
import { Issues } from '../json/issues.ts';
import { isObject, type JsonObject } from '../json/object.ts';
import { type Content, contentAt, isHolder } from './edit.ts';

/** A JSON Pointer (RFC 6901), and the member of the operation that holds it. */
export interface Pointer {
  readonly member: 'path' | 'from';
  readonly text: string;
  readonly tokens: readonly string[];
}

interface PointerOperation {
  readonly index: number;
  readonly path: Pointer;
}

export interface Transfer extends PointerOperation {
  readonly op: 'move' | 'copy';
  readonly from: Pointer;
}

/** One operation of a JSON Patch (RFC 6902, 4). */
export type JsonPatchOperation =
  | Transfer
  | (PointerOperation & { readonly op: 'remove' })
  | (PointerOperation & { readonly op: 'add' | 'replace' | 'test'; readonly value: Content });

/** Reads a JSON Patch; a failure names everything that is malformed. Members that RFC 6902 does not define are ignored, as it says. */
export function readJsonPatch(patch: unknown): Outcome<readonly JsonPatchOperation[]> {
  const issues = new Issues();
  if (!Array.isArray(patch)) {
    const expected = 'a list of operations (RFC 6902)';
    return new Failure([issue('patch-invalid', { target: 'The patch', found: shown(patch), expected })]);
  }
  if (patch.length > limits['patch-operations'].most) {
    const details = { target: 'The patch', found: `${patch.length} operations`, expected: atMost('patch-operations') };
    return new Failure([issue('patch-invalid', details)]);
  }
  const operations = patch.flatMap((raw: unknown, index) => readOperation(raw, index, issues) ?? []);
  return failIfAny(issues.list) ?? operations;
}

function readOperation(raw: unknown, index: number, issues: Issues): JsonPatchOperation | undefined {
  const refuse = (member: string, found: string, expected: string): undefined => {
    const [target, place] = member === '' ? ['The operation', `[${index}]`] : [member, `[${index}].${member}`];
    issues.add(issue('patch-invalid', { target, found, expected }, place));
  };
  if (!isObject(raw)) return refuse('', shown(raw), 'an object');
  const path = readPointer(raw, 'path', refuse);
  const { op } = raw;
  switch (op) {
    case 'add':
    case 'replace':
    case 'test': {
      const value = contentAt(raw, 'value');
      if (value === undefined) return refuse('value', 'missing', 'a value');
      if (hasForbiddenKey(value.value)) return refuse('value', 'an object with the key "__proto__"', 'none');
      return path && { op, index, path, value };
    }
    case 'remove':
      return path && { op, index, path };
    case 'move':
    case 'copy': {
      const from = readPointer(raw, 'from', refuse);
      if (path === undefined || from === undefined) return undefined;
      if (op === 'move' && path.text.startsWith(`${from.text}/`))
        return refuse('path', 'below from', 'a place outside');
      return { op, index, path, from };
    }
    default:
      return refuse('op', shown(op), 'one of add, remove, replace, move, copy, test');
  }
}

/** Of a prototype a key must not even seem to speak: R4 has no such element, and copies would lose it. */
const forbidden = '__proto__';

function readPointer(
  raw: JsonObject,
  member: Pointer['member'],
  refuse: (member: string, found: string, expected: string) => undefined,
): Pointer | undefined {
  const text = contentAt(raw, member)?.value;
  const isPointer = typeof text === 'string' && /^(?:\/|$)/.test(text) && !/~(?![01])/.test(text);
  if (!isPointer) return refuse(member, shown(text), 'a JSON Pointer (RFC 6901), such as /name/0/family');
  const tokens = text.split('/').slice(1);
  const keys = tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (keys.includes(forbidden)) return refuse(member, 'a pointer with the key "__proto__"', 'none');
  return { member, text, tokens: keys };
}

function hasForbiddenKey(value: unknown): boolean {
  return isHolder(value) && (Object.hasOwn(value, forbidden) || Object.values(value).some(hasForbiddenKey));
}
