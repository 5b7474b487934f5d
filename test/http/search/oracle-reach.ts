import fc, { type Arbitrary } from 'fast-check';
import { any, asked, each, type Feature, maxLinks, oneOf, type Pair } from './oracle-feature.ts';
import { filterText } from './oracle-filter-text.ts';
import * as words from './oracle-words.ts';

/** Composites, chains and the parameters that are no element of the type. */
export const reach: readonly Feature[] = [
  { name: 'composite', weight: 3, of: each('composite', (q, t, p) => q.tuples(t, p)) },
  {
    name: 'chain',

    weight: 6,
    of: (q, type, links) => {
      const steps =
        links === 0
          ? []
          : q.parameters(type, 'reference').flatMap((p) => q.targets(type, p).map((target) => ({ p, target })));
      return oneOf(steps)?.chain(({ p, target }) =>
        fc
          .tuple(fc.boolean(), q.criterion(target, links - 1))
          .map(([typed, [name, value]]): Pair => [`${p.code}${typed ? `:${target}` : ''}.${name}`, value]),
      );
    },
  },
  {
    name: '_has',

    weight: 5,
    of: (q, type, links) =>
      (links === 0 ? undefined : oneOf(q.referrers(type)))?.chain(({ from, code }) =>
        q.criterion(from, links - 1).map(([name, value]): Pair => [`_has:${from}:${code}:${name}`, value]),
      ),
  },
  {
    name: '_id',

    weight: 1,
    of: (q, type) => any(asked('_id', [...q.world.ofType(type).map((r) => r.id), 'none'])),
  },
  { name: '_lastUpdated', weight: 1, of: (q, type) => any(asked('_lastUpdated', q.updates(type))) },
  {
    name: '_list',

    weight: 1,
    of: (q, type, links) =>
      links < maxLinks
        ? undefined
        : any(
            q.world.ofType(type).length === 0
              ? []
              : [fc.constantFrom(...q.world.ofType('List')).map((l): Pair => ['_list', l.id])],
          ),
  },
  {
    name: '_text',

    weight: 1,
    of: (_q, _type, links) =>
      links < maxLinks
        ? undefined
        : any(fullText.map((text): Arbitrary<Pair> => fc.constantFrom<Pair>(['_text', text], ['_content', text]))),
  },
  {
    name: 'near',

    weight: 20,
    of: (_q, type) => (type === 'Location' ? oneOf(places.map((p): Pair => ['near', p])) : undefined),
  },
  {
    name: '_filter',

    weight: 4,
    of: (q, type, links) => (links < maxLinks ? undefined : filterText(q, type).map((text): Pair => ['_filter', text])),
  },
];

export const fullText = [...words.rareWords, '麟', '角', 'quartz 麒麟', 'OBSIDIAN', 'quar'];
export const places = [
  '31.3|121.5|3|km',
  '31.3|121.5|3.3',
  '31.25|121.45|5000|m',
  '31.2|121.4|0.7',
  '0|0|1',
  '31.305|121.505|10|km',
];
