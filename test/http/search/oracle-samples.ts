import type { SearchParameter } from '#fhir/model/definitions.ts';
import { quantityOf, stringsOf, tokensOf } from './oracle-matching.ts';
import { prefixes } from './oracle-ranges.ts';
import * as words from './oracle-words.ts';
import { fieldsOf, type World } from './oracle-world.ts';

/** Puts a backslash before what would separate values. */
export function escaped(text: string): string {
  return text.replace(/[\\,|$]/g, String.raw`\$&`);
}

function valuesOf(world: World, type: string, parameter: SearchParameter) {
  return world.ofType(type).flatMap((r) => world.values(r, parameter));
}

const withPrefixes = (texts: readonly string[]): string[] =>
  texts.flatMap((text) => [text, ...prefixes.map((p) => `${p}${text}`)]);

const numberTexts = [...words.numbers.map(String), '7.0', '7.00', '5.40', '1e2', '1.0e2', '7e3', '5e-1', '0'];

function tokenTexts(world: World, type: string, parameter: SearchParameter): string[] {
  const values = valuesOf(world, type, parameter);
  const systemless = values.every((v) => ['boolean', 'ContactPoint', 'string', 'uri'].includes(v.type));
  return values.flatMap(tokensOf).flatMap(({ system, code }) => {
    const [s, c] = [escaped(system ?? ''), escaped(code)];
    // R4 allows no | for some types; the case of strings does not count.
    if (system === undefined || systemless) return [c, ...(values[0]?.type === 'string' ? [c.toUpperCase()] : [])];
    return s === '' ? [c, `|${c}`] : [c, `${s}|${c}`, `${s}|`, `|${c}`];
  });
}

/** Whole, cut, and in another case. In Latin at least three letters from the middle, since readings of Chinese are Latin too. */
function stringTexts(world: World, type: string, parameter: SearchParameter): string[] {
  const found = valuesOf(world, type, parameter).flatMap(stringsOf);
  return found.flatMap((s) => {
    const characters = [...s];
    const starts = [1, 2, 4].map((n) => characters.slice(0, n).join(''));
    const inner = /^[ -ɏ]+$/.test(s) ? characters.slice(1, 4) : characters.slice(1, 2);
    return [
      s,
      s.toUpperCase(),
      s.toLowerCase(),
      ...starts,
      inner.length === 3 || !/^[ -ɏ]*$/.test(s) ? inner.join('') : s,
    ]
      .map((t) => t.trim())
      .filter((t) => t !== '')
      .map(escaped);
  });
}

function quantityTexts(world: World, type: string, parameter: SearchParameter): string[] {
  const found = valuesOf(world, type, parameter).flatMap((v) => quantityOf(v) ?? []);
  const units = found.flatMap(({ system, code, unit }) => {
    const named = [code, unit].filter((u) => u !== '').map((u) => `||${escaped(u)}`);
    const any = `|${escaped(system)}`;
    return system === '' ? named : [...named, any, `${any}|`, `${any}|${escaped(code)}`];
  });
  const every = [
    ...new Set([
      '',
      '|',
      '||',
      ...units,
      ...['mmol/L', 'umol/L', 'g', 'm', 'K', 'mgx'].map((u) => `|http://unitsofmeasure.org|${u}`),
    ]),
  ];
  return numberTexts.flatMap((n) => every.map((unit) => `${n}${unit}`));
}

function uriTexts(world: World, type: string, parameter: SearchParameter): string[] {
  const found = valuesOf(world, type, parameter).flatMap(({ value }) => (typeof value === 'string' ? [value] : []));
  const all = [...found, ...words.uris];
  return [...all, ...all.map((u) => u.replace(/\|.*/s, ''))].map(escaped);
}

function referenceTexts(world: World, type: string, parameter: SearchParameter): string[] {
  const found = valuesOf(world, type, parameter);
  const texts = found.flatMap((v): string[] => {
    const target = world.target(v, parameter);
    const text = fieldsOf(v.value).reference ?? v.value;
    const written = typeof text === 'string' && !text.startsWith('#') ? [escaped(text)] : [];
    if (target === undefined) return written;
    const local = `${target.type}/${target.id}`;
    return [...written, target.id, local, `${world.base}/${local}`, `${local}/_history/1`];
  });
  return [...texts, 'r1', 'r99'];
}

/** Values to ask a parameter for, out of what the resources have and what is near it; none if it has no value anywhere. */
export function samples(world: World, type: string, parameter: SearchParameter): string[] {
  if (parameter.type === 'composite' || valuesOf(world, type, parameter).length === 0) return [];
  switch (parameter.type) {
    case 'token':
      return distinct([...tokenTexts(world, type, parameter), 'nope']);
    case 'string':
      return distinct(stringTexts(world, type, parameter));
    case 'date':
      return withPrefixes(words.searchedMoments);
    case 'number':
      return withPrefixes(numberTexts);
    case 'quantity':
      return withPrefixes(quantityTexts(world, type, parameter));
    case 'uri':
      return distinct(uriTexts(world, type, parameter));
    case 'reference':
      return distinct(referenceTexts(world, type, parameter));
    default:
      return [];
  }
}

/** Values of a composite: one of each component, found together or not. */
export function tupleSamples(world: World, type: string, parameter: SearchParameter): string[][] {
  const parts = parameter.components.map((component, i): string[] => {
    const found = world.ofType(type).flatMap((r) => world.tuples(r, parameter).flatMap((tuple) => tuple[i] ?? []));
    switch (component.parameter.type) {
      case 'token':
        return distinct(
          found
            .flatMap(tokensOf)
            .flatMap(({ system, code }) => [escaped(code), `${escaped(system ?? '')}|${escaped(code)}`]),
        );
      case 'string':
        return distinct(found.flatMap(stringsOf).flatMap((s) => [escaped(s), escaped([...s].slice(0, 2).join(''))]));
      case 'date':
        return withPrefixes(words.searchedMoments);
      case 'quantity':
        return withPrefixes(numberTexts.flatMap((n) => [n, `${n}|http://unitsofmeasure.org|umol/L`, `${n}||kg`]));
      default:
        return [];
    }
  });
  return parts.every((texts) => texts.length > 0) ? parts : [];
}

/** The tokens of a parameter that have a system, and the texts that go with them. */
export function concepts(world: World, type: string, parameter: SearchParameter) {
  const values = valuesOf(world, type, parameter);
  return {
    coded: values.some((v) => v.type === 'CodeableConcept' || v.type === 'Coding'),
    identified: values.filter((v) => v.type === 'Identifier').map((v) => fieldsOf(v.value)),
  };
}

export function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].filter((t) => t !== '' && t !== '|').sort();
}
