import { posix } from 'node:path';
import { type Breach, lineOf, type Source } from './source.ts';

/** Files that a text names between backticks: `write/step.ts`, also with a brace or a star for several. */
function named(text: string): { readonly name: string; readonly index: number }[] {
  const spans = [...text.matchAll(/`([^`\n]+)`/g)];
  return spans.flatMap((span) =>
    [...(span[1] ?? '').matchAll(/(?<![\w./*-])[\w./-]+\.(?:ts|js|css|html)\b/g)].map((m) => ({
      name: m[0],
      index: (span.index ?? 0) + (m.index ?? 0),
    })),
  );
}

/** What a README names is there: a path from its own folder, from `src`, or from the root. */
export function namedFiles(readmes: readonly Source[], paths: readonly string[]): Breach[] {
  const known = new Set(paths);
  return readmes.flatMap(({ path, text }) => {
    const folder = posix.dirname(path);
    const isThere = (name: string): boolean =>
      [folder, 'src', '.'].some((base) => known.has(posix.normalize(posix.join(base, name))));
    return named(text)
      .filter(({ name }) => !isThere(name))
      .map(({ name, index }) => ({
        at: `${path}:${lineOf(text, index)}`,
        todo: `${name} is not there: write its path from ${folder}, from src or from the root`,
      }));
  });
}
