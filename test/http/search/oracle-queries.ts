import fc, { type Arbitrary } from 'fast-check';
import type { SearchParameter } from '#fhir/model/definitions.ts';
import { asked, type Feature, maxLinks, oneOf, type Pair, plain, plainKinds, type Search } from './oracle-feature.ts';
import { tokensOf } from './oracle-matching.ts';
import { modifiers } from './oracle-modifiers.ts';
import { prefixes } from './oracle-ranges.ts';
import { reach } from './oracle-reach.ts';
import { concepts, distinct, escaped, samples, tupleSamples } from './oracle-samples.ts';
import { fieldsOf, type World } from './oracle-world.ts';

/** Asked for by other means; `phonetic` goes by an algorithm that R4 leaves open. */
const others: ReadonlySet<string> = new Set(['_id', '_lastUpdated', 'near', 'phonetic', 'pinyin']);

const features: readonly Feature[] = [...plain, ...modifiers, ...reach];
/** For work on one feature after the other. */
const without = (process.env.HUFHIR_TEST_WITHOUT ?? '').split(',');

function isReady(name: string): boolean {
  return !without.includes(name);
}

const ready = features.filter((f) => isReady(f.name));

function seldom<T>(oneIn: number, arbitrary: Arbitrary<T> | undefined): Arbitrary<T | undefined> {
  const nothing = fc.constant(undefined);
  return arbitrary === undefined
    ? nothing
    : fc.oneof({ weight: oneIn - 1, arbitrary: nothing }, { weight: 1, arbitrary });
}

/** Generates searches that the resources of a world can answer. */
export class Queries {
  readonly world: World;
  readonly #known = new Map<string, unknown>();

  constructor(world: World) {
    this.world = world;
  }

  #once<V>(key: string, make: () => V): V {
    if (!this.#known.has(key)) this.#known.set(key, make());
    return this.#known.get(key) as V;
  }

