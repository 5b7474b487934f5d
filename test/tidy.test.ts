import { fileURLToPath } from 'node:url';
import t from 'tap';
import * as bans from './tidy/bans.ts';
import * as layers from './tidy/layers.ts';
import * as names from './tidy/names.ts';
import { namedFiles } from './tidy/readmes.ts';
import * as size from './tidy/size.ts';
import { type Breach, isScript, isTypeScript, load, repositoryFiles, type Source, sizeOf } from './tidy/source.ts';

/**
 * The rules of the house. Each rule is a function from files to breaches; each is shown here to pass the repository and
 * to catch a small sample.
 */

const root = fileURLToPath(new URL('..', import.meta.url));
const paths = repositoryFiles(root);
const isText = (path: string): boolean =>
  /\.(ts|js|json|md|css|html|cql|yaml|yml|rc)$|(^|\/)\.[\w-]+$|^\.ci\//.test(path);
const files = paths.filter((p) => isText(p) && p !== 'package-lock.json').map((p) => load(root, p));
const under = (pattern: RegExp): Source[] => files.filter((s) => pattern.test(s.path));

const src = under(/^src\//);
const code = under(/^(src|seed)\//).filter((s) => isScript(s.path));
const scripts = files.filter((s) => isScript(s.path));
/** The rules and their samples name what they forbid. */
const beyondRules = files.filter((s) => !/^test\/tidy/.test(s.path));

/** A sample: path and text. */
const sample = (path: string, text: string): Source => ({ path, text });
const long = (n: number): string => `${'let x = 0;\n'.repeat(n - 1)}export { x };\n`;
const identityNumber = ['310105', '19490101', '0016'].join('');

/** The breaches of a README of src/fhir, beside a few files. */
const readme = (text: string): Breach[] =>
  namedFiles([sample('src/fhir/README.md', text)], ['src/fhir/c.ts', 'src/fhir/json/e.ts', 'src/main.ts', 'test/d.ts']);

interface Rule {
  readonly name: string;
  readonly here: readonly Breach[];
  /** Each sample breaks the rule in the way its name says. */
  readonly broken: Readonly<Record<string, readonly Breach[]>>;
  /** Each sample keeps it. */
  readonly kept?: Readonly<Record<string, readonly Breach[]>>;
}

const one = (rule: (s: readonly Source[]) => Breach[], path: string, text: string): Breach[] =>
  rule([sample(path, text)]);

const importRules: readonly Rule[] = [
  {
    name: 'rooms import one way',
    here: layers.direction([...src, ...under(/^seed\//)]),
    broken: {
      'to the right': one(layers.direction, 'src/fhir/a.ts', `import { b } from '#search/b.ts';`),
      'a type, across a group': one(layers.direction, 'src/storage/a.ts', `import type { B } from '#measure/b.ts';`),
      're-export': one(layers.direction, 'src/search/a.ts', `export { b } from '#validation/b.ts';`),
      'inner import': one(layers.direction, 'src/http/a.ts', `const b = await import('#cli/b.ts');`),
      'several lines': one(layers.direction, 'src/fhir/a.ts', `import {\n  b,\n} from '#http/b.ts';`),
      'config in a low room': one(layers.direction, 'src/storage/a.ts', `import type { Config } from '#config';`),
      'relative, out of the room': one(layers.direction, 'src/fhir/a.ts', `import { b } from '../search/b.ts';`),
      'a worker': one(layers.direction, 'src/fhir/a.ts', `new Worker(new URL('../http/w.ts', import.meta.url));`),
      'an unknown room': one(layers.direction, 'src/extra/a.ts', `import { b } from '#errors';`),
      'src out of seed': one(layers.direction, 'seed/a.ts', `import { b } from '#fhir/b.ts';`),
      'seed out of storage': one(layers.direction, 'src/storage/a.ts', `import { b } from '#seed/b.ts';`),
      'test out of src': one(layers.direction, 'src/http/a.ts', `import { b } from '#test/b.ts';`),
      'console out of http': one(layers.direction, 'src/http/a.ts', `import { b } from '#console/b.ts';`),
    },
    kept: {
      'to the left': one(layers.direction, 'src/storage/a.ts', `import type { Plan } from '#search/model/filter.ts';`),
      'config in http': one(layers.direction, 'src/http/a.ts', `import type { Config } from '#config';`),
      'a package': one(layers.direction, 'src/fhir/a.ts', `import type { Patient } from '@medplum/fhirtypes';`),
    },
  },
  {
    name: 'sub-rooms import one way',
    here: layers.subDirection(src),
    broken: {
      'to the right': one(layers.subDirection, 'src/fhir/values/a.ts', `import { b } from '../patch/b.ts';`),
      'across a group': one(layers.subDirection, 'src/fhir/xml/a.ts', `import type { B } from '../fhirpath/b.ts';`),
      'of an adapter': one(layers.subDirection, 'src/storage/sqlite/read/a.ts', `import { b } from '../write/b.ts';`),
      'the file at the top': one(layers.subDirection, 'src/search/model/a.ts', `import { b } from '../parse.ts';`),
      'without a rank': one(layers.subDirection, 'src/fhir/extra/a.ts', `import { b } from '../json/b.ts';`),
    },
    kept: {
      'to the left': one(layers.subDirection, 'src/fhir/patch/a.ts', `import { b } from '../json/b.ts';`),
      'within one': one(layers.subDirection, 'src/fhir/patch/a.ts', `import { b } from './b.ts';`),
      'another room': one(layers.subDirection, 'src/search/model/a.ts', `import { b } from '#fhir/values/b.ts';`),
      'out of the file at the top': one(layers.subDirection, 'src/search/plan.ts', `import { b } from './model/b.ts';`),
    },
  },
  {
    name: 'imports between rooms use the #room map, within a room they are relative',
    here: layers.spelling(src),
    broken: {
      'relative to another room': one(layers.spelling, 'src/search/a.ts', `import { b } from '../fhir/b.ts';`),
      'mapped to its own room': one(layers.spelling, 'src/search/a.ts', `import { b } from '#search/b.ts';`),
    },
    kept: {
      'a subfolder': one(layers.spelling, 'src/storage/sqlite/a.ts', `import type { Store } from '../store.ts';`),
    },
  },
  {
    name: 'packages and store adapters have homes',
    here: layers.homes(src),
    broken: {
      fastify: one(layers.homes, 'src/operations/a.ts', `import fastify from 'fastify';`),
      'a plugin of fastify': one(layers.homes, 'src/cli/a.ts', `import x from '@fastify/static';`),
      'node:sqlite': one(layers.homes, 'src/storage/a.ts', `import { DatabaseSync } from 'node:sqlite';`),
      mongodb: one(layers.homes, 'src/storage/sqlite/a.ts', `import type { Db } from 'mongodb';`),
      'adapter in cli': one(layers.homes, 'src/cli/a.ts', `import { open } from '#storage/sqlite/open.ts';`),
      'adapter in storage': one(layers.homes, 'src/storage/a.ts', `import { open } from './sqlite/open.ts';`),
      'adapter in adapter': one(layers.homes, 'src/storage/mongodb/a.ts', `import { open } from '../sqlite/open.ts';`),
    },
    kept: { 'adapter in main': one(layers.homes, 'src/main.ts', `import { open } from '#storage/sqlite/open.ts';`) },
  },
  {
    name: 'no import cycles',
    here: layers.cycles(code),
    broken: {
      'by types': layers.cycles([
        sample('src/fhir/a.ts', `import type { B } from './b.ts';`),
        sample('src/fhir/b.ts', `import type { C } from './c.ts';`),
        sample('src/fhir/c.ts', `import type { A } from './a.ts';`),
      ]),
    },
    kept: {
      'a worker and its master': layers.cycles([
        sample('src/fhir/a.ts', `new Worker(new URL('./b.ts', import.meta.url));`),
        sample('src/fhir/b.ts', `import type { A } from './a.ts';`),
      ]),
    },
  },
  {
    name: 'no dead files',
    here: layers.dead(src),
    broken: {
      'never imported': layers.dead([sample('src/main.ts', ''), sample('src/fhir/a.ts', '')]),
      'never linked': layers.dead([sample('src/console/index.html', '<p>'), sample('src/console/a.css', '')]),
    },
    kept: {
      'a worker': layers.dead([
        sample('src/main.ts', `import '#fhir/a.ts';`),
        sample('src/fhir/a.ts', `new URL('./b.ts', import.meta.url)`),
        sample('src/fhir/b.ts', ''),
      ]),
      'a page': layers.dead([
        sample('src/console/index.html', '<script type="module" src="console.js">'),
        sample('src/console/console.js', `import { b } from './b.js';`),
        sample('src/console/b.js', ''),
      ]),
    },
  },
  {
    name: 'no barrels',
    here: bans.barrels(code),
    broken: {
      'all of it': one(
        bans.barrels,
        'src/fhir/a.ts',
        `// one\nexport * from './b.ts';\nexport type { C } from './c.ts';\n`,
      ),
      'by way of an import': one(bans.barrels, 'src/fhir/a.ts', `import { b } from './b.ts';\nexport { b };\n`),
    },
    kept: { 'a type of its own': one(bans.barrels, 'src/fhir/a.ts', `export * from './b.ts';\nexport type C = 1;\n`) },
  },
];

const sizeRules: readonly Rule[] = [
  {
    name: 'files have at most 400 lines',
    here: size.fileLength(code.concat(under(/^src\/console\//).filter((s) => !isScript(s.path)))),
    broken: { '401 lines': one(size.fileLength, 'src/fhir/a.ts', long(401)) },
    kept: { '400 lines': one(size.fileLength, 'src/fhir/a.ts', long(400)) },
  },
  {
    name: 'the median file has at most 120 lines',
    here: size.medianLength(src.filter((s) => isTypeScript(s.path))),
    broken: { 'two of three': size.medianLength([100, 121, 130].map((n) => sample(`src/fhir/${n}.ts`, long(n)))) },
    kept: { 'one of three': size.medianLength([100, 120, 300].map((n) => sample(`src/fhir/${n}.ts`, long(n)))) },
  },
  {
    name: 'functions have at most 70 lines',
    here: size.functionLength(code),
    broken: {
      declared: one(size.functionLength, 'src/a.ts', `export function f(a: string): void {\n${'a;\n'.repeat(69)}}`),
      arrow: one(size.functionLength, 'src/a.ts', `const f = (a: string): void => {\n${'a;\n'.repeat(69)}};`),
      method: one(size.functionLength, 'src/a.ts', `class C {\n m(): void {\n${';\n'.repeat(69)}}\n}`),
    },
    kept: {
      '70 lines': one(size.functionLength, 'src/a.ts', `export function f(): void {\n${';\n'.repeat(68)}}`),
      'a long class of short methods': one(
        size.functionLength,
        'src/a.ts',
        `class C {\n${'m(): void {}\n'.repeat(99)}}`,
      ),
    },
  },
  {
    name: 'no blob over 200 KB in git',
    here: size.blobs(paths.map((path) => ({ path, bytes: sizeOf(root, path) }))),
    broken: { 'a data file': size.blobs([{ path: 'terminology/x.json', bytes: 204_801 }]) },
    kept: { 'the lock file': size.blobs([{ path: 'package-lock.json', bytes: 999_999 }]) },
  },
];

const banRules: readonly Rule[] = [
  {
    name: 'no any',
    here: bans.anyType(scripts),
    broken: {
      annotation: one(bans.anyType, 'src/a.ts', 'const a: any = 1;'),
      cast: one(bans.anyType, 'src/a.ts', 'const a = f() as any;'),
      argument: one(bans.anyType, 'src/a.ts', 'const a = new Map<string, any>();'),
    },
    kept: { 'the word': one(bans.anyType, 'src/a.ts', `/** any */\ntype A = 'any';\nconst any = 'any' as A;`) },
  },
  {
    name: 'the compiler is not silenced',
    here: bans.silencedTypes(beyondRules),
    broken: { comment: one(bans.silencedTypes, 'src/a.ts', '// @ts-ignore') },
  },
  {
    name: 'only cli prints',
    here: bans.printing(code.filter((s) => s.path.startsWith('src/'))),
    broken: {
      log: one(bans.printing, 'src/http/a.ts', 'console.log(1);'),
      error: one(bans.printing, 'src/main.ts', 'console.error(1);'),
    },
    kept: { cli: one(bans.printing, 'src/cli/a.ts', 'console.log(1);') },
  },
  {
    name: 'nothing is left unfinished',
    here: bans.unfinished(beyondRules),
    broken: {
      'to do': one(bans.unfinished, 'README.md', 'TODO: more'),
      'to fix': one(bans.unfinished, 'src/a.ts', '// FIXME'),
    },
  },
  {
    name: 'only config.ts reads the environment',
    here: bans.environment(code.filter((s) => s.path.startsWith('src/'))),
    broken: {
      member: one(bans.environment, 'src/cli/a.ts', 'process.env.X;'),
      index: one(bans.environment, 'src/cli/a.ts', `process['env'];`),
    },
    kept: { 'config.ts': one(bans.environment, 'src/config.ts', 'process.env;') },
  },
  {
    name: 'the seed knows no chance but its own',
    here: bans.chance(under(/^seed\//)),
    broken: { random: one(bans.chance, 'seed/a.ts', 'Math.random();') },
  },
  {
    name: 'no paths of one machine',
    here: bans.machinePaths(beyondRules.filter((s) => s.path !== '.gitignore')),
    broken: {
      home: one(bans.machinePaths, 'src/a.ts', `read('/home/x/y');`),
      url: one(bans.machinePaths, 'README.md', 'see file:///Users/x'),
    },
    kept: { 'a link': one(bans.machinePaths, 'README.md', 'https://example.org/home/x') },
  },
  {
    name: 'no resident ID numbers outside seed/ and test/',
    here: bans.identityNumbers(files.filter((s) => !/^(seed|test)\//.test(s.path))),
    broken: { number: one(bans.identityNumbers, 'README.md', `id ${identityNumber}.`) },
    kept: { 'not a date': one(bans.identityNumbers, 'src/a.ts', '310105999999990016') },
  },
  {
    name: 'the canonical base is spelled once',
    here: bans.canonicalBases(src),
    broken: {
      url: one(bans.canonicalBases, 'src/http/a.ts', `const a = 'https://fhir.changning.example/CodeSystem/a';`),
      template: one(bans.canonicalBases, 'src/fhir/values/a.ts', 'const a = `https://fhir.changning.example/b`;'),
    },
    kept: {
      'its home': one(
        bans.canonicalBases,
        'src/fhir/values/canonical.ts',
        `export const canonicalBase = 'https://fhir.changning.example';`,
      ),
      'a page': one(bans.canonicalBases, 'src/console/a.js', `const a = 'https://fhir.changning.example/a';`),
      derived: one(bans.canonicalBases, 'src/http/a.ts', `const a = canonicalBase + '/CodeSystem/a';`),
    },
  },
  {
    name: 'files are named by what they do',
    here: bans.fileNames(paths),
    broken: {
      utils: bans.fileNames(['src/fhir/utils.ts']),
      'a folder': bans.fileNames(['src/common/a.ts']),
      tests: bans.fileNames(['test/helpers.test.ts']),
    },
    kept: { 'part of a word': bans.fileNames(['src/fhir/commonality.ts']) },
  },
  {
    name: 'every room has a README.md',
    here: bans.readmes(paths),
    broken: { none: bans.readmes(['src/fhir/a.ts']) },
    kept: { one: bans.readmes(['src/fhir/a.ts', 'src/fhir/README.md', 'src/main.ts']) },
  },
  {
    name: 'READMEs name files that are there',
    here: namedFiles(under(/(^|\/)README\.md$|^[^/]+\.md$/), paths),
    broken: {
      'not there': readme('`a.ts`'),
      'in another folder': readme('`json/b.ts`'),
      'one of several': readme('`{c,b}.ts`'),
      'with words': readme('see `node b.css now`'),
    },
    kept: {
      'from its folder': readme('`c.ts`'),
      'from src': readme('`fhir/c.ts`'),
      'from the root': readme('`test/d.ts`'),
      'a path upwards': readme('`../main.ts`'),
      several: readme('`{c,json/e}.ts`'),
      'any of them': readme('`*.test.ts`'),
      'no name': readme('a.ts, `a` and `a.json`'),
    },
  },
  {
    name: 'every code of the error catalogue is used',
    here: bans.unusedCodes(src),
    broken: {
      unused: bans.unusedCodes([sample('src/error-catalogue.ts', `export const catalogue = { 'not-found': {} };`)]),
      'no catalogue': bans.unusedCodes([]),
    },
    kept: {
      used: bans.unusedCodes([
        sample('src/error-catalogue.ts', `export const catalogue = { 'not-found': {} } as const;`),
        sample('src/http/a.ts', `fail('not-found', {});`),
      ]),
    },
  },
];

/** The breaches of two files. */
const two = (
  rule: (s: readonly Source[]) => Breach[],
  [path, text]: readonly [string, string],
  [other, otherText]: readonly [string, string],
): Breach[] => rule([sample(path, text), sample(other, otherText)]);

const nameRules: readonly Rule[] = [
  {
    name: 'a name is exported from one file of a room',
    here: names.exportedTwice(src),
    broken: {
      functions: two(
        names.exportedTwice,
        ['src/fhir/a.ts', 'export async function read(): Promise<void> {}'],
        ['src/fhir/xml/b.ts', 'export function* read() {}'],
      ),
      'a class and a type': two(
        names.exportedTwice,
        ['src/fhir/a.ts', 'export class Reader {}'],
        ['src/fhir/b.ts', 'export interface Reader {}'],
      ),
      constants: two(
        names.exportedTwice,
        ['src/fhir/a.ts', 'export const { a: one, two } = f();'],
        ['src/fhir/b.ts', 'export const two = 2;'],
      ),
      'a list': two(
        names.exportedTwice,
        ['src/fhir/a.ts', 'const b = 1;\nexport { b as one };'],
        ['src/fhir/b.ts', 'export const one = 1;'],
      ),
      're-export': two(
        names.exportedTwice,
        ['src/fhir/a.ts', 'export type One = 1;'],
        ['src/fhir/b.ts', `export { type One } from './a.ts';`],
      ),
    },
    kept: {
      'two rooms': two(
        names.exportedTwice,
        ['src/fhir/a.ts', 'export const one = 1;'],
        ['src/search/a.ts', 'export const one = 1;'],
      ),
      'not exported': two(
        names.exportedTwice,
        ['src/fhir/a.ts', 'export const one = 1;'],
        ['src/fhir/b.ts', 'const one = 1;'],
      ),
      overloads: one(
        names.exportedTwice,
        'src/fhir/a.ts',
        'export function f(a: 1): 1;\nexport function f(a: 2): 2;\nexport function f(a: number) {}',
      ),
    },
  },
  {
    name: 'a type is declared in one file',
    here: names.typeDeclaredTwice(src),
    broken: {
      interfaces: two(
        names.typeDeclaredTwice,
        ['src/fhir/a.ts', 'interface Place {}'],
        ['src/http/b.ts', 'export interface Place extends A {}'],
      ),
      'an alias and a class': two(
        names.typeDeclaredTwice,
        ['src/fhir/a.ts', 'type Place<T> = T;'],
        ['src/http/b.ts', 'export abstract class Place<T> {}'],
      ),
      'in a function': two(
        names.typeDeclaredTwice,
        ['src/fhir/a.ts', 'type Place = 1;'],
        ['src/fhir/b.ts', 'function f() {\n  interface Place {}\n}'],
      ),
    },
    kept: {
      'an import': two(
        names.typeDeclaredTwice,
        ['src/fhir/a.ts', 'export interface Place {}'],
        ['src/fhir/b.ts', `import {\n  type Place,\n} from './a.ts';`],
      ),
      'a value': two(
        names.typeDeclaredTwice,
        ['src/fhir/a.ts', 'interface Place {}'],
        ['src/fhir/b.ts', 'const Place = 1;'],
      ),
    },
  },
];

for (const rule of [...importRules, ...sizeRules, ...banRules, ...nameRules]) {
  t.test(rule.name, (t) => {
    for (const { at, todo } of rule.here) t.fail(`${at}: ${todo}`, { diagnostic: false });
    if (rule.here.length === 0) t.pass('the repository keeps it');
    for (const [name, breaches] of Object.entries(rule.broken)) t.equal(breaches.length, 1, `catches: ${name}`);
    for (const [name, breaches] of Object.entries(rule.kept ?? {})) t.equal(breaches.length, 0, `lets pass: ${name}`);
    t.end();
  });
}
