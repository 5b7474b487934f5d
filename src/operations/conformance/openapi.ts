import { software } from './capabilities.ts';
import { headers, requestBodiesOf, responsesOf } from './openapi-bodies.ts';
import { operationPaths } from './openapi-operations.ts';
import { type Parameters, parametersOf } from './openapi-parameters.ts';
import { type JsonMembers, type JsonValue, ref } from './openapi-parts.ts';
import { schemasOf } from './openapi-schemas.ts';
import type { Described } from './rest.ts';
import { type Service, services } from './services.ts';

const description = `HL7 FHIR R4 (4.0.1) 接口。The FHIR R4 API.

- 未知的参数与元素一律拒绝并指明。What a request says and the server would not heed is refused by name; \`Prefer: handling=lenient\` passes over unknown search parameters.
- 检索参数可带修饰符与链式写法。Search parameters also take modifiers (\`name:exact\`, \`code:not\`), chains (\`subject:Patient.name\`) and \`_has\`.
- 凡有 GET 处皆可 HEAD。HEAD is answered wherever GET is.
- 错误均为 OperationOutcome。Every error is an OperationOutcome.`;

/** The API as an OpenAPI 3.1 document, by the table that the CapabilityStatement is made from. Made anew at each call. */
export function openApi({ config, definitions, operations }: Described): JsonValue {
  const { name, version } = software();
  const types = [...definitions.resourceTypes].sort();
  const parameters = parametersOf(definitions, types);
  const open = config.auth === 'off';
  return {
    openapi: '3.1.0',
    info: { title: name, version, description, license: { name: 'Apache License 2.0', identifier: 'Apache-2.0' } },
    externalDocs: { description: 'HL7 FHIR R4, RESTful API', url: 'http://hl7.org/fhir/R4/http.html' },
    servers: [
      { url: config.baseUrl, description: 'HUFHIR_BASE_URL' },
      { url: '/fhir', description: '提供本文档的服务器 The server that gave this document' },
    ],
    security: open ? [] : [{ bearer: [] }],
    tags: [system, ...types.map(tag)],
    paths: { ...paths(types, parameters), ...operationPaths(operations) },
    components: {
      schemas: schemasOf(types),
      parameters: parameters.components,
      headers,
      requestBodies: requestBodiesOf(types),
      responses: responsesOf(types),
      ...(!open && { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } }),
    },
  };
}

const system: JsonValue = { name: 'system', description: '整个服务器 The server as a whole' };

function tag(type: string): JsonValue {
  return { name: type, externalDocs: { url: `http://hl7.org/fhir/R4/${type.toLowerCase()}.html` } };
}

function paths(types: readonly string[], parameters: Parameters): JsonMembers {
  const items: Record<string, Record<string, JsonValue>> = {};
  for (const type of [undefined, ...types]) {
    const own = services.filter((s) => s.path.startsWith('{type}') === (type !== undefined));
    for (const service of own.filter((s) => type === undefined || (s.types?.includes(type) ?? true))) {
      const path = `/${service.path.replace('{type}', type ?? '')}`;
      items[path] ??= { parameters: onPath(path) };
      items[path][service.method.toLowerCase()] = operation(service, type, parameters);
    }
  }
  return items;
}

function onPath(path: string): JsonValue {
  const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  return [...named, '_format', '_pretty'].map((name) => ref('parameters', name));
}

function operation(service: Service, type: string | undefined, { searching }: Parameters): JsonValue {
  const { code, query, searches, headers, body } = service;
  const searched = code === 'search-compartment' ? undefined : type;
  const search = searches === 'results' ? searching(searched) : searches === 'criteria' ? ['criteria'] : [];
  // R4 binary.html#security
  const security = type === 'Binary' && body === 'resource' ? ['X-Security-Context'] : [];
  const parameters = [...search, ...query, ...headers, ...security].map((name) => ref('parameters', name));
  return {
    operationId: operationId(service, type),
    summary: summaries[code],
    tags: [type ?? 'system'],
    ...(code === 'capabilities' && { security: [] }),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && { requestBody: ref('requestBodies', body === 'resource' ? String(type) : body) }),
    responses: responses(service, type),
  };
}

/** `readPatient`, `searchTypePatient`, `searchTypePatientByPost`, `historySystem`. */
function operationId({ code, path, body }: Service, type: string | undefined): string {
  const name = code.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const all = code === 'search-compartment' && !path.includes('{member}') ? 'All' : '';
  return `${name}${type ?? ''}${all}${body === 'form' ? 'ByPost' : ''}`;
}

function responses({ answer, statuses }: Service, type: string | undefined): JsonValue {
  const kinds: Readonly<Record<string, Readonly<Record<number, string>>>> = {
    resource: { 200: String(type), 201: `${type}-created` },
    job: { 200: 'made', 202: 'accepted' },
    none: { 200: 'told-deleted', 202: 'cancelled' },
  };
  const rest: Readonly<Record<number, string>> = { 200: answer, 204: 'deleted', 304: 'unmodified' };
  const entries = statuses.map((s) => [s, ref('responses', kinds[answer]?.[s] ?? rest[s] ?? String(s))]);
  return { ...Object.fromEntries(entries), default: ref('responses', 'refused') };
}

/** What each of them is called in a list. */
const summaries: Readonly<Record<Service['code'], string>> = {
  capabilities: '能力声明 What the server does',
  bundle: '批处理或事务 Batch or transaction',
  'search-system': '跨类型检索 Search over several types',
  'history-system': '全部历史 History of everything',
  jobs: '我的异步请求 The asynchronous requests of the caller',
  job: '异步请求的进展 Progress of an asynchronous request',
  'cancel-job': '取消异步请求 Cancel an asynchronous request',
  'search-type': '检索 Search',
  'search-compartment': '归属范围内检索 Search in a compartment',
  create: '新建 Create',
  'conditional-update': '按条件更新 Update by criteria',
  'conditional-patch': '按条件修改 Patch by criteria',
  'conditional-delete': '按条件删除 Delete by criteria',
  'history-type': '此类的历史 History of the type',
  read: '读取 Read',
  update: '更新 Update, or create under this id',
  patch: '修改 Patch',
  delete: '删除 Delete',
  'history-instance': '历史 History',
  vread: '读取某一版本 Read a version',
};
