import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { type AnyNode, type Comment, type Program, parse } from 'acorn';

/** One file of the repository, as the rules see it. */
export interface Source {
  /** From the root of the repository, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** One breach of a rule: where it is, and what to do about it. */
export interface Breach {
  readonly at: string;
  readonly todo: string;
}

export interface Parsed extends Source {
  readonly program: Program;
  readonly comments: readonly Comment[];
  /** What type stripping took away, without comments and strings: the types alone. */
  readonly types: string;
}

const parsed = new WeakMap<Source, Parsed>();
const commentOrString = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g;

/** The syntax tree of a TypeScript or JavaScript file. Line numbers are those of the source. */
export function syntax(source: Source): Parsed {
  const known = parsed.get(source);
  if (known !== undefined) return known;
  const code = source.path.endsWith('.ts') ? stripTypeScriptTypes(source.text) : source.text;
  const comments: Comment[] = [];
  const program = parse(code, {
    ecmaVersion: 'latest',
    sourceType: 'module',
    locations: true,
    allowHashBang: true,
    onComment: comments,
  });
  let types = '';
  for (let i = 0; i < code.length; i++) types += code[i] === source.text[i] ? ' ' : source.text[i];
  const result = { ...source, program, comments, types: types.replace(commentOrString, ' ') };
  parsed.set(source, result);
  return result;
}

/** Calls `visit` with every node of the tree, parents first. */
export function walk(node: AnyNode, visit: (node: AnyNode) => void): void {
  visit(node);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (child !== null && typeof child === 'object' && typeof child.type === 'string') walk(child, visit);
    }
  }
}

export const isScript = (path: string): boolean => /\.[cm]?[jt]s$/.test(path);
export const isTypeScript = (path: string): boolean => path.endsWith('.ts');

/** 1 for the first line. */
export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** The files that git tracks or would track: what is not ignored. */
export function repositoryFiles(root: string): string[] {
  const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
  const paths = list.toString('utf8').split('\0');
  return paths.filter((path) => path !== '' && existsSync(join(root, path)));
}

export function load(root: string, path: string): Source {
  return { path, text: readFileSync(join(root, path), 'utf8') };
}

/** Bytes. */
export function sizeOf(root: string, path: string): number {
  return statSync(join(root, path)).size;
}
