import { any, asked, each, type Feature, oneOf, type Pair, plainKinds } from './oracle-feature.ts';
import { implied } from './oracle-matching.ts';
import { askedReadings, askedWholes } from './oracle-names.ts';
import { escaped } from './oracle-samples.ts';
import * as words from './oracle-words.ts';

/** The modifiers of R4 search.html#modifiers. */
export const modifiers: readonly Feature[] = [
  {
    name: ':missing',

    weight: 3,
    of: (q, type) =>
      oneOf(
        plainKinds
          .flatMap((k) => q.parameters(type, k))
          .flatMap(({ code }) => ['true', 'false'].map((v): Pair => [`${code}:missing`, v])),
      ),
  },
  {
    name: 'pinyin',
    weight: 2,
    of: (q, type) => (q.hasNames(type) ? any(asked('name', askedReadings)) : undefined),
  },
  {
    name: 'whole names',
    weight: 3,
    of: (q, type) =>
      q.hasNames(type) ? any(['name', 'name:contains'].flatMap((name) => asked(name, askedWholes))) : undefined,
  },
  {
    name: 'implied system',
    weight: 2,
    of: each('token', (q, t, p) => {
      const system = implied[p.url];
      const texts = system === undefined ? [] : q.samples(t, p);
      return asked(
        p.code,
        texts.flatMap((code) => [`${system}|${code}`, `${words.systems[0]}|${code}`, `${system}|`]),
      );
    }),
  },
  {
    name: ':exact',

    weight: 1,
    of: each('string', (q, t, p) => asked(`${p.code}:exact`, q.samples(t, p))),
  },
  {
    name: ':contains',

    weight: 1,
    of: each('string', (q, t, p) => asked(`${p.code}:contains`, q.samples(t, p).filter(isLong))),
  },
  { name: ':not', weight: 2, of: each('token', (q, t, p) => asked(`${p.code}:not`, q.samples(t, p))) },
  {
    name: ':text',

    weight: 2,
    of: each('token', (q, t, p) =>
      asked(`${p.code}:text`, q.isCoded(t, p) ? words.displays.flatMap((d) => [escaped(d), d.slice(0, 2)]) : []),
    ),
  },
  {
    name: ':in',

    weight: 2,
    of: each('token', (q, t, p) =>
      q.isCoded(t, p) ? ['in', 'not-in'].flatMap((m) => asked(`${p.code}:${m}`, Object.values(words.valueSets))) : [],
    ),
  },
  {
    name: ':above and :below of codes',

    weight: 2,
    of: each('token', (q, t, p) =>
      q.isCoded(t, p) ? ['above', 'below'].flatMap((m) => asked(`${p.code}:${m}`, conceptTexts)) : [],
    ),
  },
  {
    name: ':of-type',

    weight: 1,
    of: each('token', (q, t, p) => asked(`${p.code}:of-type`, q.typedIdentifiers(t, p))),
  },
  {
    name: ':above and :below of uris',

    weight: 2,
    of: each('uri', (_q, _t, p) => ['above', 'below'].flatMap((m) => asked(`${p.code}:${m}`, words.uris.slice(0, 5)))),
  },
  {
    name: ':above and :below of places',

    weight: 1,
    of: each('reference', (q, t, p) =>
      ['Location', 'Organization']
        .filter((target) => q.leadsTo(t, p, target))
        .flatMap((target) =>
          ['above', 'below'].flatMap((m) =>
            asked(
              `${p.code}:${m}`,
              q.world.ofType(target).map((r) => `${target}/${r.id}`),
            ),
          ),
        ),
    ),
  },
  {
    name: ':[type]',

    weight: 1,
    of: each('reference', (q, t, p) =>
      p.targets
        .filter((target) => q.leadsTo(t, p, target))
        .flatMap((target) => asked(`${p.code}:${target}`, ['r0', 'r1', 'r2', 'r3', `${target}/r4`])),
    ),
  },
  {
    name: ':identifier',

    weight: 1,
    of: each('reference', (q, t, p) => asked(`${p.code}:identifier`, q.referenceIdentifiers(t, p))),
  },
];

export const conceptTexts = Object.entries(words.parents).flatMap(([system, tree]) =>
  Object.keys(tree).map((code) => `${system}|${code}`),
);

export function isLong(text: string): boolean {
  return text.length > 2 || /[^ -ɏ]/.test(text);
}
