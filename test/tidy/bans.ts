import type { AnyNode } from 'acorn';
import { type Breach, isScript, isTypeScript, lineOf, type Source, syntax, walk } from './source.ts';

function matches(sources: readonly Source[], pattern: RegExp, todo: string): Breach[] {
  return sources.flatMap((s) =>
    [...s.text.matchAll(pattern)].map((m) => ({ at: `${s.path}:${lineOf(s.text, m.index)}`, todo })),
  );
}

/** Uses of `object.property`, as code and not as text. */
function members(sources: readonly Source[], object: string, property: RegExp, todo: string): Breach[] {
  return sources
    .filter((s) => isScript(s.path))
    .flatMap((s) => {
      const found: Breach[] = [];
      walk(syntax(s).program, (node: AnyNode) => {
        if (node.type !== 'MemberExpression' || node.object.type !== 'Identifier' || node.object.name !== object)
          return;
        const { property: key } = node;
        const name = key.type === 'Identifier' ? key.name : key.type === 'Literal' ? String(key.value) : '';
        if (property.test(name)) found.push({ at: `${s.path}:${node.loc?.start.line}`, todo });
      });
      return found;
    });
}

export function anyType(sources: readonly Source[]): Breach[] {
  return sources
    .filter((s) => isTypeScript(s.path) && /\bany\b/.test(syntax(s).types))
    .map((s) => {
      const { types } = syntax(s);
      return {
        at: `${s.path}:${lineOf(types, types.search(/\bany\b/))}`,
        todo: 'no `any`: write the type, or `unknown` and narrow it',
      };
    });
}

export function silencedTypes(sources: readonly Source[]): Breach[] {
  const pattern = /@ts-(?:ignore|expect-error|nocheck)/g;
  return matches(
    sources.filter((s) => isScript(s.path)),
    pattern,
    'do not silence the compiler: correct the type',
  );
}

/** `console.log` and its like; the command line prints, and a page in the browser may. */
export function printing(sources: readonly Source[]): Breach[] {
  const silent = sources.filter((s) => !/^src\/(cli|console)\//.test(s.path));
  return members(silent, 'console', /./, 'only cli prints: use the logger, or return the text');
}

export function unfinished(sources: readonly Source[]): Breach[] {
  return matches(sources, /\b(?:TODO|FIXME|XXX|HACK)\b/g, 'finish it, or open an issue and delete the note');
}

/** `src/main.ts` hands the environment over, `src/config.ts` reads it. */
export function environment(sources: readonly Source[]): Breach[] {
  const others = sources.filter((s) => s.path !== 'src/config.ts' && s.path !== 'src/main.ts');
  return members(
    others,
    'process',
    /^env$/,
    'read the environment in src/config.ts only, and take a setting as an argument',
  );
}

export function chance(sources: readonly Source[]): Breach[] {
  return members(sources, 'Math', /^random$/, 'the same seed gives the same district: use the seeded generator');
}

export function machinePaths(sources: readonly Source[]): Breach[] {
  const pattern = /(?<=^|[\s"'`(=:])(?:file:\/\/)?\/(?:home|root|Users|work|tmp|mnt)\/[\w.-]/gm;
  return matches(sources, pattern, 'a path of one machine: use import.meta.url, os.tmpdir() or a setting');
}

/** 17 digits and a check character with a date of birth in the middle (GB 11643). */
export function identityNumbers(sources: readonly Source[]): Breach[] {
  const pattern =
    /(?<!\d|\d\.)[1-8]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?!\d|\.\d)/g;
  return matches(
    sources,
    pattern,
    'it looks like a resident ID number: only seed/ and test/ may hold such (synthetic) ones',
  );
}

/** The base of our canonical URLs, spelled out; the console is a client of its own. */
export function canonicalBases(sources: readonly Source[]): Breach[] {
  const others = sources.filter((s) => s.path !== 'src/fhir/values/canonical.ts' && !s.path.startsWith('src/console/'));
  return matches(
    others.filter((s) => isScript(s.path)),
    /fhir\.changning\.example/g,
    'import canonicalBase of src/fhir/values/canonical.ts',
  );
}

export function fileNames(paths: readonly string[]): Breach[] {
  return paths
    .filter((path) => /(?:^|\/)(?:utils?|helpers?|common|misc|shared)(?:\.[^/]*|\/.*)$/i.test(path))
    .map((at) => ({ at, todo: 'name it by what it does' }));
}

/** Files that only re-export. */
export function barrels(sources: readonly Source[]): Breach[] {
  const passing = /^(?:import|export)\b[^;'"]*\bfrom\s*['"][^'"]+['"];?|^export\s*(?:type\s*)?\{[^}]*\};?/gm;
  return sources
    .filter((s) => isScript(s.path) && /^export\b/m.test(s.text))
    .filter(
      (s) =>
        s.text
          .replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
          .replace(passing, '')
          .trim() === '',
    )
    .map((s) => ({ at: s.path, todo: 'it only re-exports: import from the file that defines the name' }));
}

/** Rooms without a README.md. `paths` are those of src and of the folders beside it. */
export function readmes(paths: readonly string[]): Breach[] {
  const rooms = new Set(paths.flatMap((p) => /^(src\/[^/]+|seed|profiles|terminology)\//.exec(p)?.[1] ?? []));
  return [...rooms]
    .filter((room) => !paths.includes(`${room}/README.md`))
    .map((at) => ({
      at,
      todo: `write ${at}/README.md: what the room does and may import, why it does it so, where R4 is silent`,
    }));
}

const catalogues = ['src/error-catalogue.ts', 'src/retry-catalogue.ts'];

/** Codes of the catalogue of errors that no other file of src names. */
export function unusedCodes(sources: readonly Source[]): Breach[] {
  const errors = sources.filter((s) => catalogues.includes(s.path));
  if (!errors.some((s) => s.path === catalogues[0]))
    return [{ at: 'src/error-catalogue.ts', todo: 'the catalogue is missing' }];
  const rest = sources
    .filter((s) => !catalogues.includes(s.path) && isScript(s.path))
    .map((s) => s.text)
    .join('\n');
  return errors.flatMap((source) =>
    codesOf(source)
      .filter((code) => !rest.includes(`'${code}'`))
      .map((code) => ({ at: `${source.path} '${code}'`, todo: 'no failure uses it: use it or delete it' })),
  );
}

function codesOf(source: Source): readonly string[] {
  const codes: string[] = [];
  walk(syntax(source).program, (node: AnyNode) => {
    if (node.type !== 'VariableDeclarator' || node.id.type !== 'Identifier' || !/catalogue$/i.test(node.id.name))
      return;
    if (node.init?.type !== 'ObjectExpression') return;
    for (const property of node.init.properties) {
      if (property.type !== 'Property') continue;
      codes.push(
        property.key.type === 'Literal'
          ? String(property.key.value)
          : property.key.type === 'Identifier'
            ? property.key.name
            : '',
      );
    }
  });
  return codes;
}
