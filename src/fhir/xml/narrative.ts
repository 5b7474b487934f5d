import { SaxesParser } from 'saxes';
import { limits } from '#limits';
import { Namespaces } from './names.ts';

export const XHTML = 'http://www.w3.org/1999/xhtml';

/** Each level costs memory. */
const maxDepth = limits['narrative-depth'].most;

/** Thrown through the parser, which can be stopped in no other way. */
class NotXhtml extends Error {}

/**
 * A narrative's div as it may stand in an XML document: as it is, with the namespace added where it names none (R4
 * narrative.html). Undefined if it is not one well-formed div of XHTML that can stand anywhere.
 */
export function xhtmlOf(div: string): string | undefined {
  const parser = new SaxesParser();
  const namespaces = new Namespaces();
  let depth = 0;
  let named = true;
  const refuse = (): never => {
    throw new NotXhtml();
  };
  for (const event of ['error', 'xmldecl', 'doctype', 'processinginstruction'] as const) parser.on(event, refuse);
  // One before the div would be taken for it where the namespace is added.
  parser.on('comment', () => {
    if (depth === 0) refuse();
  });
  parser.on('opentag', (tag) => {
    const name = namespaces.enter(tag);
    if (name === undefined || ++depth > maxDepth) return refuse();
    if (depth > 1) return;
    named = name.uri === XHTML;
    if (tag.name !== 'div' || !(named || tag.attributes.xmlns === undefined)) refuse();
  });
  parser.on('closetag', () => {
    namespaces.leave();
    depth--;
  });
  try {
    parser.write(div).close();
  } catch (error) {
    if (error instanceof NotXhtml) return undefined;
    throw error;
  }
  return named ? div : withNamespace(div);
}

/** Puts the namespace into the first tag, which is a div's. */
export function withNamespace(div: string): string {
  return div.replace(/<div(?=[\s/>])/, `<div xmlns="${XHTML}"`);
}
