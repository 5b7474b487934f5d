import type { SearchParameter } from '#fhir/model/definitions.ts';
import { members } from './oracle-artifacts.ts';
import { type Criterion, type ReadCriterion, readFilter } from './oracle-filter.ts';
import {
  isSearchable,
  plain,
  split,
  type Test,
  testOf,
  textsOf,
  tokensOf,
  tokenTest,
  unescaped,
} from './oracle-matching.ts';
import { compares, dateRange, splitPrefix } from './oracle-ranges.ts';
import type { Stored } from './oracle-values.ts';
import * as words from './oracle-words.ts';
import { fieldsOf, listOf, type World } from './oracle-world.ts';

/** Reads one parameter of a search on `type`, as R4 search.html has it, to be asked of every resource in turn. */
export function criterion(world: World, type: string, name: string, value: string): Criterion {
  const special = specials[name.split(':')[0] ?? ''];
  if (special !== undefined) return special(world, type, name, value);
  const dot = name.indexOf('.');
  if (dot > 0) return chain(world, type, name.slice(0, dot), name.slice(dot + 1), value);
  const [code = '', modifier] = name.split(':');
  const parameter = world.parameter(type, code);
  if (parameter === undefined || (modifier !== undefined && !modifiersOf(parameter).includes(modifier)))
    return undefined;
  return plainCriterion(world, parameter, modifier, value);
}

/** R4 search.html#modifiers. */
export function modifiersOf({ type, targets }: SearchParameter): readonly string[] {
  const own = {
    string: ['exact', 'contains'],
    token: ['not', 'text', 'in', 'not-in', 'above', 'below', 'of-type'],
    uri: ['above', 'below'],
    reference: ['identifier', 'above', 'below', ...targets],
  };
  return ['missing', ...(own[type as keyof typeof own] ?? [])];
}

function any(tests: readonly (Test | undefined)[]): Test | undefined {
  const read = tests.filter((t) => t !== undefined);
  return read.length < tests.length ? undefined : (v) => read.some((test) => test(v));
}

function plainCriterion(
  world: World,
  parameter: SearchParameter,
  modifier: string | undefined,
  value: string,
): Criterion {
  const values = (r: Stored) => world.values(r, parameter);
  if (modifier === 'missing')
    return (r) => values(r).some((v) => isSearchable(world, v, parameter)) === (value === 'false');
  const asked = split(value, ',');
  if (parameter.type === 'composite') return composite(world, parameter, asked);
  const test = any(asked.map((one) => modified(world, parameter, modifier, one)));
  if (test === undefined) return undefined;
  if (modifier === 'not' || modifier === 'not-in') return (r) => !values(r).some(test);
  return (r) => values(r).some(test);
}

/** Components match together, in one element. */
function composite(world: World, parameter: SearchParameter, asked: readonly string[]): Criterion {
  const all = asked.map((one) =>
    split(one, '$').map((part, i) => {
      const component = parameter.components[i];
      return component && testOf(world, component.parameter, part);
    }),
  );
  if (all.some((tests) => tests.length !== parameter.components.length || tests.includes(undefined))) return undefined;
  return (r) =>
    world
      .tuples(r, parameter)
      .some((tuple) => all.some((tests) => tests.every((test, i) => test !== undefined && tuple[i]?.some(test))));
}

function modified(
  world: World,
  parameter: SearchParameter,
  modifier: string | undefined,
  asked: string,
): Test | undefined {
  switch (modifier) {
    case 'text': {
      const start = plain(unescaped(asked));
      return (v) => textsOf(v).some((t) => plain(t).startsWith(start));
    }
    case 'in':
    case 'not-in': {
      const codes = members[unescaped(asked)];
      return codes && ((v) => tokensOf(v).some(({ system, code }) => codes.includes(`${system}|${code}`)));
    }
    case 'of-type':
      return ofType(asked);
    case 'identifier': {
      const test = tokenTest(asked);
      return test && (({ value }) => tokensOf({ value: fieldsOf(value).identifier, type: 'Identifier' }).some(test));
    }
    case 'above':
    case 'below':
      if (parameter.type === 'token') return subsumption(asked, modifier);
      if (parameter.type === 'reference') return hierarchy(world, parameter, asked, modifier);
      return testOf(world, parameter, asked, modifier);
    case 'not':
      return testOf(world, parameter, asked);
    default:
      return testOf(world, parameter, asked, modifier);
  }
}

