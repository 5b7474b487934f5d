import { artifacts, terminology } from './oracle-artifacts.ts';
import { type Maker, people } from './oracle-people.ts';
import { Random } from './oracle-random.ts';
import { records } from './oracle-records.ts';
import { type Json, present, type Stored, Values } from './oracle-values.ts';
import { fieldsOf } from './oracle-world.ts';

const makers: Readonly<Record<string, Maker>> = { ...people, ...records, ...artifacts };

/** Most of what chains pass through, and of what has the richest values. */
const counts: Readonly<Record<string, number>> = Object.fromEntries(
  Object.keys(makers).map((type) => [type, { Observation: 60, Patient: 30, Condition: 30, Encounter: 25 }[type] ?? 12]),
);

export interface Generated {
  /** Written first; those with an id of `final` are overwritten, the others deleted. */
  readonly early: readonly Stored[];
  readonly final: readonly Stored[];
}

/** Now and then what a reference leads to stands in the resource itself, beside something that nothing refers to. */
function containing(v: Values, fields: Json): Json {
  const references = Object.keys(fields).filter((name) => name !== 'partOf' && typeAt(fields[name]) !== undefined);
  if (references.length === 0 || !v.r.oneIn(4)) return fields;
  const name = v.r.pick(references);
  const type = typeAt(fields[name]) ?? '';
  const inner = (id: string) => present({ resourceType: type, id, ...makers[type]?.(v, 1) });
  return { ...fields, contained: [inner('c1'), inner('c2')], [name]: { reference: '#c1' } };
}

/** The type in a local reference. */
function typeAt(value: unknown): string | undefined {
  const type = /^(\w+)\/r\d+$/.exec(String(fieldsOf(value).reference))?.[1];
  return type !== undefined && makers[type] !== undefined ? type : undefined;
}

/** Some 400 synthetic resources of 26 types, the same for the same seed. */
export function generate(seed: number, base: string): Generated {
  const v = new Values(new Random(seed), base, counts);
  const make = (type: string, at: number): Stored => {
    const fields: Json = { ...v.common(type, at), ...makers[type]?.(v, at) };
    return present(containing(v, fields)) as Json as Stored;
  };
  const all = Object.entries(counts).flatMap(([type, count]) =>
    Array.from({ length: count }, (_, at) => make(type, at)),
  );
  const early = Object.entries(counts).flatMap(([type, count]) =>
    // One beyond the last is deleted again: references to it lead nowhere.
    [0, 1, count].map((at) => make(type, at)),
  );
  return { early, final: [...all, ...(terminology as readonly Stored[])] };
}
