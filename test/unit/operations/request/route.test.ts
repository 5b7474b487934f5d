import t from 'tap';
import { Failure } from '#errors';
import { loadDefinitions } from '#fhir/model/definitions.ts';
import { route } from '#operations/request/route.ts';

const definitions = loadDefinitions();

t.test('http.html#3.1.0: which interaction a method and a path ask for', async (t) => {
  const cases: [method: string, path: string, interaction: Record<string, unknown>][] = [
    ['GET', 'Patient/1', { code: 'read', type: 'Patient', id: '1' }],
    ['HEAD', 'Patient/1', { code: 'read', type: 'Patient', id: '1' }],
    ['GET', 'Patient/1/_history/2', { code: 'vread', type: 'Patient', id: '1', version: 2 }],
    ['PUT', 'Patient/1', { code: 'update', type: 'Patient', id: '1' }],
    ['DELETE', 'Patient/1', { code: 'delete', type: 'Patient', id: '1' }],
    ['GET', 'Patient/1/_history', { code: 'history-instance', type: 'Patient', id: '1' }],
    ['POST', 'Patient', { code: 'create', type: 'Patient' }],
    ['GET', 'Patient', { code: 'search-type', type: 'Patient' }],
    ['POST', 'Patient/_search', { code: 'search-type', type: 'Patient' }],
    ['GET', 'Patient/_history', { code: 'history-type', type: 'Patient' }],
    ['GET', 'Patient/1/*', { code: 'search-compartment', compartment: 'Patient', id: '1' }],
    [
      'GET',
      'Patient/1/Observation',
      { code: 'search-compartment', compartment: 'Patient', id: '1', type: 'Observation' },
    ],
    ['POST', 'Device/1/Flag/_search', { code: 'search-compartment', compartment: 'Device', id: '1', type: 'Flag' }],
    ['POST', 'Encounter/1/*/_search', { code: 'search-compartment', compartment: 'Encounter', id: '1' }],
    ['POST', 'Encounter/1/_search', { code: 'search-compartment', compartment: 'Encounter', id: '1' }],
    ['GET', 'metadata', { code: 'capabilities' }],
    ['POST', '', { code: 'bundle' }],
    ['GET', '_history', { code: 'history-system' }],
    ['GET', '$pending-references', { code: 'operation', method: 'GET', name: '$pending-references' }],
    [
      'POST',
      'Measure/$evaluate-measure',
      { code: 'operation', method: 'POST', name: '$evaluate-measure', type: 'Measure' },
    ],
    [
      'GET',
      'Measure/m/$evaluate-measure',
      { code: 'operation', method: 'GET', name: '$evaluate-measure', type: 'Measure', id: 'm' },
    ],
  ];
  for (const [method, path, interaction] of cases) {
    t.same(route(definitions, method, path), interaction, `${method} ${path}`);
  }
});

t.test('what is no interaction', async (t) => {
  const cases: [method: string, path: string, status: number, text: RegExp][] = [
    ['GET', 'Patint/1', 404, /"Patint" is not a resource type/],
    ['GET', 'DomainResource/1', 404, /not a resource type/],
    ['GET', 'patient/1', 404, /not a path/],
    ['GET', 'Patient/1/2', 404, /not a path/],
    ['GET', 'Patient/1/_history/2/3', 404, /not a path/],
    ['GET', 'Patient/1/Location', 404, /Location are never in the compartment of a Patient/],
    ['GET', 'Location/1/Observation', 404, /not a path/],
    ['GET', 'Patient/1/_search', 405, /expected POST/],
    ['GET', 'Patient/a b', 400, /"a b" is not valid/],
    ['GET', 'Patient//', 400, /is not valid/],
    ['GET', 'Patient/1/_history/x', 404, /no version x/],
    ['GET', 'Patient/1/_history/0', 404, /no version 0/],
    ['POST', 'Patient/1', 405, /expected GET, PUT, PATCH, DELETE/],
    ['PUT', '_search', 405, /expected POST/],
    ['PUT', '', 405, /expected GET, POST/],
    ['TRACE', 'metadata', 405, /expected GET/],
    ['constructor', 'Patient', 405, /expected GET, POST/],
    ['__proto__', 'Patient/1', 405, /expected GET, PUT, PATCH, DELETE/],
  ];
  for (const [method, path, status, text] of cases) {
    const result = route(definitions, method, path);
    t.ok(result instanceof Failure, `${method} ${path}`);
    if (!(result instanceof Failure)) continue;
    t.equal(result.status, status, `${method} ${path}`);
    t.match(result.issues[0].text, text);
  }
});
