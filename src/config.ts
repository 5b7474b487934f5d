import { Ajv, type ErrorObject } from 'ajv';
import { Failure, type Issue, issue, type Outcome } from '#errors';

/** The settings of one server process: validated once, at start, and never read from the environment again. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** Absolute, with `/fhir` and no slash at the end: what links and `Location` begin with. */
  readonly baseUrl: string;
  /** `sqlite:<file>` or `mongodb://…`. */
  readonly store: string;
  readonly auth: 'required' | 'off';
  readonly validation: 'off' | 'structure' | 'profile';
  readonly references: 'lenient' | 'strict';
  /** IANA name. */
  readonly timeZone: string;
  /** Bytes. */
  readonly maxBody: number;
  readonly maxEntries: number;
  /** Characters of all answers in one bundle. */
  readonly maxAnswer: number;
  readonly maxDepth: number;
  /** Characters. */
  readonly maxUrl: number;
  /** Resources of one page at most, and where `_count` is not given. */
  readonly maxCount: number;
  readonly defaultCount: number;
  /** Included resources of one page. */
  readonly maxIncludes: number;
  /** Milliseconds that a search may take. */
  readonly searchTimeout: number;
  /** Milliseconds that the criteria of a write request may take to look up, and those of its transaction in the writer. */
  readonly criteriaTimeout: number;
  readonly guardTimeout: number;
  /** Milliseconds of work, after which no entry of a batch is begun. */
  readonly batchTimeout: number;
  /** Milliseconds a page link stays valid. */
  readonly cursorLifetime: number;
  /** Milliseconds that an evaluation of measures may take. */
  readonly measureTimeout: number;
  /** Threads that translate and evaluate measures, and megabytes of memory that one of them may take. */
  readonly measureThreads: number;
  readonly measureMemory: number;
  /** Whether a change of what exists must name the version that it rests on. */
  readonly ifMatch: 'optional' | 'required';
  /** Whether a conditional delete may delete several resources, and how many. */
  readonly conditionalDelete: 'single' | 'multiple';
  readonly maxConditionalDelete: number;
  /** Origins of web pages that may ask, `*` for all; none may if empty. */
  readonly corsOrigins: readonly string[];
  /** Bytes of a body, and of stored texts that a request works on, above which a thread of the pool does it. */
  readonly largeBody: number;
  readonly largeRead: number;
  /** Bytes of the body of an operation. */
  readonly maxOperationBody: number;
  /** Bytes of bodies that come and of answers that are not taken, all together. */
  readonly maxWaiting: number;
  /** Milliseconds without progress after which a client that does not read its answer loses its connection. */
  readonly stallTimeout: number;
  /** Connections open at once. */
  readonly maxConnections: number;
  /** Requests of one connection under way at once. */
  readonly maxPipelined: number;
  /** Bytes of headers beside the longest URL. */
  readonly maxHeaders: number;
  /** Milliseconds in which headers, and whole requests, must arrive. */
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  /** Milliseconds that a connection may be idle between requests. */
  readonly idleTimeout: number;
  /** Milliseconds that what is in flight has to end when the server is stopped. */
  readonly shutdownTimeout: number;
  /** Milliseconds that the result of an asynchronous request is kept, and how many there may be. */
  readonly jobLifetime: number;
  readonly maxJobs: number;
  /** Milliseconds after which another process goes on with the asynchronous request of one that is not heard of. */
  readonly jobLease: number;
  /** Threads of the pool, and tasks that may wait for one. */
  readonly poolThreads: number;
  readonly poolQueue: number;
  /** Milliseconds of a processor that a request may take there. */
  readonly workTimeout: number;
  /** Reads that may wait for a thread of the store. */
  readonly readQueue: number;
  readonly logLevel: string;
}

const count = (initial: number, maximum: number) =>
  ({ type: 'integer', minimum: 1, maximum, default: initial }) as const;

/** Milliseconds. */
const hour = 60 * 60 * 1000;

const aBaseUrl = 'a URL such as https://x.example/fhir';

