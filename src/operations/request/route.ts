import { fail, type Outcome } from '#errors';
import { type Compartment, compartmentMembers, isCompartment } from '#fhir/model/compartments.ts';
import type { Definitions } from '#fhir/model/definitions.ts';
import { isValidId } from '#fhir/values/references.ts';
import { holdsResidentNumber } from '#resident-numbers';

/** The interactions of R4 http.html, by the codes of http://hl7.org/fhir/restful-interaction where it has one. */
export type Interaction =
  | {
      readonly code: 'read' | 'update' | 'patch' | 'delete' | 'history-instance';
      readonly type: string;
      readonly id: string;
    }
  | { readonly code: 'vread'; readonly type: string; readonly id: string; readonly version: number }
  | { readonly code: 'create' | 'history-type'; readonly type: string }
  | { readonly code: 'search-type'; readonly type: string }
  | { readonly code: 'search-system' }
  /** R4 search.html, in one compartment; without a type, over all that may be in it. */
  | {
      readonly code: 'search-compartment';
      readonly compartment: Compartment;
      readonly id: string;
      readonly type?: string;
    }
  /** By the search in the URL. */
  | { readonly code: 'conditional-update' | 'conditional-patch' | 'conditional-delete'; readonly type: string }
  | { readonly code: 'capabilities' | 'bundle' | 'history-system' }
  /** The caller's asynchronous requests. */
  | { readonly code: 'jobs' }
  /** R4 async.html: what became of one. */
  | { readonly code: 'job' | 'cancel-job'; readonly id: string }
  /** R4 operations.html; the name has its `$`. */
  | {
      readonly code: 'operation';
      /** Whatever was sent: the table of operations says which ones it takes. */
      readonly method: string;
      readonly name: string;
      readonly type?: string;
      readonly id?: string;
    };

/** What the paths of asynchronous requests begin with. */
export const jobs = '_jobs';

/**
 * Which interaction a method and a path behind the base (`Patient/1/_history`, no slash first, no query) ask for.
 * Paths that no interaction has are 404, known paths with another method 405.
 */
export function route(definitions: Definitions, method: string, path: string): Outcome<Interaction> {
  // R4 http.html#root: a slash at the end changes nothing.
  const parts = path.replace(/\/$/, '').split('/');
  const [first = '', second, third, fourth] = parts;
  if (first === '' && parts.length === 1) {
    return choose(method, '', { GET: { code: 'search-system' }, POST: { code: 'bundle' } });
  }
  if (first === '_search' && parts.length === 1) return choose(method, path, { POST: { code: 'search-system' } });
  if (first === jobs && parts.length === 1) return choose(method, path, { GET: { code: 'jobs' } });
  if (first === jobs && second !== undefined && parts.length === 2) {
    return choose(method, path, { GET: { code: 'job', id: second }, DELETE: { code: 'cancel-job', id: second } });
  }
  if (first === 'metadata' && parts.length === 1) return choose(method, path, { GET: { code: 'capabilities' } });
  if (first === '_history' && parts.length === 1) return choose(method, path, { GET: { code: 'history-system' } });
  if (first.startsWith('$') && parts.length === 1) return { code: 'operation', method, name: first };
  if (!definitions.resourceTypes.has(first)) {
    return /^[A-Z][A-Za-z]*$/.test(first)
      ? fail('unknown-type', { found: first })
      : fail('unknown-route', { found: path });
  }
  const type = first;
  if (second === undefined) return typeLevel(method, path, type);
  if (second === '_search' && third === undefined) {
    return choose(method, path, { POST: { code: 'search-type', type } });
  }
  if (second === '_history' && third === undefined)
    return choose(method, path, { GET: { code: 'history-type', type } });
  if (second.startsWith('$') && third === undefined) {
    return { code: 'operation', method, name: second, type };
  }
  if (!isValidId(second)) return fail('invalid-id', { found: second }, `${type}.id`);
  if (holdsResidentNumber(second)) return fail('resident-number-as-id', { found: second }, `${type}.id`);
  const id = second;
  if (third === undefined) return instanceLevel(method, path, type, id);
  if (third.startsWith('$') && fourth === undefined) {
    return { code: 'operation', method, name: third, type, id };
  }
  if (third !== '_history') return compartmentLevel(definitions, method, path);
  if (parts.length > 4) return fail('unknown-route', { found: path });
  if (fourth === undefined) return choose(method, path, { GET: { code: 'history-instance', type, id } });
  if (!/^[1-9]\d{0,9}$/.test(fourth)) return fail('version-not-found', { found: `${type}/${id}`, version: fourth });
  return choose(method, path, { GET: { code: 'vread', type, id, version: Number(fourth) } });
}

function typeLevel(method: string, path: string, type: string): Outcome<Interaction> {
  return choose(method, path, {
    GET: { code: 'search-type', type },
    POST: { code: 'create', type },
    PUT: { code: 'conditional-update', type },
    PATCH: { code: 'conditional-patch', type },
    DELETE: { code: 'conditional-delete', type },
  });
}

function instanceLevel(method: string, path: string, type: string, id: string): Outcome<Interaction> {
  const of = (code: 'read' | 'update' | 'patch' | 'delete'): Interaction => ({ code, type, id });
  return choose(method, path, { GET: of('read'), PUT: of('update'), PATCH: of('patch'), DELETE: of('delete') });
}

/** `Patient/1/Observation`, `Patient/1/*`; with `_search` behind it for a form, where `*` may be left out. */
function compartmentLevel(definitions: Definitions, method: string, path: string): Outcome<Interaction> {
  const [compartment = '', id = '', ...rest] = path.split('/').filter((part) => part !== '');
  const form = rest.at(-1) === '_search';
  const [member = '*', ...more] = form ? rest.slice(0, -1) : rest;
  const known = member === '*' || definitions.resourceTypes.has(member);
  if (!isCompartment(compartment) || !known || more.length > 0) return fail('unknown-route', { found: path });
  const members = compartmentMembers(compartment);
  if (member !== '*' && !members.has(member)) {
    const expected = [...members.keys()].sort().join(', ');
    return fail('not-in-compartment', { found: member, target: compartment, expected });
  }
  const interaction = {
    code: 'search-compartment',
    compartment,
    id,
    ...(member !== '*' && { type: member }),
  } as const;
  return choose(method, path, form ? { POST: interaction } : { GET: interaction });
}

function choose(method: string, path: string, methods: Readonly<Record<string, Interaction>>): Outcome<Interaction> {
  const asked = method === 'HEAD' ? 'GET' : method;
  const found = Object.hasOwn(methods, asked) ? methods[asked] : undefined;
  if (found !== undefined) return found;
  return fail('method-not-allowed', {
    found: `${method} ${path === '' ? '/' : path}`,
    expected: Object.keys(methods).join(', '),
  });
}
