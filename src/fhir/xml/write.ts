import { digitsOf } from '../json/json.ts';
import { isObject, type JsonObject } from '../json/object.ts';
import { type Layout, type LayoutElement, layoutAt, resourceLayout } from './layout.ts';
import { withNamespace, xhtmlOf } from './narrative.ts';

/**
 * The XML of a resource (R4 xml.html), in the order of R4's definitions. What R4 does not define has no place in XML and is left
 * out; a narrative that is no well-formed XHTML is written as plain text.
 */
export function toXml(resource: unknown, pretty = false): string {
  const written = isObject(resource)
    ? resourceXml(resource, ' xmlns="http://hl7.org/fhir"', pretty ? '\n' : '')
    : undefined;
  if (written === undefined) throw new Error('Only resources of R4 are written as XML');
  return `<?xml version="1.0" encoding="UTF-8"?>${written}${pretty ? '\n' : ''}`;
}

/** `indent` stands before each tag: a line break and spaces, or nothing. Undefined if R4 has no such type. */
function resourceXml(resource: JsonObject, attributes: string, indent: string): string | undefined {
  const type = resource.resourceType;
  const layout = typeof type === 'string' ? resourceLayout(type) : undefined;
  return layout && tag(String(type), attributes, membersXml(resource, layout, deeper(indent)), indent);
}

function membersXml(content: JsonObject, layout: Layout, indent: string): string {
  const elements: LayoutElement[] = [];
  for (const key of Object.keys(content)) {
    const place = layout.get(key) ?? (key.startsWith('_') ? layout.get(key.slice(1)) : undefined);
    if (place !== undefined && place.form !== 'attribute' && !elements.includes(place)) elements.push(place);
  }
  elements.sort((a, b) => a.order - b.order);
  return elements.map((place) => placeXml(content, place, indent)).join('');
}

function placeXml(content: JsonObject, place: LayoutElement, indent: string): string {
  const { [place.key]: value, [place.sibling]: sibling } = content;
  if (!Array.isArray(value) && !Array.isArray(sibling)) {
    return itemXml(place, value, digitsOf(content, place.key), sibling, indent);
  }
  const values: readonly unknown[] = Array.isArray(value) ? value : [];
  const siblings: readonly unknown[] = Array.isArray(sibling) ? sibling : [];
  const items: string[] = [];
  for (let i = 0; i < Math.max(values.length, siblings.length); i++) {
    items.push(itemXml(place, values[i], digitsOf(values, i), siblings[i], indent));
  }
  return items.join('');
}

function itemXml(
  place: LayoutElement,
  value: unknown,
  digits: string | undefined,
  sibling: unknown,
  indent: string,
): string {
  const { key, form } = place;
  if (form === 'complex') return isObject(value) ? objectXml(key, '', value, place.path, indent) : '';
  if (form === 'resource') {
    const inner = isObject(value) ? resourceXml(value, '', deeper(indent)) : undefined;
    return inner === undefined ? '' : tag(key, '', inner, indent);
  }
  if (form === 'xhtml') return typeof value === 'string' ? indent + narrative(value) : '';
  const text = digits ?? (isObject(value) || value === undefined || value === null ? '' : String(value));
  const attributes = text === '' ? '' : ` value="${escaped(text)}"`;
  return objectXml(key, attributes, isObject(sibling) ? sibling : {}, place.path, indent);
}

/** Nothing, where there is nothing to tell: elements are never empty. */
function objectXml(name: string, attributes: string, content: JsonObject, path: string, indent: string): string {
  const layout = layoutAt(path);
  if (layout === undefined) throw new Error(`No layout of ${path}`);
  let all = '';
  for (const key of ['id', 'url']) {
    const value = content[key];
    if (typeof value === 'string' && layout.get(key)?.form === 'attribute') all += ` ${key}="${escaped(value)}"`;
  }
  all += attributes;
  const inner = membersXml(content, layout, deeper(indent));
  return all === '' && inner === '' ? '' : tag(name, all, inner, indent);
}

function tag(name: string, attributes: string, inner: string, indent: string): string {
  const start = `${indent}<${name}${attributes}`;
  const end = deeper(indent) === '' ? '' : indent;
  return inner === '' ? `${start}/>` : `${start}>${inner}${end}</${name}>`;
}

/** A line break and two blanks for each level: deeper ones stay on one line, since blanks could fill the memory. */
const longestIndent = 33;

function deeper(indent: string): string {
  return indent === '' || indent.length >= longestIndent ? '' : `${indent}  `;
}

/** The one entity of HTML that is common where it does not belong: XML knows it by its number alone. */
function narrative(div: string): string {
  return xhtmlOf(div) ?? xhtmlOf(div.replaceAll('&nbsp;', '&#160;')) ?? withNamespace(`<div>${escaped(div)}</div>`);
}

/** Also what XML has no way to write. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML forbids
const special = /[&<>"\u0000-\u001f\ufffe\uffff]/;
const everySpecial = new RegExp(special, 'g');

const references: Readonly<Record<string, string | undefined>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/** XML reads plain line breaks and tabs in attributes as spaces, so they are written as references. */
function escaped(text: string): string {
  const whole = text.isWellFormed() ? text : text.toWellFormed();
  return special.test(whole) ? whole.replace(everySpecial, (c) => references[c] ?? '\ufffd') : whole;
}