/** Every setting: its name in the environment, and what it may be (JSON Schema). */
export const settings = {
  HUFHIR_HOST: { type: 'string', minLength: 1, default: '127.0.0.1' },
  HUFHIR_PORT: { type: 'integer', minimum: 0, maximum: 65535, default: 8080 },
  HUFHIR_BASE_URL: { type: 'string', pattern: '^https?://[^\\s]+$', description: aBaseUrl },
  HUFHIR_STORE: {
    type: 'string',
    pattern: '^sqlite:.+',
    description: 'sqlite: and a file',
    default: 'sqlite:./data/hufhir.db',
  },
  HUFHIR_AUTH: { type: 'string', enum: ['required', 'off'], default: 'required' },
  HUFHIR_VALIDATION: { type: 'string', enum: ['off', 'structure', 'profile'], default: 'profile' },
  HUFHIR_REFERENCES: { type: 'string', enum: ['lenient', 'strict'], default: 'lenient' },
  HUFHIR_TIME_ZONE: { type: 'string', minLength: 1, default: 'Asia/Shanghai' },
  HUFHIR_MAX_BODY: count(64 * 1024 * 1024, 1024 * 1024 * 1024),
  HUFHIR_MAX_ENTRIES: count(10_000, 1_000_000),
  HUFHIR_MAX_ANSWER: count(64 * 1024 * 1024, 256 * 1024 * 1024),
  HUFHIR_MAX_DEPTH: count(100, 1000),
  HUFHIR_MAX_URL: count(8_000, 60_000),
  HUFHIR_MAX_COUNT: count(1_000, 10_000),
  HUFHIR_DEFAULT_COUNT: count(20, 10_000),
  HUFHIR_MAX_INCLUDES: count(5_000, 100_000),
  HUFHIR_SEARCH_TIMEOUT: count(30_000, hour),
  HUFHIR_CRITERIA_TIMEOUT: count(10_000, hour),
  HUFHIR_GUARD_TIMEOUT: count(500, hour),
  HUFHIR_BATCH_TIMEOUT: count(60_000, hour),
  HUFHIR_CURSOR_LIFETIME: count(hour, 7 * 24 * hour),
  HUFHIR_MEASURE_TIMEOUT: count(10 * 60 * 1000, 24 * hour),
  HUFHIR_MEASURE_THREADS: count(2, 64),
  HUFHIR_MEASURE_MEMORY: { ...count(448, 16_384), minimum: 128 },
  HUFHIR_IF_MATCH: { type: 'string', enum: ['optional', 'required'], default: 'optional' },
  HUFHIR_CONDITIONAL_DELETE: { type: 'string', enum: ['single', 'multiple'], default: 'single' },
  HUFHIR_MAX_CONDITIONAL_DELETE: count(1_000, 10_000),
  HUFHIR_CORS_ORIGINS: {
    type: 'string',
    pattern: '^(\\*|https?://[^\\s,/]+(,https?://[^\\s,/]+)*)?$',
    description: '*, or origins such as https://x.example with commas between them',
    default: '',
  },
  HUFHIR_LARGE_BODY: count(32 * 1024, 1024 * 1024 * 1024),
  HUFHIR_LARGE_READ: count(128 * 1024, 1024 * 1024 * 1024),
  HUFHIR_MAX_OPERATION_BODY: count(1024 * 1024, 64 * 1024 * 1024),
  HUFHIR_MAX_WAITING: count(256 * 1024 * 1024, 64 * 1024 * 1024 * 1024),
  HUFHIR_STALL_TIMEOUT: { ...count(30_000, hour), minimum: 100 },
  HUFHIR_MAX_CONNECTIONS: count(5_000, 1_000_000),
  HUFHIR_MAX_PIPELINED: count(16, 1_000),
  HUFHIR_MAX_HEADERS: count(16 * 1024, 1024 * 1024),
  HUFHIR_HEADERS_TIMEOUT: count(10_000, hour),
  HUFHIR_REQUEST_TIMEOUT: count(2 * 60 * 1000, hour),
  HUFHIR_IDLE_TIMEOUT: count(72_000, hour),
  HUFHIR_SHUTDOWN_TIMEOUT: count(30_000, hour),
  HUFHIR_JOB_LIFETIME: count(hour, 24 * hour),
  HUFHIR_MAX_JOBS: count(100, 10_000),
  HUFHIR_JOB_LEASE: { ...count(15_000, hour), minimum: 1_000 },
  HUFHIR_POOL_THREADS: count(3, 64),
  HUFHIR_POOL_QUEUE: count(200, 100_000),
  HUFHIR_WORK_TIMEOUT: count(2 * 60 * 1000, hour),
  HUFHIR_READ_QUEUE: { ...count(1_000, 100_000), minimum: 10 },
  HUFHIR_LOG_LEVEL: { type: 'string', enum: ['trace', 'debug', 'info', 'warn', 'error', 'silent'], default: 'info' },
} as const;

