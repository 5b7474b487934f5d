import type { Bundle, Resource, StructureDefinition } from '@medplum/fhirtypes';
import { type Issue, issue } from '#errors';
import { isObject, type JsonObject } from '#fhir/json/object.ts';
import type { Structures } from '#fhir/model/definitions.ts';
import { isSubtype } from '#fhir/model/model.ts';
import { clock } from '#fhir/values/dates.ts';
import type { ValueSets } from '#terminology/value-sets.ts';
import { checkExtension } from './extension.ts';
import { checkRule } from './overlay.ts';
import { compileRules, type ProfileRules, parseInvariants } from './profile.ts';
import { compileSchemas, type TypeSchemas } from './schema.ts';
import { type Hooks, ValidationWalk } from './walk.ts';

export interface ValidatorOptions {
  /** R4's own types: see `compileTypes`. */
  readonly types: CompiledTypes;
  /** Holds the profiles and extensions that are checked in the mode `profile`. */
  readonly guide: readonly Resource[];
  readonly mode: 'off' | 'structure' | 'profile';
  /** The invariants of the guide are known to be FHIRPath: they are parsed when they are first evaluated. */
  readonly parsed?: boolean;
  /** Without it no binding is checked. */
  readonly valueSets?: ValueSets;
  /** IANA name; what dates without an offset are compared in. Asia/Shanghai unless told. */
  readonly timeZone?: string;
}

export interface Validator {
  /**
   * Every problem of a resource, each at its FHIRPath; empty if there is none. Warnings stand among them. It is checked against `profile` as if
   * it claimed that.
   */
  (resource: Resource, profile?: string): readonly Issue[];
  /** Whether it can check resources against this profile. */
  readonly knows: (profile: string) => boolean;
}

const CORE = 'http://hl7.org/fhir/StructureDefinition/';

/** What R4 itself defines. */
export interface CompiledTypes {
  readonly schemas: TypeSchemas;
  readonly extensions: ReadonlyMap<string, ProfileRules>;
}

/** R4's own StructureDefinitions, compiled: plain data, which another thread can be given. They need not be kept. */
export function compileTypes({ types, resources, extensions }: Structures): CompiledTypes {
  const schemas = compileSchemas([...structuresIn(types), ...structuresIn(resources)]);
  return { schemas, extensions: compileExtensions(structuresIn(extensions)) };
}

function structuresIn(bundle: Bundle<StructureDefinition>): readonly StructureDefinition[] {
  return (bundle.entry ?? []).flatMap((e) => e.resource ?? []);
}

/** They build on each other alone. */
function compileExtensions(structures: readonly StructureDefinition[]): ReadonlyMap<string, ProfileRules> {
  const held = new Map(structures.map((s) => [s.url, s]));
  return new Map(structures.map((s) => [s.url, compileRules(s, held)]));
}

/** Compiles the guide, and returns the function that checks a resource against it and R4's types. */
export function createValidator(options: ValidatorOptions): Validator {
  if (options.mode === 'off') return Object.assign(() => [], { knows: () => false });
  const { schemas } = options.types;
  const hooks = options.mode === 'profile' ? profileHooks(options) : r4Hooks(options.types);
  const zone = clock(options.timeZone ?? 'Asia/Shanghai');
  const walkOptions = { schemas, valueSets: options.valueSets, hooks, clock: zone };
  const validate = (resource: Resource, profile?: string): readonly Issue[] => {
    const value: unknown = resource;
    if (!isObject(value)) return [];
    const walk = new ValidationWalk(value, walkOptions);
    const { resourceType } = resource;
    walk.checkResource(value, resourceType, false);
    if (profile === undefined || claimed(value).includes(profile)) return walk.issues.list;
    if (hooks.knows(profile)) hooks.profile(profile, value, resourceType, resourceType, walk);
    else checkCoreType(profile, resourceType, walk);
    return walk.issues.list;
  };
  const held = new Map(
    options.guide.flatMap((r) => (r.resourceType === 'StructureDefinition' ? [[r.url, r] as const] : [])),
  );
  const knows = (profile: string) => {
    const [url = '', version] = profile.split('|');
    const own = hooks.knows(url) ? held.get(url)?.version : schemas.has(coreType(url)) ? '4.0.1' : undefined;
    return own !== undefined && (version === undefined || own === version || own.startsWith(`${version}.`));
  };
  return Object.assign(validate, { knows });
}