/** `system|code|value`: an identifier's value, and a type that it has. */
function ofType(asked: string): Test | undefined {
  const [system, code, value, ...more] = split(asked, '|').map(unescaped);
  if (value === undefined || more.length > 0) return undefined;
  return (v) => {
    const identifier = fieldsOf(v.value);
    const types = tokensOf({ value: identifier.type, type: 'CodeableConcept' });
    return identifier.value === value && types.some((t) => t.system === system && t.code === code);
  };
}

/** The code itself and those above it. */
function upwards(tree: Readonly<Record<string, string | undefined>>, code: string): string[] {
  const parent = tree[code];
  return parent === undefined ? [code] : [code, ...upwards(tree, parent)];
}

function subsumption(asked: string, how: 'above' | 'below'): Test | undefined {
  const [system = '', code] = split(asked, '|').map(unescaped);
  const tree = words.parents[system];
  if (tree === undefined || code === undefined) return undefined;
  return (v) =>
    tokensOf(v).some((t) => {
      if (t.system !== system) return false;
      return how === 'below' ? upwards(tree, t.code).includes(code) : upwards(tree, code).includes(t.code);
    });
}

/** Resources that are part of one another (R4 search.html, references and hierarchies); each is above and below itself. */
function hierarchy(world: World, parameter: SearchParameter, asked: string, how: 'above' | 'below'): Test | undefined {
  const link = world.linkOf(asked);
  if (link?.to !== 'local') return undefined;
  const ups = (type: string, id: string): string[] => {
    const up = world.linkOf(String(fieldsOf(world.get(type, id)?.partOf).reference));
    return up?.to === 'local' ? [`${type}/${id}`, ...ups(up.type, up.id)] : [`${type}/${id}`];
  };
  const wanted = `${link.type}/${link.id}`;
  return (v) => {
    const target = world.target(v, parameter);
    if (target?.type !== link.type) return false;
    return how === 'below'
      ? ups(target.type, target.id).includes(wanted)
      : ups(link.type, link.id).includes(`${target.type}/${target.id}`);
  };
}

/** A chain goes on for the target types that know the rest of it. */
function chain(world: World, type: string, head: string, rest: string, value: string): Criterion {
  const [code = '', only] = head.split(':');
  const parameter = world.parameter(type, code);
  if (parameter?.type !== 'reference') return undefined;
  const types = only === undefined ? parameter.targets : [only];
  const goOn = new Map(types.map((t) => [t, criterion(world, t, rest, value)]));
  if ([...goOn.values()].every((c) => c === undefined)) return undefined;
  return (r) =>
    world
      .targets(r, parameter)
      .filter((target) => !world.isContained(target) || isDecidedInside(world, target.resourceType, rest))
      .some((target) => goOn.get(target.resourceType)?.(target) === true);
}

/** Of contained resources a chain asks for plain parameters alone: not for an id, nor for what leads further. */
function isDecidedInside(world: World, type: string, rest: string): boolean {
  const code = rest.split(':')[0] ?? '';
  return !rest.includes('.') && code !== '_id' && world.parameter(type, code)?.type !== 'composite' && !isSpecial(code);
}

function isSpecial(code: string): boolean {
  return code !== 'near' && specials[code] !== undefined;
}

