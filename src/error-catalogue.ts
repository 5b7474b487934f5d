import { type CatalogueEntry, retryCatalogue } from '#retry-catalogue';

/**
 * The catalogue of expected failures: data alone, which errors.ts makes into values. What may be sent again in a while stands in
 * retry-catalogue.ts.
 *
 * Each entry gives the FHIR issue type (http://hl7.org/fhir/issue-type), the HTTP status and the English text, in which
 * `{name}` stands for a detail. Texts never carry a resident's number: `issue` masks the details.
 */

export const catalogue = {
  ...retryCatalogue,

  // The request as such
  'malformed-json': { status: 400, type: 'structure', text: 'The body is not JSON: {found}.' },
  'malformed-xml': { status: 400, type: 'structure', text: 'The body cannot be read as XML: {found}.' },
  'wrong-xml': { status: 400, type: 'structure', text: 'Found {found}; expected {expected}.' },
  'duplicate-key': {
    status: 400,
    type: 'structure',
    text: 'The key "{found}" stands twice in one object; each may stand once.',
  },
  'nesting-too-deep': {
    status: 400,
    type: 'structure',
    text: 'The body nests deeper than {expected} levels (HUFHIR_MAX_DEPTH).',
  },
  'bad-text': { status: 400, type: 'value', text: 'Found {found}; expected {expected}.' },
  'invalid-utf8': { status: 400, type: 'structure', text: 'The body is not valid UTF-8.' },
  'body-empty': { status: 400, type: 'structure', text: 'The request has no body; expected {expected}.' },
  'body-too-large': { status: 413, type: 'too-long', text: 'The body exceeds {expected} bytes (HUFHIR_MAX_BODY).' },
  'operation-too-large': {
    status: 413,
    type: 'too-long',
    text: 'The body has {found} bytes; an operation takes at most {expected} (HUFHIR_MAX_OPERATION_BODY).',
  },
  'too-many-values': {
    status: 413,
    type: 'too-long',
    text: 'The body holds more than {expected} values (limit json-values).',
  },
  'too-many-entries': {
    status: 413,
    type: 'too-long',
    text: 'The bundle has {found} entries; at most {expected} are allowed (HUFHIR_MAX_ENTRIES).',
  },
  'url-too-long': {
    status: 414,
    type: 'too-long',
    text: 'The URL has {found} characters; at most {expected} are allowed (HUFHIR_MAX_URL): send the search as POST _search.',
  },
  'unsupported-media-type': {
    status: 415,
    type: 'not-supported',
    text: '{name} is {found}; expected {expected}.',
  },
  'not-acceptable': {
    status: 406,
    type: 'not-supported',
    text: 'Accept asks for {found}; this server answers {expected}.',
  },
  'unknown-route': { status: 404, type: 'not-found', text: '{found} is not a path of this server.' },
  'method-not-allowed': {
    status: 405,
    type: 'not-supported',
    text: '{found} is not supported here; expected {expected}.',
  },
  'bad-request': { status: 400, type: 'invalid', text: 'The HTTP request could not be read ({found}).' },
  'bad-encoding': {
    status: 400,
    type: 'value',
    text: 'The {place} has {found}; expected UTF-8, with percent escapes of it (%E6%B2%AA) and %25 for a %.',
  },
  'request-timeout': {
    status: 408,
    type: 'timeout',
    text: 'The HTTP request did not arrive in time: its headers may take {headers} ms (HUFHIR_HEADERS_TIMEOUT), all of it {expected} ms (HUFHIR_REQUEST_TIMEOUT).',
  },
  'header-too-large': {
    status: 431,
    type: 'too-long',
    text: 'URL and headers exceed {found} bytes; the URL may have {expected} characters (HUFHIR_MAX_URL; send the search as POST _search), the headers {headers} bytes (HUFHIR_MAX_HEADERS).',
  },
  'bad-header': { status: 400, type: 'value', text: 'Header {name} is "{found}"; expected {expected}.' },
  'login-required': { status: 401, type: 'login', text: 'This request needs a token; none was accepted.' },
  forbidden: { status: 403, type: 'forbidden', text: 'The caller has no right to {found}.' },
  'foreign-host': {
    status: 403,
    type: 'forbidden',
    text: 'Host names {found}; with HUFHIR_AUTH=off, expected {expected} or a loopback address: under another name a web page could reach the records.',
  },
  'foreign-origin': {
    status: 403,
    type: 'forbidden',
    text: 'A web page of {found} asks; with HUFHIR_AUTH=off, expected a page of this server or of HUFHIR_CORS_ORIGINS: any other could read or change the records.',
  },
  internal: {
    status: 500,
    type: 'exception',
    text: 'The server failed; the log has the details under {found}.',
  },

  'more-issues': {
    status: 400,
    type: 'informational',
    text: 'There are more than {expected} such problems (limit told-issues); the others are not told.',
  },

  // Resources and their ids
  'unknown-type': { status: 404, type: 'not-supported', text: '"{found}" is not a resource type of FHIR R4.' },
  'type-mismatch': { status: 400, type: 'value', text: 'resourceType is "{found}"; expected "{expected}".' },
  'missing-resource-type': {
    status: 400,
    type: 'structure',
    text: 'The body has no resourceType; expected the name of an R4 resource.',
  },
  'invalid-id': {
    status: 400,
    type: 'value',
    text: 'The id "{found}" is not valid; expected 1 to 64 of A-Z a-z 0-9 - .',
  },
  'resident-number-as-id': {
    status: 400,
    type: 'value',
    text: '"{found}" holds a resident ID number, which would stand in links and in what others are told; expected a text that tells nothing of a person, and the number in Patient.identifier.',
  },
  'id-mismatch': { status: 400, type: 'value', text: 'The body has id {found}; the URL says "{expected}".' },
  'not-found': { status: 404, type: 'not-found', text: '{found} does not exist.' },
  deleted: { status: 410, type: 'deleted', text: '{found} was deleted.' },
  'version-not-found': { status: 404, type: 'not-found', text: '{found} has no version {version}.' },
  'version-conflict': {
    status: 412,
    type: 'conflict',
    text: '{target} is at version {found}; {name} of the request expected {expected}.',
  },
  'if-match-required': {
    status: 400,
    type: 'required',
    text: '{found} exists; this server asks for its version in If-Match (HUFHIR_IF_MATCH=required).',
  },
  'id-taken': {
    status: 409,
    type: 'conflict',
    text: '{found} exists and does not match the criteria; expected the id of a match, or a new one.',
  },
  'patch-changes': {
    status: 400,
    type: 'business-rule',
    text: 'The patch changes {target}, which stays what it is.',
  },
  'patch-invalid': { status: 400, type: 'structure', text: '{target} is {found}; expected {expected}.' },
  'patch-failed': {
    status: 422,
    type: 'business-rule',
    text: 'Operation {index} of the patch failed at "{target}": found {found}; expected {expected}.',
  },
  'patch-test-failed': {
    status: 422,
    type: 'conflict',
    text: 'Operation {index} of the patch, a test, found {found} at "{target}".',
  },
  'write-contention': {
    status: 409,
    type: 'transient',
    text: '{found} changed {expected} times while this request was tried; send it again.',
  },
  subsetted: {
    status: 400,
    type: 'business-rule',
    text: 'The resource carries the SUBSETTED tag; an incomplete resource is not stored.',
  },

  // Contents
  'invalid-content': { status: 422, type: 'invariant', text: '{text}' },
  'unknown-element': {
    status: 422,
    type: 'structure',
    text: 'The element "{found}" is not defined for {target}; expected one of {expected}.',
  },
  'missing-element': { status: 422, type: 'required', text: '{target} is missing; expected {expected}.' },
  'wrong-cardinality': { status: 422, type: 'structure', text: '{target} has {found} values; expected {expected}.' },
  'wrong-shape': { status: 422, type: 'structure', text: '{target} is {found}; expected {expected}.' },
  'bad-element-value': { status: 422, type: 'value', text: '{target} is "{found}"; expected {expected}.' },
  'code-not-in-value-set': { status: 422, type: 'code-invalid', text: '{target} is {found}; expected {expected}.' },
  'wrong-reference': { status: 422, type: 'value', text: '{target} leads to {found}; expected {expected}.' },
  'unknown-profile': {
    status: 422,
    type: 'not-found',
    text: 'The profile {found} is not held by this server; the resource was not checked against it.',
  },
  'reference-not-found': {
    status: 422,
    type: 'not-found',
    text: 'The reference {found} names a resource that does not exist (HUFHIR_REFERENCES=strict).',
  },

  // Criteria
  'criteria-no-match': {
    status: 412,
    type: 'not-found',
    text: 'The criteria {found} match no resource; expected exactly one.',
  },
  'criteria-many-matches': {
    status: 412,
    type: 'multiple-matches',
    text: 'The criteria {found} match several resources; expected at most one.',
  },
  'criteria-too-many': {
    status: 412,
    type: 'multiple-matches',
    text: 'The criteria {found} match more than {expected} resources (HUFHIR_MAX_CONDITIONAL_DELETE).',
  },
  'nothing-to-patch': {
    status: 404,
    type: 'not-found',
    text: 'The criteria {found} match no resource; there is nothing to patch.',
  },
  'criteria-not-met': {
    status: 422,
    type: 'business-rule',
    text: 'The resource does not satisfy its own criteria ({found}), so that the same request would make another each time; expected {expected}.',
  },
  'criteria-circular': { status: 400, type: 'business-rule', text: 'The criteria name an entry that waits for this.' },
  'criteria-empty': { status: 400, type: 'value', text: 'The criteria {found} hold no search parameter.' },

  // Bundles
  'bundle-type': { status: 400, type: 'value', text: 'The bundle type is "{found}"; expected transaction or batch.' },
  'bundle-entry': { status: 400, type: 'structure', text: '{text}' },
  'duplicate-target': {
    status: 400,
    type: 'duplicate',
    text: '{found} is written by more than one entry of the transaction.',
  },
  'entry-not-supported': {
    status: 400,
    type: 'not-supported',
    text: '{found} is not supported in an entry of a {target}.',
  },
  'unknown-full-url': {
    status: 400,
    type: 'structure',
    text: 'The reference {found} names {target}; expected {expected}.',
  },
  'duplicate-full-url': { status: 400, type: 'duplicate', text: 'The fullUrl {found} stands at more than one entry.' },

  // Search
  'unknown-parameter': {
    status: 400,
    type: 'invalid',
    text: 'The search parameter "{found}" is not defined for {target}; expected one of {expected}.',
  },
  'unknown-modifier': {
    status: 400,
    type: 'not-supported',
    text: 'The modifier "{found}" of parameter "{parameter}" is not supported; expected {expected}.',
  },
  'bad-parameter-value': {
    status: 400,
    type: 'value',
    text: 'The value "{found}" of parameter "{parameter}" is not valid; expected {expected}.',
  },
  'unsupported-search': {
    status: 400,
    type: 'not-supported',
    text: '"{found}" of parameter "{parameter}" is not supported; expected {expected}.',
  },
  'ignored-parameter': {
    status: 400,
    type: 'not-supported',
    text: 'The parameter "{found}" is not known and was ignored (Prefer: handling=lenient).',
  },
  'too-costly': { status: 400, type: 'too-costly', text: '{text}' },
  'search-too-slow': {
    status: 400,
    type: 'too-costly',
    text: 'The search took longer than {expected} ms (HUFHIR_SEARCH_TIMEOUT); most of it went into {found}. Add a criterion that few resources meet, or ask _explain=true for the plan.',
  },
  'criteria-too-slow': {
    status: 422,
    type: 'too-costly',
    text: 'The criteria of the request took longer than {expected} ms to look up (HUFHIR_CRITERIA_TIMEOUT); most of it went into {found}. Send fewer of them together, or such as few resources meet.',
  },
  'guards-too-slow': {
    status: 422,
    type: 'too-costly',
    text: 'What the request depends on was changed meanwhile, and took longer than {expected} ms to look up again as it was committed (HUFHIR_GUARD_TIMEOUT); most of it went into {found}. Send fewer criteria together, or such as few resources meet.',
  },
  'batch-too-slow': {
    status: 422,
    type: 'too-costly',
    text: 'The entries that were begun before took {expected} ms of work (HUFHIR_BATCH_TIMEOUT); this one was not begun. Send it in another bundle.',
  },
  'not-in-compartment': {
    status: 404,
    type: 'not-found',
    text: 'Resources of type {found} are never in the compartment of a {target}; expected one of {expected}.',
  },
  'search-explained': { status: 400, type: 'informational', text: '{text}' },
  'unknown-value-set': {
    status: 400,
    type: 'value',
    text: 'The value set "{found}" of parameter "{parameter}" is not held by this server.',
  },
  'not-expandable': {
    status: 400,
    type: 'not-supported',
    text: 'The codes of the value set {target} cannot be told: {found}.',
  },
  'unknown-code-system': {
    status: 400,
    type: 'value',
    text: 'The code system "{found}" of parameter "{parameter}" is not held by this server, or not with its codes.',
  },
  'unknown-code': {
    status: 400,
    type: 'code-invalid',
    text: 'The code system {target} has no code "{found}", which parameter "{parameter}" asks for.',
  },
  'unknown-list': { status: 400, type: 'value', text: 'The list {found} of parameter "_list" does not exist.' },
  'bad-cursor': {
    status: 400,
    type: 'value',
    text: 'The page link is not valid or has expired; start the search again.',
  },

  // Operations
  'missing-parameter': {
    status: 400,
    type: 'required',
    text: 'The parameter "{parameter}" is missing; expected {expected}.',
  },
  'unknown-operation-parameter': {
    status: 400,
    type: 'invalid',
    text: 'The operation has no parameter "{found}"; expected one of {expected}.',
  },
  'unsupported-operation-parameter': {
    status: 400,
    type: 'not-supported',
    text: 'The operation parameter "{found}" is not supported here.',
  },
  'unknown-operation': { status: 404, type: 'not-supported', text: 'The operation {found} is not supported here.' },
  'job-interrupted': {
    status: 503,
    type: 'transient',
    text: 'The server ended {found} while it worked on this request, which it does not begin again.',
  },
  'measure-too-large': {
    status: 422,
    type: 'too-costly',
    text: 'The evaluation took more than {expected} MB of memory (HUFHIR_MEASURE_MEMORY); a definition that makes long lists or texts takes most of it.',
  },
  'measure-not-evaluable': { status: 422, type: 'not-supported', text: '{text}' },

  // Settings, command line, and what is met at start
  setting: { status: 500, type: 'invalid', text: '{name} is "{found}"; expected {expected}.' },
  'store-unusable': { status: 500, type: 'exception', text: 'The store {file} cannot be used: {found}. {todo}.' },
  'not-listening': { status: 500, type: 'exception', text: 'The server cannot listen at {address}: {found}. {todo}.' },
  'unknown-setting': { status: 500, type: 'invalid', text: '{name} is not a setting of this server.' },
} as const satisfies Record<string, CatalogueEntry>;
