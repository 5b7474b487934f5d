import type { Resource } from '@medplum/fhirtypes';
import type { JsonObject } from '#fhir/json/object.ts';
import { type ElementType, elementAt } from '#fhir/model/model.ts';
import type { Words } from '../model/entry.ts';
import { hasHan } from '../text/pinyin.ts';
import { wordsOf } from '../text/words.ts';
import { wholeNames } from './names.ts';

/** Of one resource. */
const maxWords = 20_000;
/** Characters that are looked at in one resource. */
const maxCharacters = 1_000_000;

/**
 * What full text search finds a resource by (R4 search.html#content): the words of its texts, names, addresses and displays, and
 * apart those of its narrative; none of ids, references, codes, URLs, dates and data. Identifiers are found by `identifier`
 * alone: their values are left out, and so is what looks like a resident ID number. Undefined if it has no words.
 */
export function contentWords(resource: Resource): Words | undefined {
  const collector = new Collector();
  walk(resource, resource.resourceType, collector);
  return collector.words();
}

class Collector {
  readonly #text = new Set<string>();
  readonly #content = new Set<string>();
  /** Of identifiers: a narrative may repeat them. */
  readonly #numbers = new Set<string>();
  #left = maxCharacters;

  add(text: string, narrative: boolean): void {
    if (this.#left <= 0) return;
    const seen = text.length <= this.#left ? text : text.slice(0, this.#left);
    this.#left -= seen.length;
    for (const word of wordsOf(seen)) {
      if (this.#content.size >= maxWords) return;
      this.#content.add(word);
      if (narrative) this.#text.add(word);
    }
  }

  /** A short one may be a word elsewhere. */
  identifier(value: string): void {
    for (const word of wordsOf(value)) if (word.length >= 6 && /\d/.test(word)) this.#numbers.add(word);
  }

  words(): Words | undefined {
    const [text, content] = [this.#text, this.#content].map((words) =>
      [...words].filter((word) => !idNumber.test(word) && !this.#numbers.has(word)),
    );
    return content === undefined || text === undefined || content.length === 0 ? undefined : { text, content };
  }
}

/** GB 11643, in its form of now and of before 1999. */
const idNumber = /^(?:\d{17}[\dx]|\d{15})$/;

/** What becomes of a value: its words are taken, or those of the elements that the model declares at a path. */
type TextKind = 'nothing' | 'text' | 'narrative' | 'identifier' | { readonly path: string };

const kinds = new Map<string, Map<string, TextKind>>();
const inElement: TextKind = { path: 'Element' };

function kindAt(path: string, key: string): TextKind {
  if (key.startsWith('_')) return inElement;
  const known = kinds.get(path);
  const cached = known?.get(key);
  if (cached !== undefined) return cached;
  const element = elementAt(path, key);
  // Only what R4 declares is kept, whatever keys and types a client makes up.
  if (element === undefined) return 'nothing';
  const kind = kindOf(path, key, element);
  kinds.set(path, (known ?? new Map<string, TextKind>()).set(key, kind));
  return kind;
}

/** Strings that name something rather than say something. */
const names: ReadonlySet<string> = new Set(['reference', 'linkId', 'version', 'expression', 'question', 'unit']);

function kindOf(path: string, key: string, { type, path: inside }: ElementType): TextKind {
  if (type === 'string' || type === 'markdown') {
    if (path === 'Identifier' && key === 'value') return 'identifier';
    return names.has(key) ? 'nothing' : 'text';
  }
  if (type === 'xhtml') return 'narrative';
  return /^(?:[a-z]|System\.)/.test(type) ? 'nothing' : { path: inside };
}

function walk(node: object, path: string, collector: Collector): void {
  if (path === 'HumanName') addWholeName(node, collector);
  for (const key in node) {
    const kind = kindAt(path, key);
    if (kind === 'nothing') continue;
    const value = (node as JsonObject)[key];
    if (Array.isArray(value)) for (const one of value) take(one, kind, collector);
    else take(value, kind, collector);
  }
}

/** The characters of a Chinese name stand together, whatever parts it is given in; those of other names part words anyway. */
function addWholeName(name: object, collector: Collector): void {
  for (const whole of wholeNames(name)) if (hasHan(whole)) collector.add(whole, false);
}

function take(value: unknown, kind: Exclude<TextKind, 'nothing'>, collector: Collector): void {
  if (typeof kind === 'object') {
    if (typeof value !== 'object' || value === null) return;
    const { resourceType } = value as { readonly resourceType?: unknown };
    walk(value, kind.path === 'Resource' ? String(resourceType) : kind.path, collector);
  } else if (typeof value === 'string') {
    if (kind === 'identifier') collector.identifier(value);
    else collector.add(kind === 'narrative' ? plainText(value) : value, kind === 'narrative');
  }
}

const comment = /<!--.*?-->/suy;
const tag = /<\/?([\w:-]*)(?![\w:-])[^"'>]*(?:"[^"]*"[^"'>]*|'[^']*'[^"'>]*)*>/uy;
/** Elements that do not part words. */
const inline =
  /^(?:a|abbr|acronym|b|big|cite|code|dfn|em|font|i|kbd|q|s|samp|small|span|strike|strong|sub|sup|tt|u|var)$/i;

/** The text of a narrative's div. What cannot be read as XHTML ends it. */
function plainText(xhtml: string): string {
  let text = '';
  let from = 0;
  for (let at = xhtml.indexOf('<'); at >= 0; at = xhtml.indexOf('<', from)) {
    text += xhtml.slice(from, at);
    const form = xhtml.startsWith('<!--', at) ? comment : tag;
    form.lastIndex = at;
    const found = form.exec(xhtml);
    if (found === null) return decoded(text);
    if (form === tag && !inline.test(found[1] ?? '')) text += ' ';
    from = form.lastIndex;
  }
  return decoded(text + xhtml.slice(from));
}

const entity = /&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,8}\d{0,2}));/gi;
const named: ReadonlyMap<string, string> = new Map(
  Object.entries({
    amp: '&',
    lt: '<',
    gt: '>',
    quot: '"',
    apos: "'",
    szlig: 'ß',
    aelig: 'æ',
    oelig: 'œ',
    oslash: 'ø',
    eth: 'ð',
    thorn: 'þ',
  }),
);
/** An accent does not count in a word. */
const accented = /^([a-z])(?:acute|grave|circ|uml|tilde|ring|cedil|caron)$/i;

function decoded(text: string): string {
  return text.replace(entity, (_, decimal?: string, hex?: string, name = '') => {
    if (name !== '') return named.get(name.toLowerCase()) ?? accented.exec(name)?.[1] ?? ' ';
    const point = decimal === undefined ? Number(`0x${hex}`) : Number(decimal);
    return point <= 0x10ffff ? String.fromCodePoint(point) : ' ';
  });
}
