import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { parse } from 'acorn';
import t from 'tap';

// Of JavaScript the compiler knows no types.
const { wrongNode }: { wrongNode(version: string, path: string): string | undefined } = await import(
  new URL('../../bin/node-version.js', import.meta.url).href
);

const root = join(import.meta.dirname, '../..');
const { engines, scripts, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

t.test('another Node than that of package.json is told of, and how to get the right one', async (t) => {
  t.equal(engines.node, '24.x');
  t.equal(wrongNode(process.versions.node, process.execPath), undefined);
  for (const version of ['24.0.0', '24.21.0']) t.equal(wrongNode(version, '/usr/bin/node'), undefined);
  for (const version of ['12.22.0', '18.20.8', '20.20.2', '22.23.3', '23.0.0', '25.1.0', '240.0.0']) {
    t.match(
      wrongNode(version, '/usr/bin/node'),
      /needs Node 24; this is Node \d+\.\d+\.\d+ \(\/usr\/bin\/node\)\. `npm ci` brings/,
    );
  }
});

t.test('what a wrong Node runs first is JavaScript that it can read', async (t) => {
  for (const file of ['bin/hufhir.js', 'bin/node-version.js']) {
    const text = readFileSync(join(root, file), 'utf8');
    t.ok(parse(text, { ecmaVersion: 2020, sourceType: 'module', allowHashBang: true }), file);
  }
  t.equal(bin.hufhir, 'bin/hufhir.js');
  for (const [name, script] of Object.entries<string>(scripts)) {
    for (const [, file = ''] of script.matchAll(/\bnode (\S+)/g)) t.match(file, /^(bin\/hufhir\.js|--import)$/, name);
  }
});

t.test('every other Node of this machine says so', async (t) => {
  const folders = new Set((process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'node')));
  for (const node of folders) {
    const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout;
    if (!/^v\d/.test(version ?? '') || version.startsWith('v24.')) continue;
    const { status, stderr, stdout } = spawnSync(node, ['bin/hufhir.js', 'help'], { cwd: root, encoding: 'utf8' });
    t.equal(status, 1, version);
    t.equal(stdout, '');
    t.match(stderr, `Hufhir needs Node 24; this is Node ${version.slice(1).trim()}`);
    t.equal(stderr.trim().split('\n').length, 1, 'nothing else');
  }
});
