import fc, { type Arbitrary } from 'fast-check';
import { plainKinds } from './oracle-feature.ts';
import { conceptTexts, isLong } from './oracle-modifiers.ts';
import { askedWholes } from './oracle-names.ts';
import type { Queries } from './oracle-queries.ts';
import { prefixes } from './oracle-ranges.ts';
import * as words from './oracle-words.ts';

/** A `_filter`: comparisons joined by `and`, `or` and `not`, now and then without parentheses. */
export function filterText(queries: Queries, type: string): Arbitrary<string> {
  const simple = fc.oneof(...comparisons(queries, type));
  const { tree } = fc.letrec<{ tree: string }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      simple,
      fc.tuple(tie('tree'), fc.constantFrom('and', 'or'), tie('tree')).map(([a, op, b]) => `(${a} ${op} ${b})`),
      fc
        .tuple(simple, fc.constantFrom('and', 'or'), simple, fc.constantFrom('and', 'or'), simple)
        .map((parts) => parts.join(' ')),
      tie('tree').map((inner) => `not (${inner})`),
    ),
  }));
  return tree;
}

function comparisons(queries: Queries, type: string): Arbitrary<string>[] {
  const made: Arbitrary<string>[] = [];
  const add = (code: string, ops: readonly string[], texts: readonly string[]): void => {
    if (texts.length > 0)
      made.push(
        fc.tuple(fc.constantFrom(...ops), fc.constantFrom(...texts)).map(([op, text]) => `${code} ${op} ${text}`),
      );
  };
  const quoted = (texts: readonly string[]) => texts.filter((t) => !/[\\$,]/.test(t)).map((t) => JSON.stringify(t));
  const own = (kind: string) => queries.parameters(type, kind);
  for (const p of own('string')) add(p.code, ['eq', 'co', 'sw', 'ew'], quoted(queries.samples(type, p).filter(isLong)));
  if (queries.hasNames(type)) add('name', ['eq', 'co', 'sw', 'ew'], quoted(askedWholes));
  for (const p of own('token')) {
    add(
      p.code,
      ['eq'],
      queries.samples(type, p).filter((t) => !/[\\$,\s()[\]"]|^\||\|$/.test(t)),
    );
    if (queries.isCoded(type, p)) {
      add(p.code, ['in', 'ni'], Object.values(words.valueSets));
      add(p.code, ['ss', 'sb'], conceptTexts);
    }
  }
  for (const p of own('date')) add(p.code, prefixes, words.searchedMoments);
  for (const p of own('number')) add(p.code, prefixes, words.numbers.map(String));
  for (const p of own('reference'))
    add(
      p.code,
      ['re'],
      queries.samples(type, p).filter((t) => t.includes('/') && !/[\\$,|\s]/.test(t)),
    );
  for (const p of plainKinds.flatMap(own)) add(p.code, ['pr'], ['true', 'false']);
  for (const p of own('reference')) {
    if (queries.leadsTo(type, p, 'Patient')) add(`${p.code}.gender`, ['eq'], ['male', 'female']);
    if (queries.leadsTo(type, p, 'Patient')) add(`${p.code}.address-city`, ['eq', 'sw'], ['"Uppsala"', '"上海"']);
  }
  return made;
}