/** The type that the URL of one of R4's own structures names. */
function coreType(url: string): string {
  return url.startsWith(CORE) ? withoutVersion(url).slice(CORE.length) : '';
}

function withoutVersion(url: string): string {
  return url.replace(/\|.*$/, '');
}

function checkCoreType(profile: string, found: string, walk: ValidationWalk): void {
  const expected = coreType(profile);
  if (isSubtype(found, expected)) return;
  walk.add(
    issue('wrong-shape', { target: 'resourceType', found, expected: `${expected}, the type of ${profile}` }, found),
  );
}

interface ProfileHooks extends Hooks {
  knows(url: string): boolean;
  /** A resource against a profile that is known; `claim` is what names the profile. */
  profile(url: string, resource: JsonObject, path: string, claim: string, walk: ValidationWalk): void;
}

function r4Hooks({ extensions }: CompiledTypes): ProfileHooks {
  return {
    knows: () => false,
    profile() {},
    resource() {},
    extension(extension, path, _owner, walk) {
      const definition = extensions.get(String(extension.url));
      if (definition !== undefined) checkExtension(definition, extension, path, walk);
    },
  };
}

interface Profile extends ProfileRules {
  readonly type: string;
  /** Where an extension may stand: paths (`Patient.gender`) or types (`Address`). */
  readonly context: readonly string[];
}

function profileHooks({ guide, types, parsed = false }: ValidatorOptions): ProfileHooks {
  const { schemas } = types;
  const held = new Map(guide.flatMap((r) => (r.resourceType === 'StructureDefinition' ? [[r.url, r] as const] : [])));
  const profiles = new Map([...held].map(([url, structure]) => [url, compile(structure, held)]));
  if (!parsed) for (const { rules } of profiles.values()) for (const rule of rules) parseInvariants(rule);
  const ours = guideBases(held.keys());
  const published = r4Hooks(types);
  return {
    knows: (url) => profiles.has(withoutVersion(url)),
    profile(url, resource, path, claim, walk) {
      const profile = profiles.get(withoutVersion(url));
      if (profile === undefined) return;
      if (profile.type !== resource.resourceType) {
        const found = String(resource.resourceType);
        const expected = `${profile.type}, the type of ${url}`;
        walk.add(issue('wrong-shape', { target: 'resourceType', found, expected }, claim));
      } else for (const rule of profile.rules) checkRule(rule, resource, profile.type, path, walk);
    },
    resource(resource, path, walk) {
      for (const [i, url] of claimed(resource).entries()) {
        const claim = `${path}.meta.profile[${i}]`;
        if (this.knows(url)) this.profile(url, resource, path, claim, walk);
        else if (!schemas.has(url.replace(CORE, ''))) {
          walk.add(issue('unknown-profile', { found: url }, claim, 'warning'));
        }
      }
    },
    extension(extension, path, owner, walk) {
      const { url } = extension;
      if (typeof url !== 'string') return;
      const profile = profiles.get(url);
      if (profile === undefined) {
        published.extension(extension, path, owner, walk);
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
  const context = (structure.context ?? []).map((c) => c.expression);
  return { ...compileRules(structure, held), type: structure.type, context };
}

function claimed(resource: JsonObject): readonly string[] {
  const profiles = isObject(resource.meta) ? resource.meta.profile : undefined;
  return Array.isArray(profiles) ? profiles.filter((url) => typeof url === 'string') : [];
}

/** The folders of the guide's own structures: an extension from there that is not held is a slip of the pen. */
function guideBases(urls: Iterable<string>): readonly string[] {
  return [...new Set([...urls].map((url) => url.slice(0, url.lastIndexOf('/') + 1)))];
}
