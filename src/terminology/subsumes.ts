import type { CodeSystem, CodeSystemConcept } from '@medplum/fhirtypes';

/** A code system, and what lies directly above and below each code by nesting and by property (R4 codesystem.html#hierarchy). */
export interface Hierarchy {
  readonly concepts: ReadonlyMap<string, CodeSystemConcept>;
  /** Absent for a code without any. */
  readonly parents: ReadonlyMap<string, readonly string[]>;
  readonly children: ReadonlyMap<string, readonly string[]>;
}

const made = new WeakMap<CodeSystem, Hierarchy>();

/** Undefined unless the resource holds the codes, or a meant part of them (R4 codesystem-content-mode: complete, fragment). */
export function hierarchyOf(system: CodeSystem): Hierarchy | undefined {
  if (system.content !== 'complete' && system.content !== 'fragment') return undefined;
  const known = made.get(system) ?? readHierarchy(system);
  made.set(system, known);
  return known;
}

function readHierarchy(system: CodeSystem): Hierarchy {
  const concepts = new Map<string, CodeSystemConcept>();
  const parents = new Map<string, string[]>();
  const children = new Map<string, string[]>();
  // The links of codes with several parents; nearly all have one.
  const links = new Set<string>();
  const link = (parent: string, child: string): void => {
    const before = parents.get(child);
    if (before === undefined) parents.set(child, [parent]);
    else {
      const key = `${parent}\u0000${child}`;
      if (before[0] === parent || links.has(key)) return;
      links.add(key);
      before.push(parent);
    }
    const list = children.get(parent) ?? [];
    if (list.push(child) === 1) children.set(parent, list);
  };
  const [up, down] = [linking(system, 'parent', 'subsumedBy'), linking(system, 'child')];
  const add = (list: readonly CodeSystemConcept[] | undefined, parent: string | undefined): void => {
    for (const concept of list ?? []) {
      const { code } = concept;
      if (!concepts.has(code)) concepts.set(code, concept);
      if (parent !== undefined) link(parent, code);
      for (const { code: property, valueCode } of concept.property ?? []) {
        if (valueCode === undefined) continue;
        if (up.has(property)) link(valueCode, code);
        if (down.has(property)) link(code, valueCode);
      }
      add(concept.concept, code);
    }
  };
  add(system.concept, undefined);
  return { concepts, parents, children };
}

/** Properties that R4 defines by uri (codesystem-concept-properties.html), whatever the system calls them, and usual codes. */
function linking(system: CodeSystem, meaning: string, ...codes: readonly string[]): ReadonlySet<string> {
  const uri = `http://hl7.org/fhir/concept-properties#${meaning}`;
  const declared = (system.property ?? []).filter((p) => p.uri === uri).map((p) => p.code);
  return new Set([meaning, ...codes, ...declared]);
}

/** All codes below a code, without itself. */
export function descendants({ children }: Hierarchy, code: string): ReadonlySet<string> {
  return reach(children, code);
}

/** All codes above a code, without itself. */
export function ancestors({ parents }: Hierarchy, code: string): ReadonlySet<string> {
  return reach(parents, code);
}

function reach(next: ReadonlyMap<string, readonly string[]>, from: string): ReadonlySet<string> {
  const found = new Set<string>();
  const queue = [...(next.get(from) ?? [])];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    if (at === from || found.has(at)) continue;
    found.add(at);
    // Not spread: a code may have more than a call takes arguments.
    for (const code of next.get(at) ?? []) queue.push(code);
  }
  return found;
}

/** R4 codesystem-operation-subsumes.html, of two codes of one system. */
export function subsumes(
  hierarchy: Hierarchy,
  a: string,
  b: string,
): 'equivalent' | 'subsumes' | 'subsumed-by' | 'not-subsumed' {
  if (a === b) return 'equivalent';
  if (ancestors(hierarchy, b).has(a)) return 'subsumes';
  return ancestors(hierarchy, a).has(b) ? 'subsumed-by' : 'not-subsumed';
}