  /** The type's parameters of a kind that some resource has a value of. */
  parameters(type: string, kind: string): readonly SearchParameter[] {
    return this.#once(`${type} ${kind}`, () =>
      [...this.world.definitions.searchParameters(type).values()].filter(
        (p) => p.type === kind && !others.has(p.code) && (kind === 'composite' || this.samples(type, p).length > 0),
      ),
    );
  }

  samples(type: string, p: SearchParameter): readonly string[] {
    return this.#once(`${type} ${p.url}`, () => samples(this.world, type, p));
  }

  tuples(type: string, p: SearchParameter): readonly Arbitrary<Pair>[] {
    const parts = tupleSamples(this.world, type, p);
    return parts.length === 0
      ? []
      : [fc.tuple(...parts.map((texts) => fc.constantFrom(...texts))).map((tuple): Pair => [p.code, tuple.join('$')])];
  }

  /** Whether `name` searches people's names. */
  hasNames(type: string): boolean {
    const name = this.world.parameter(type, 'name');
    return (
      name !== undefined && this.world.ofType(type).some((r) => this.world.values(r, name)[0]?.type === 'HumanName')
    );
  }

  isCoded(type: string, p: SearchParameter): boolean {
    return concepts(this.world, type, p).coded;
  }

  typedIdentifiers(type: string, p: SearchParameter): string[] {
    const { identified } = concepts(this.world, type, p);
    return distinct(
      identified.flatMap((i) =>
        tokensOf({ value: i.type, type: 'CodeableConcept' })
          .filter((t) => t.system !== '')
          .flatMap((t) => ['1', '12', '3'].map((value) => `${t.system}|${escaped(t.code)}|${value}`)),
      ),
    );
  }

  referenceIdentifiers(type: string, p: SearchParameter): string[] {
    const values = this.world.ofType(type).flatMap((r) => this.world.values(r, p));
    const tokens = values.flatMap((v) => tokensOf({ value: fieldsOf(v.value).identifier, type: 'Identifier' }));
    return distinct(tokens.flatMap(({ system, code }) => [escaped(code), `${system}|${escaped(code)}`, `${system}|`]));
  }

  /** The types that the parameter leads to in these resources. */
  targets(type: string, p: SearchParameter): string[] {
    return this.#once(`${type} -> ${p.url}`, () =>
      distinct(this.world.ofType(type).flatMap((r) => this.world.targets(r, p).map((t) => t.resourceType))),
    );
  }

  leadsTo(type: string, p: SearchParameter, target: string): boolean {
    return this.targets(type, p).includes(target);
  }

  /** The types and parameters that refer to a type. */
  referrers(type: string): readonly { readonly from: string; readonly code: string }[] {
    return this.#once(`-> ${type}`, () =>
      this.world.types.flatMap((from) =>
        this.parameters(from, 'reference')
          .filter((p) => this.leadsTo(from, p, type))
          .map(({ code }) => ({ from, code })),
      ),
    );
  }

  /** Dates of every precision around the resources' own. */
  updates(type: string): string[] {
    const own = this.world.ofType(type).map((r) => r.meta?.lastUpdated ?? '');
    const texts = distinct(own.flatMap((t) => [t, t.slice(0, 10), t.slice(0, 4), `${t.slice(0, 19)}Z`]));
    return texts.flatMap((t) => [t, ...prefixes.filter((p) => p !== 'ap').map((p) => `${p}${t}`)]);
  }

  /** One criterion on a type, with chains and `_has` of so many links at most. */
  criterion(type: string, links: number): Arbitrary<Pair> {
    return this.#once(`criterion ${type} ${links}`, () => {
      const weighted = ready.flatMap(({ weight, of }) => {
        const arbitrary = of(this, type, links);
        return arbitrary === undefined ? [] : [{ weight, arbitrary }];
      });
      return fc.oneof(...weighted);
    });
  }

  search(): Arbitrary<Search> {
    const counts = fc.oneof(
      { weight: 6, arbitrary: fc.constant(1000) },
      { weight: 1, arbitrary: fc.constantFrom(50, 7, 3) },
    );
    const shape = {
      count: counts,
      post: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    };
    const ofType = fc.constantFrom(...this.world.types).chain((type) =>
      fc.record({
        ...shape,
        types: fc.constant([type]),
        pairs: fc.array(this.criterion(type, maxLinks), { maxLength: 3, size: 'max' }),
        sort: seldom(3, this.#sort(type)),
        compartment: seldom(9, this.#compartment(type)),
      }),
    );
    const ofTypes = fc
      .uniqueArray(fc.constantFrom(...this.world.types), { minLength: 2, maxLength: 4 })
      .chain((types) => {
        const shared = ['_tag', '_profile', '_security', '_source'];
        const pairs = shared.flatMap((code) => {
          const texts = types.flatMap((type) =>
            this.parameters(type, 'token')
              .concat(this.parameters(type, 'uri'))
              .flatMap((p) => (p.code === code ? this.samples(type, p) : [])),
          );
          return asked(code, texts);
        });
        const all = [...pairs, ...asked('_id', ['r0', 'r1', 'r2', 'r20'])];
        return fc.record({
          ...shape,
          types: fc.constant(types),
          pairs: fc.array(fc.oneof(...all), { maxLength: 2 }),
          sort: fc.constantFrom(undefined, '_id', '-_lastUpdated'),
        });
      });
    return fc.oneof(
      { weight: 60, arbitrary: ofType },
      ...(isReady('_type') ? [{ weight: 2, arbitrary: ofTypes }] : []),
      ...(isReady('_contained') ? [{ weight: 4, arbitrary: this.#inContainers(shape) }] : []),
    );
  }

  /** For the types that some resource contains: plain criteria, which the entries of a contained resource decide. */
  #inContainers(shape: { readonly count: Arbitrary<number>; readonly post: Arbitrary<boolean> }): Arbitrary<Search> {
    const all = this.world.types.flatMap((type) => this.world.ofType(type).flatMap((r) => this.world.contained(r)));
    return fc.constantFrom(...new Set(all.map((r) => r.resourceType))).chain((type) => {
      const criteria = [...plain, ...modifiers]
        .filter(({ name }) => isReady(name))
        .flatMap(({ of }) => of(this, type, 0) ?? []);
      return fc.record({
        ...shape,
        types: fc.constant([type]),
        contained: fc.constant(true),
        pairs: fc.array(fc.oneof(...criteria), { maxLength: 2 }),
        sort: fc.constantFrom(undefined, '_id', '-_lastUpdated'),
      });
    });
  }

  /** Of the Patients, for the types that have a place there. */
  #compartment(type: string): Arbitrary<string> | undefined {
    const { definitions } = this.world;
    const has = type === 'Patient' || definitions.patientCompartment(type).length > 0;
    return isReady('compartment') && has ? oneOf(this.world.ofType('Patient').map((p) => p.id)) : undefined;
  }

  #sort(type: string): Arbitrary<string> {
    const codes = [
      ...plainKinds.flatMap((kind) => this.parameters(type, kind)).map((p) => p.code),
      '_id',
      '_lastUpdated',
    ];
    const key = fc.record({ sign: fc.constantFrom('', '-'), code: fc.constantFrom(...new Set(codes)) });
    const keys = fc.uniqueArray(key, { minLength: 1, maxLength: 2, selector: ({ code }) => code });
    return keys.map((all) => all.map(({ sign, code }) => `${sign}${code}`).join(','));
  }
}