type SettingName = keyof typeof settings;
type Values = Record<SettingName, never>;

/** Whether a host is this machine's alone. */
export const isLoopback = (host: string) => /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/.test(host);

/** Reads the settings `HUFHIR_*`. The failure holds every wrong and every unknown one. */
export function loadConfig(environment: Readonly<Record<string, string | undefined>>): Outcome<Config> {
  const given = Object.entries(environment).filter(
    ([name, value]) => name.startsWith('HUFHIR_') && !/^HUFHIR_(TEST|BENCH)_/.test(name) && value !== undefined,
  );
  const values: Record<string, unknown> = Object.fromEntries(given);
  const validate = new Ajv({
    allErrors: true,
    useDefaults: true,
    coerceTypes: true,
    verbose: true,
    validateSchema: false,
  }).compile({
    type: 'object',
    properties: settings,
    additionalProperties: false,
  });
  const issues = validate(values) ? [] : (validate.errors ?? []).map(settingIssue);
  const checked = values as Values;
  if (issues.length === 0) issues.push(...checkTogether(checked));
  const [first, ...rest] = issues;
  if (first !== undefined) return new Failure([first, ...rest]);
  return Object.freeze(toConfig(checked));
}

interface SettingSchema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly description?: string;
}

function settingIssue(error: ErrorObject): Issue {
  if (error.keyword === 'additionalProperties') {
    return issue('unknown-setting', { name: String(error.params.additionalProperty) });
  }
  const name = error.instancePath.slice(1);
  return issue('setting', {
    name,
    found: String(error.data),
    expected: expectedBy((error.parentSchema ?? {}) as SettingSchema),
  });
}

/** What a setting may be, to follow "expected". */
function expectedBy({ type, enum: values, minimum, maximum, description }: SettingSchema): string {
  if (values !== undefined) return values.join(', ');
  if (type === 'integer') return `a whole number from ${minimum} to ${maximum}`;
  return description ?? 'a text that is not empty';
}

function checkTogether(values: Values): Issue[] {
  const issues: Issue[] = [];
  if (values.HUFHIR_AUTH === 'off' && !isLoopback(values.HUFHIR_HOST)) {
    const expected = 'required, since HUFHIR_HOST is not a loopback address';
    issues.push(issue('setting', { name: 'HUFHIR_AUTH', found: 'off', expected }));
  }
  const { HUFHIR_BASE_URL: base } = values;
  if (base !== undefined && !URL.canParse(base)) {
    issues.push(issue('setting', { name: 'HUFHIR_BASE_URL', found: base, expected: aBaseUrl }));
  }
  try {
    new Intl.DateTimeFormat('en', { timeZone: values.HUFHIR_TIME_ZONE });
  } catch {
    const expected = 'an IANA time zone such as Asia/Shanghai';
    issues.push(issue('setting', { name: 'HUFHIR_TIME_ZONE', found: values.HUFHIR_TIME_ZONE, expected }));
  }
  if (Number(values.HUFHIR_DEFAULT_COUNT) > Number(values.HUFHIR_MAX_COUNT)) {
    const expected = `at most HUFHIR_MAX_COUNT (${values.HUFHIR_MAX_COUNT})`;
    issues.push(issue('setting', { name: 'HUFHIR_DEFAULT_COUNT', found: values.HUFHIR_DEFAULT_COUNT, expected }));
  }
  const largeBody = Number(values.HUFHIR_LARGE_BODY);
  if (largeBody !== settings.HUFHIR_LARGE_BODY.default && largeBody > Number(values.HUFHIR_MAX_BODY)) {
    const expected = `at most HUFHIR_MAX_BODY (${values.HUFHIR_MAX_BODY})`;
    issues.push(issue('setting', { name: 'HUFHIR_LARGE_BODY', found: values.HUFHIR_LARGE_BODY, expected }));
  }
  return issues;
}

