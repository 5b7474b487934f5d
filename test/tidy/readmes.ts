import { posix } from 'node:path';
import { type Breach, lineOf, type Source } from './source.ts';

interface NamedFile {
  readonly name: string;
  readonly index: number;
}

/** Files that a text names between backticks: `write/step.ts`, also several at once, `write/{step,draft}.ts`. */
function namesIn(text: string): NamedFile[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].flatMap((span) =>
    expanded(span[1] ?? '').flatMap((shown) =>
      [...shown.matchAll(/(?<![\w./*…-])[\w./-]+\.(?:ts|js|css|html)\b/g)].map(([name]) => ({
        name,
        index: span.index,
      })),
    ),
  );
}

/** `a/b.ts` and `a/c.ts` of `a/{b,c}.ts`. */
function expanded(shown: string): string[] {
  const [whole, before = '', list = '', after = ''] = /^([\w./-]*)\{([\w./,-]+)\}([\w./-]*)$/.exec(shown) ?? [];
  return whole === undefined ? [shown] : list.split(',').map((name) => before + name + after);
}

/** What a README names is there: a path from its own folder, from `src`, or from the root. */
export function namedFiles(readmes: readonly Source[], paths: readonly string[]): Breach[] {
  const known = new Set(paths);
  return readmes.flatMap(({ path, text }) => {
    const folder = posix.dirname(path);
    const isThere = (name: string): boolean =>
      [folder, 'src', '.'].some((base) => known.has(posix.normalize(posix.join(base, name))));
    return namesIn(text)
      .filter(({ name }) => !isThere(name))
      .map(({ name, index }) => ({
        at: `${path}:${lineOf(text, index)}`,
        todo: `${name} is not there: write its path from ${folder}, from src or from the root`,
      }));
  });
}
