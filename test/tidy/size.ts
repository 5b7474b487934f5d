import type { AnyNode } from 'acorn';
import { type Breach, isScript, type Source, syntax, walk } from './source.ts';

export const limits = { file: 400, median: 120, function: 70, blob: 200 * 1024 };

const lines = (text: string): number => text.replace(/\n$/, '').split('\n').length;

/** No file longer than 400 lines. */
export function fileLength(sources: readonly Source[]): Breach[] {
  return sources
    .map((s) => ({ at: s.path, count: lines(s.text) }))
    .filter(({ count }) => count > limits.file)
    .map(({ at, count }) => ({ at, todo: `${count} lines, at most ${limits.file}: split it by topic` }));
}

/** The median of the files' lengths is at most 120 lines. */
export function medianLength(sources: readonly Source[]): Breach[] {
  const counts = sources.map((s) => lines(s.text)).sort((a, b) => a - b);
  const [low, high] = [counts[(counts.length - 1) >> 1] ?? 0, counts[counts.length >> 1] ?? 0];
  const median = (low + high) / 2;
  if (median <= limits.median) return [];
  return [
    { at: 'src', todo: `the median file has ${median} lines, at most ${limits.median}: split the longest by topic` },
  ];
}

const functions = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'];

/** No function longer than 70 lines, inner functions included in the outer. */
export function functionLength(sources: readonly Source[]): Breach[] {
  return sources
    .filter((s) => isScript(s.path))
    .flatMap((s) => {
      const found: Breach[] = [];
      walk(syntax(s).program, (node: AnyNode) => {
        if (!functions.includes(node.type) || !node.loc) return;
        const count = node.loc.end.line - node.loc.start.line + 1;
        if (count <= limits.function) return;
        found.push({
          at: `${s.path}:${node.loc.start.line}`,
          todo: `a function of ${count} lines, at most ${limits.function}: give its parts names of their own`,
        });
      });
      return found;
    });
}

/** No file over 200 KB in git, the lock file excepted. `files` gives bytes. */
export function blobs(files: readonly { readonly path: string; readonly bytes: number }[]): Breach[] {
  return files
    .filter((f) => f.bytes > limits.blob && f.path !== 'package-lock.json')
    .map((f) => ({
      at: f.path,
      todo: `${f.bytes} bytes, at most ${limits.blob}: generate it, or take it from a package`,
    }));
}
