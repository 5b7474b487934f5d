import { room } from './layers.ts';
import { type Breach, isScript, isTypeScript, type Source } from './source.ts';

const declaration =
  /^export (?:default )?(?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|const|let|interface|type|enum) *(\w+)/gm;
const destructured = /^export (?:const|let) \{([^}]*)\} =/gm;
/** Of its own names or of another file's. */
const list = /^export (?:type )?\{([^}]*)\}/gm;
const typeDeclaration =
  /^[ \t]*(?:export )?(?:default )?(?:abstract )?(?:(?:interface|class) (\w+)|type (\w+)(?:<.*>)? =)/gm;

/** The names by which others import from a file. */
function exportsOf({ text }: Source): ReadonlySet<string> {
  const declared = [...text.matchAll(declaration)].map((m) => m[1] ?? '');
  const patterns = [...text.matchAll(destructured)].flatMap((m) => parts(m[1], /^.*: */));
  const listed = [...text.matchAll(list)].flatMap((m) => parts(m[1], /^(?:type )?(?:.* as )?/));
  return new Set([...declared, ...patterns, ...listed]);
}

/** The names of a list with commas, without what stands `before` them. */
function parts(names: string | undefined, before: RegExp): string[] {
  return (names ?? '').split(',').flatMap((part) => {
    const name = part.trim().replace(before, '');
    return name === '' ? [] : [name];
  });
}

function typesOf({ text }: Source): ReadonlySet<string> {
  return new Set([...text.matchAll(typeDeclaration)].map((m) => m[1] ?? m[2] ?? ''));
}

/** A breach for each file that has a name which an earlier one has. */
function repeated(
  sources: readonly Source[],
  namesOf: (source: Source) => ReadonlySet<string>,
  todo: (name: string, first: string) => string,
): Breach[] {
  const first = new Map<string, string>();
  return sources.flatMap((source) =>
    [...namesOf(source)].flatMap((name) => {
      const known = first.get(name);
      if (known === undefined) first.set(name, source.path);
      return known === undefined ? [] : [{ at: source.path, todo: todo(name, known) }];
    }),
  );
}

/** Within a room, a name is exported from one file. */
export function exportedTwice(sources: readonly Source[]): Breach[] {
  const byRoom = Map.groupBy(
    sources.filter((s) => s.path.startsWith('src/') && isScript(s.path)),
    (s) => room(s.path),
  );
  return [...byRoom.values()].flatMap((files) =>
    repeated(files, exportsOf, (name, at) => `${at} exports ${name} too: import it from there, or name it otherwise`),
  );
}

/** A type's name, exported or not, is declared in one file and means one thing. */
export function typeDeclaredTwice(sources: readonly Source[]): Breach[] {
  return repeated(
    sources.filter((s) => s.path.startsWith('src/') && isTypeScript(s.path)),
    typesOf,
    (name, at) => `${at} declares a type ${name} too: import it from there, or name it otherwise`,
  );
}
