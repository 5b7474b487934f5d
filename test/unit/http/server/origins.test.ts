import t from 'tap';
import { Failure } from '#errors';
import { originGuard } from '#http/server/origins.ts';

t.test(
  'behind a proxy the name of HUFHIR_BASE_URL is the own one, and pages of HUFHIR_CORS_ORIGINS may ask',
  async (t) => {
    const guard = originGuard({ baseUrl: 'https://fhir.example/fhir', corsOrigins: ['https://app.example'] });
    const table: readonly (readonly [string | undefined, string | undefined, string | undefined])[] = [
      ['fhir.example', undefined, undefined],
      ['FHIR.example:443', 'https://fhir.example', undefined],
      ['localhost:8080', 'https://fhir.example', undefined],
      ['localhost:8080', 'https://app.example', undefined],
      ['localhost:8080', 'https://app.example.evil.example', 'foreign-origin'],
      ['evil.fhir.example', undefined, 'foreign-host'],
      ['evil.example', 'https://app.example', 'foreign-host'],
      [undefined, undefined, undefined],
      ['', undefined, 'foreign-host'],
    ];
    for (const [host, origin, expected] of table) {
      const found = guard({ ...(host !== undefined && { host }), ...(origin !== undefined && { origin }) });
      t.equal(found instanceof Failure ? found.issues[0].code : found, expected, `${host} ${origin}`);
    }
    const open = originGuard({ baseUrl: 'http://127.0.0.1:8080/fhir', corsOrigins: ['*'] });
    t.equal(open({ host: '127.0.0.1:8080', origin: 'https://any.example' }), undefined, 'HUFHIR_CORS_ORIGINS=*');
    t.ok(open({ host: 'any.example' }) instanceof Failure, 'which says nothing of names');
  },
);