function toConfig(values: Values): Config {
  const host: string = values.HUFHIR_HOST;
  const own = `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${values.HUFHIR_PORT}/fhir`;
  return {
    host,
    port: values.HUFHIR_PORT,
    baseUrl: String(values.HUFHIR_BASE_URL ?? own).replace(/(?<!\/)\/+$/, ''),
    store: values.HUFHIR_STORE,
    auth: values.HUFHIR_AUTH,
    validation: values.HUFHIR_VALIDATION,
    references: values.HUFHIR_REFERENCES,
    timeZone: values.HUFHIR_TIME_ZONE,
    maxBody: values.HUFHIR_MAX_BODY,
    maxEntries: values.HUFHIR_MAX_ENTRIES,
    maxAnswer: values.HUFHIR_MAX_ANSWER,
    maxDepth: values.HUFHIR_MAX_DEPTH,
    maxUrl: values.HUFHIR_MAX_URL,
    maxCount: values.HUFHIR_MAX_COUNT,
    defaultCount: values.HUFHIR_DEFAULT_COUNT,
    maxIncludes: values.HUFHIR_MAX_INCLUDES,
    searchTimeout: values.HUFHIR_SEARCH_TIMEOUT,
    criteriaTimeout: values.HUFHIR_CRITERIA_TIMEOUT,
    guardTimeout: values.HUFHIR_GUARD_TIMEOUT,
    batchTimeout: values.HUFHIR_BATCH_TIMEOUT,
    cursorLifetime: values.HUFHIR_CURSOR_LIFETIME,
    measureTimeout: values.HUFHIR_MEASURE_TIMEOUT,
    measureThreads: values.HUFHIR_MEASURE_THREADS,
    measureMemory: values.HUFHIR_MEASURE_MEMORY,
    ifMatch: values.HUFHIR_IF_MATCH,
    conditionalDelete: values.HUFHIR_CONDITIONAL_DELETE,
    maxConditionalDelete: values.HUFHIR_MAX_CONDITIONAL_DELETE,
    corsOrigins: String(values.HUFHIR_CORS_ORIGINS)
      .split(',')
      .filter((origin) => origin !== ''),
    largeBody: values.HUFHIR_LARGE_BODY,
    largeRead: values.HUFHIR_LARGE_READ,
    maxOperationBody: values.HUFHIR_MAX_OPERATION_BODY,
    maxWaiting: values.HUFHIR_MAX_WAITING,
    stallTimeout: values.HUFHIR_STALL_TIMEOUT,
    maxConnections: values.HUFHIR_MAX_CONNECTIONS,
    maxPipelined: values.HUFHIR_MAX_PIPELINED,
    maxHeaders: values.HUFHIR_MAX_HEADERS,
    headersTimeout: values.HUFHIR_HEADERS_TIMEOUT,
    requestTimeout: values.HUFHIR_REQUEST_TIMEOUT,
    idleTimeout: values.HUFHIR_IDLE_TIMEOUT,
    shutdownTimeout: values.HUFHIR_SHUTDOWN_TIMEOUT,
    jobLifetime: values.HUFHIR_JOB_LIFETIME,
    maxJobs: values.HUFHIR_MAX_JOBS,
    jobLease: values.HUFHIR_JOB_LEASE,
    poolThreads: values.HUFHIR_POOL_THREADS,
    poolQueue: values.HUFHIR_POOL_QUEUE,
    workTimeout: values.HUFHIR_WORK_TIMEOUT,
    readQueue: values.HUFHIR_READ_QUEUE,
    logLevel: values.HUFHIR_LOG_LEVEL,
  };
}
