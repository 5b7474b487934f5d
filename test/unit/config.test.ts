import { readFileSync } from 'node:fs';
import t from 'tap';
import { loadConfig, settings } from '#config';
import { Failure } from '#errors';

t.test('defaults', async (t) => {
  const config = loadConfig({ PATH: '/bin', HUFHIR_TEST_X: '1', HUFHIR_BENCH_DATA: '/tmp' });
  t.match(config, {
    host: '127.0.0.1',
    port: 8080,
    baseUrl: 'http://127.0.0.1:8080/fhir',
    store: 'sqlite:./data/hufhir.db',
    auth: 'required',
    validation: 'profile',
    references: 'lenient',
    timeZone: 'Asia/Shanghai',
    maxBody: 67_108_864,
    maxEntries: 10_000,
    maxDepth: 100,
  });
  t.ok(Object.isFrozen(config));
});

t.test('settings are read', async (t) => {
  const config = loadConfig({ HUFHIR_PORT: '9000', HUFHIR_BASE_URL: 'https://fhir.example/r4/', HUFHIR_AUTH: 'off' });
  t.match(config, { port: 9000, baseUrl: 'https://fhir.example/r4', auth: 'off' });
});

t.test('every wrong and every unknown setting is named at once', async (t) => {
  const cases: [environment: Record<string, string>, texts: RegExp[]][] = [
    [{ HUFHIR_PORT: 'x' }, [/HUFHIR_PORT is "x"; expected a whole number from 0 to 65535\.$/]],
    [{ HUFHIR_PORT: '1.5' }, [/HUFHIR_PORT is "1\.5"; expected a whole number from 0 to 65535\.$/]],
    [{ HUFHIR_JOB_LEASE: '1' }, [/HUFHIR_JOB_LEASE is "1"; expected a whole number from 1000 to 3600000\.$/]],
    [{ HUFHIR_MAX_COUNT: '-1' }, [/HUFHIR_MAX_COUNT is "-1"; expected a whole number from 1 to 10000\.$/]],
    [{ HUFHIR_HOST: '' }, [/HUFHIR_HOST is ""; expected a text that is not empty\.$/]],
    [{ HUFHIR_STORE: 'x.db' }, [/HUFHIR_STORE is "x\.db"; expected sqlite: and a file\.$/]],
    [{ HUFHIR_BASE_URL: 'x' }, [/HUFHIR_BASE_URL is "x"; expected a URL such as https:\/\/x\.example\/fhir\.$/]],
    [{ HUFHIR_CORS_ORIGINS: 'x' }, [/HUFHIR_CORS_ORIGINS is "x"; expected \*, or origins such as/]],
    [{ HUFHIR_PRT: '1' }, [/HUFHIR_PRT is not a setting/]],
    [
      { HUFHIR_PORT: '70000', HUFHIR_VALIDATION: 'none', HUFHIR_STORE: 'pg://x' },
      [/HUFHIR_PORT is "70000"/, /HUFHIR_VALIDATION is "none"; expected off, structure, profile/, /HUFHIR_STORE/],
    ],
    [{ HUFHIR_AUTH: 'off', HUFHIR_HOST: '0.0.0.0' }, [/HUFHIR_AUTH is "off"; expected required, since/]],
    [{ HUFHIR_TIME_ZONE: 'Mars/Base' }, [/HUFHIR_TIME_ZONE is "Mars\/Base"; expected an IANA time zone/]],
    [{ HUFHIR_DEFAULT_COUNT: '50', HUFHIR_MAX_COUNT: '10' }, [/HUFHIR_DEFAULT_COUNT is "50"; expected at most/]],
    [
      { HUFHIR_LARGE_BODY: '2000', HUFHIR_MAX_BODY: '1000' },
      [/HUFHIR_LARGE_BODY is "2000"; expected at most HUFHIR_MAX_B/],
    ],
    [{ HUFHIR_READ_QUEUE: '9' }, [/HUFHIR_READ_QUEUE is "9"; expected a whole number from 10 to/]],
    [{ HUFHIR_STALL_TIMEOUT: '99' }, [/HUFHIR_STALL_TIMEOUT is "99"; expected a whole number from 100 to/]],
  ];
  for (const [environment, texts] of cases) {
    const result = loadConfig(environment);
    t.ok(result instanceof Failure, JSON.stringify(environment));
    if (!(result instanceof Failure)) continue;
    t.equal(result.issues.length, texts.length);
    for (const text of texts)
      t.ok(
        result.issues.some((i) => text.test(i.text)),
        `${text}`,
      );
  }
});

t.test('README.md tells every setting with its default, one a row, and no other', async (t) => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const row = /^\| `(HUFHIR_\w+)` \| (.*?) \|/gm;
  const told = [...readme.matchAll(row)].map(([, name, initial = '']) => [name, initial.replaceAll(/`|(?<=\d),/g, '')]);
  const expected = Object.entries(settings).map(([name, setting]) => {
    const initial = 'default' in setting ? String(setting.default) : '';
    return [name, initial === '' ? 'none' : initial];
  });
  t.strictSame(told.sort(), expected.sort());
  const named = new Set(readme.match(/HUFHIR_\w+/g));
  t.strictSame(
    [...named].filter((name) => !(name in settings)),
    [],
  );
});