const specials: Readonly<Record<string, ReadCriterion | undefined>> = {
  _has: (world, type, name, value) => {
    const [, from = '', code = '', rest = ''] = /^_has:([^:]+):([^:]+):(.*)$/s.exec(name) ?? [];
    const parameter = world.parameter(from, code);
    const inner = criterion(world, from, rest, value);
    if (parameter?.type !== 'reference' || !parameter.targets.includes(type) || inner === undefined) return undefined;
    const found = new Set(
      world
        .ofType(from)
        .filter(inner)
        .flatMap((r) => world.targets(r, parameter)),
    );
    return (r) => found.has(r);
  },
  _id: (_world, _type, _name, value) => {
    const ids = split(value, ',').map(unescaped);
    return (r) => ids.includes(r.id);
  },
  _lastUpdated: (_world, _type, _name, value) => {
    const asked = split(value, ',').map((one) => {
      const { prefix, rest } = splitPrefix(one);
      return { prefix, searched: dateRange(rest) };
    });
    return (r) => {
      const found = dateRange(r.meta?.lastUpdated);
      if (found === undefined) throw new Error('a resource without lastUpdated');
      return asked.some(
        ({ prefix, searched }) => searched !== undefined && compares(prefix, found, searched, searched),
      );
    };
  },
  _list: (world, type, _name, value) => {
    const ids = new Set<string>();
    for (const entry of listOf(world.get('List', value)?.entry)) {
      const target = world.linkOf(String(fieldsOf(fieldsOf(entry).item).reference));
      if (target?.to === 'local' && target.type === type) ids.add(target.id);
    }
    return (r) => ids.has(r.id);
  },
  _text: (_world, _type, _name, value) => (r) => saysAll(String(fieldsOf(r.text).div ?? ''), value),
  _content: (_world, _type, _name, value) => (r) => saysAll(JSON.stringify(r), value),
  _filter: readFilter(criterion),
  near: (_world, _type, _name, value) => {
    const [latitude = 0, longitude = 0, far = 0, unit = 'km'] = value
      .split('|')
      .map((p) => (/^[\d.-]+$/.test(p) ? Number(p) : p));
    const reach = Number(far) * (unit === 'm' ? 0.001 : 1);
    return (r) => {
      const at = fieldsOf(r.position);
      if (typeof at.latitude !== 'number' || typeof at.longitude !== 'number') return false;
      return kilometres(at.latitude, at.longitude, Number(latitude), Number(longitude)) <= reach;
    };
  },
};

/** Words of letters and digits are whole words; of Chinese, one character or two that stand together. */
function saysAll(source: string, asked: string): boolean {
  const said = plain(source);
  return plain(asked)
    .split(/\s+/)
    .every((word) => (/^[a-z0-9]+$/.test(word) ? said.split(/[^a-z0-9]+/).includes(word) : said.includes(word)));
}

/** By the law of cosines, on a sphere of the earth's mean radius. */
function kilometres(latitudeA: number, longitudeA: number, latitudeB: number, longitudeB: number): number {
  const [a, b, c] = [latitudeA, latitudeB, longitudeB - longitudeA].map((d) => (d * Math.PI) / 180);
  if (a === undefined || b === undefined || c === undefined) return Number.NaN;
  return 6371.0088 * Math.acos(Math.min(1, Math.sin(a) * Math.sin(b) + Math.cos(a) * Math.cos(b) * Math.cos(c)));
}

/** Whether a resource is in a Patient's compartment: one of the parameters that R4 names for its type leads there. */
export function inCompartment(world: World, resource: Stored, patient: string): boolean {
  if (resource.resourceType === 'Patient' && resource.id === patient) return true;
  return world.definitions.patientCompartment(resource.resourceType).some((code) => {
    const parameter = world.parameter(resource.resourceType, code);
    if (parameter === undefined) return false;
    return world.values(resource, parameter).some((v) => {
      const target = world.target(v, parameter);
      return target?.type === 'Patient' && target.id === patient;
    });
  });
}
