import { xhtmlOf } from '#fhir/xml/narrative.ts';

const root = /^\s*<div[\s>/]/;
const element = /^<\s*(?:script|form|iframe|object|embed|base|link|head|body|frame|frameset)\b/i;
/** Its prefix may stand for XHTML too, and hide the name of an element. */
const prefixed = /^<[^\s/>:!]+:/;
const handler = /[\s"'/]on[a-z]+\s*=/i;
const character = /&#(x[0-9a-f]{1,8}|\d{1,8});?/gi;

/**
 * One well-formed div of XHTML (R4 narrative.html) that says or shows something (txt-2) and that nothing runs from: no script,
 * form, frame, handler or element with a prefix. `&nbsp;` is taken, though XML does not know it: many writers send it.
 */
export function isNarrative(xhtml: string): boolean {
  if (!root.test(xhtml) || xhtmlOf(xhtml.trim().replaceAll('&nbsp;', '&#160;')) === undefined) return false;
  let shows = false;
  let from = 0;
  for (let at = xhtml.indexOf('<'); at >= 0; at = xhtml.indexOf('<', from)) {
    const end = tagEnd(xhtml, at);
    const tag = xhtml.slice(at, end);
    if (isActive(tag)) return false;
    shows ||= /^<img\b/i.test(tag) || /\S/.test(xhtml.slice(from, at));
    from = end;
  }
  return shows || /\S/.test(xhtml.slice(from));
}

/** Where the tag that begins at `at` ends; a `>` in a quoted value does not end it. Comments are read like the rest. */
function tagEnd(xhtml: string, at: number): number {
  if (xhtml.startsWith('<!--', at)) return at + 4;
  let quote = '';
  for (let i = at + 1; i < xhtml.length; i++) {
    const c = xhtml.charAt(i);
    if (quote !== '') quote = c === quote ? '' : quote;
    else if (c === '"' || c === "'") quote = c;
    else if (c === '>') return i + 1;
  }
  return xhtml.length;
}

/** Browsers read `java&#115;cript:` and `java script:` as they read `javascript:`. */
function isActive(tag: string): boolean {
  if (element.test(tag) || prefixed.test(tag) || handler.test(tag)) return true;
  return /javascript:/i.test(
    tag
      .replace(character, decoded)
      .replace(/&colon;/g, ':')
      .replace(/\s+/g, ''),
  );
}

function decoded(_: string, code: string): string {
  const point = Number(code.startsWith('x') || code.startsWith('X') ? `0${code}` : code);
  return point <= 0x10ffff ? String.fromCodePoint(point) : '';
}
