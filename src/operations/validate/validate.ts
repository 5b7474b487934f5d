import type { Resource } from '@medplum/fhirtypes';
import { Failure, fail, type Issue, issue, type Outcome } from '#errors';
import { parseJson } from '#fhir/json/json.ts';
import { read } from '../read/read.ts';
import type { Answer } from '../request/answer.ts';
import { type Caller, type Context, type OperationCall, operation } from '../request/context.ts';
import type { OperationLevel, OperationParameter } from '../request/operation.ts';
import type { Request } from '../request/request.ts';
import { check } from '../write/step.ts';
import { tryWrite } from '../write/try-write.ts';

const modes: readonly string[] = ['create', 'update', 'delete', 'profile'];

const parameters = [
  {
    name: 'resource',
    use: 'in',
    min: 1,
    max: 1,
    type: 'Resource',
    documentation: 'the resource that is to be validated',
    levels: ['system', 'type'],
  },
  {
    name: 'resource',
    use: 'in',
    min: 0,
    max: 1,
    type: 'Resource',
    documentation: 'the resource; without it, what is stored is validated',
    levels: ['instance'],
  },
  { name: 'mode', use: 'in', min: 0, max: 1, type: 'code', documentation: modes.join(', ') },
  {
    name: 'profile',
    use: 'in',
    min: 0,
    max: 1,
    type: 'uri',
    documentation: 'A profile that the resource shall meet besides those that it claims',
  },
  { name: 'return', use: 'out', min: 1, max: 1, type: 'OperationOutcome', documentation: 'What was found' },
] as const satisfies readonly OperationParameter[];

/** R4 resource-operation-validate.html: what create, update or delete would refuse, by the paths of the resource itself. Nothing is written. */
export const validate = operation({
  name: 'validate',
  definition: 'http://hl7.org/fhir/OperationDefinition/Resource-validate',
  levels: ['system', 'type', 'instance'],
  affectsState: false,
  long: false,
  judges: true,
  title: '校验资源 Validate a resource',
  documentation:
    '资源若被创建、更新或删除,将会遇到的全部问题;不写入任何内容。Every problem that a resource would meet if it were created, updated or deleted. Nothing is written.',
  parameters,
  check: (context, { mode, profile }, given, level) => [
    ...checkMode(mode, level, given.get('mode')),
    ...checkProfile(context, profile, given.get('profile')),
  ],
  handler: validateResource,
});

function checkMode(mode: string | undefined, level: OperationLevel, path: string | undefined): readonly Issue[] {
  const ofInstance = mode === 'update' || mode === 'delete';
  if (mode === undefined || (modes.includes(mode) && (!ofInstance || level === 'instance'))) return [];
  const expected = ofInstance ? 'it at [type]/[id]/$validate, or another mode' : modes.join(', ');
  return [issue('bad-parameter-value', { parameter: 'mode', found: mode, expected }, path)];
}

/** R4: a profile that the server cannot check against is an error of the request. */
function checkProfile(context: Context, profile: string | undefined, path: string | undefined): readonly Issue[] {
  if (profile === undefined || context.canCheck(profile)) return [];
  const { validation } = context.config;
  const expected =
    validation === 'profile'
      ? 'the canonical URL of a profile of this server, or of an R4 type'
      : `none: profiles are not checked (HUFHIR_VALIDATION=${validation})`;
  return [issue('bad-parameter-value', { parameter: 'profile', found: profile, expected }, path)];
}

type ValidateCall = OperationCall<typeof parameters>;

async function validateResource(
  context: Context,
  caller: Caller,
  { type, id, input: { resource, mode, profile }, preconditions }: ValidateCall,
): Promise<Outcome<Answer>> {
  const atInstance = type !== undefined && id !== undefined;
  const refused = refuseMode(mode, resource !== undefined, profile !== undefined);
  if (refused !== undefined) return refused;
  const tried = async (interaction: Request['interaction'], body?: Resource) =>
    judged(await tryWrite(context, caller, { interaction, body, query: [], preconditions, lenient: false }, profile));
  if (mode === 'delete' && atInstance) return tried({ code: 'delete', type, id });
  if (resource === undefined && atInstance) return validateStored(context, caller, { type, id }, profile);
  if (resource === undefined) throw new Error('no resource, and no instance: refused before');
  const { resourceType } = resource;
  if (typeof resourceType !== 'string') return judged(fail('missing-resource-type', {}, type ?? '').issues);
  if (type === undefined && !context.definitions.resourceTypes.has(resourceType)) {
    return judged([issue('unknown-type', { found: resourceType }, 'resourceType')]);
  }
  if (mode === 'profile') return judged(check(context, resource, resourceType, profile));
  if (atInstance && mode !== 'create') return tried({ code: 'update', type, id }, resource);
  return tried({ code: 'create', type: type ?? resourceType }, resource);
}

/** What a mode needs that the request does not have. */
function refuseMode(mode: string | undefined, hasResource: boolean, hasProfile: boolean): Failure | undefined {
  if (mode === 'profile' && !hasProfile) {
    return fail('missing-parameter', { parameter: 'profile', expected: 'the canonical URL of a profile' });
  }
  if (hasResource || (mode !== 'create' && mode !== 'update')) return undefined;
  return fail('missing-parameter', { parameter: 'resource', expected: 'the resource that is to be validated' });
}

async function validateStored(
  context: Context,
  caller: Caller,
  { type, id }: { readonly type: string; readonly id: string },
  profile: string | undefined,
): Promise<Outcome<Answer>> {
  const found = await read(context, caller, type, id);
  if (found instanceof Failure) return found;
  const resource = parseJson(found.version.content ?? '', Number.POSITIVE_INFINITY);
  return resource instanceof Failure ? resource : judged(check(context, resource as Resource, type, profile));
}

function judged(found: readonly Issue[]): Answer {
  return { kind: 'judged', status: 200, found };
}
