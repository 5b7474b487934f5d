import type { Resource, StructureDefinition } from '@medplum/fhirtypes';
import { type Issue, issue } from '#errors';
import { isObject, type JsonObject } from '#fhir/json/object.ts';
import type { Structures } from '#fhir/model/definitions.ts';
import { clock } from '#fhir/values/dates.ts';
import type { ValueSets } from '#terminology/value-sets.ts';
import { checkRule } from './overlay.ts';
import { compileProfile, type Rule } from './profile.ts';
import { compileSchemas, type TypeSchemas } from './schema.ts';
import { type Hooks, ValidationWalk } from './walk.ts';

export interface ValidatorOptions {
  /** R4's own types: see `compileTypes`. */
  readonly types: TypeSchemas;
  /** Holds the profiles and extensions that are checked in the mode `profile`. */
  readonly guide: readonly Resource[];
  readonly mode: 'off' | 'structure' | 'profile';
  /** Without it no binding is checked. */
  readonly valueSets?: ValueSets;
  /** IANA name; what dates without an offset are compared in. Asia/Shanghai unless told. */
  readonly timeZone?: string;
}

/** Every problem of a resource, each at its FHIRPath; empty if there is none. Warnings stand among them. */
export type Validator = (resource: Resource) => readonly Issue[];

const CORE = 'http://hl7.org/fhir/StructureDefinition/';

/** R4's own StructureDefinitions, compiled: plain data, which another thread can be given. They need not be kept. */
export function compileTypes({ types, resources }: Structures): TypeSchemas {
  return compileSchemas([...(types.entry ?? []), ...(resources.entry ?? [])].flatMap((e) => e.resource ?? []));
}

/** Compiles the guide, and returns the function that checks a resource against it and R4's types. */
export function createValidator(options: ValidatorOptions): Validator {
  if (options.mode === 'off') return () => [];
  const { types: schemas } = options;
  const hooks = options.mode === 'profile' ? profileHooks(options.guide, schemas) : undefined;
  const zone = clock(options.timeZone ?? 'Asia/Shanghai');
  const walkOptions = { schemas, valueSets: options.valueSets, hooks, clock: zone };
  return (resource) => {
    const value: unknown = resource;
    if (!isObject(value)) return [];
    const walk = new ValidationWalk(value, walkOptions);
    walk.checkResource(value, resource.resourceType, false);
    return walk.issues.list;
  };
}

interface Profile {
  readonly type: string;
  /** Where an extension may stand: paths (`Patient.gender`) or types (`Address`). */
  readonly context: readonly string[];
  /** Its own rules and those of the profiles it builds on. */
  readonly rules: readonly Rule[];
}

function profileHooks(guide: readonly Resource[], schemas: TypeSchemas): Hooks {
  const held = new Map(guide.flatMap((r) => (r.resourceType === 'StructureDefinition' ? [[r.url, r] as const] : [])));
  const profiles = new Map([...held].map(([url, structure]) => [url, compile(structure, held)]));
  const ours = guideBases(held.keys());
  return {
    resource(resource, path, walk) {
      for (const [i, url] of claimed(resource).entries()) {
        const profile = profiles.get(url.replace(/\|.*$/, ''));
        if (profile === undefined) {
          if (schemas.has(url.replace(CORE, ''))) continue;
          walk.add(issue('unknown-profile', { found: url }, `${path}.meta.profile[${i}]`, 'warning'));
        } else if (profile.type !== resource.resourceType) {
          const found = String(resource.resourceType);
          const expected = `${profile.type}, the type of ${url}`;
          walk.add(issue('wrong-shape', { target: 'resourceType', found, expected }, `${path}.meta.profile[${i}]`));
        } else for (const rule of profile.rules) checkRule(rule, resource, profile.type, path, walk);
      }
    },
    extension(extension, path, owner, walk) {
      const { url } = extension;
      if (typeof url !== 'string') return;
      const profile = profiles.get(url);
      if (profile === undefined) {
        if (ours.some((base) => url.startsWith(base)))
          walk.add(issue('unknown-profile', { found: url }, `${path}.url`, 'warning'));
        return;
      }
      if (!profile.context.some((c) => owner.includes(c))) {
        const expected = profile.context.join(' or ');
        walk.add(issue('wrong-shape', { target: `The extension ${url}`, found: `at ${owner[0]}`, expected }, path));
      }
      for (const rule of profile.rules) checkRule(rule, extension, 'Extension', path, walk);
    },
  };
}

function compile(structure: StructureDefinition, held: ReadonlyMap<string, StructureDefinition>): Profile {
  const base = held.get(structure.baseDefinition ?? '');
  return {
    type: structure.type,
    context: (structure.context ?? []).map((c) => c.expression),
    rules: [...(base === undefined ? [] : compile(base, held).rules), compileProfile(structure, held)],
  };
}

function claimed(resource: JsonObject): readonly string[] {
  const profiles = isObject(resource.meta) ? resource.meta.profile : undefined;
  return Array.isArray(profiles) ? profiles.filter((url) => typeof url === 'string') : [];
}

/** The folders of the guide's own structures: an extension from there that is not held is a slip of the pen. */
function guideBases(urls: Iterable<string>): readonly string[] {
  return [...new Set([...urls].map((url) => url.slice(0, url.lastIndexOf('/') + 1)))];
}
