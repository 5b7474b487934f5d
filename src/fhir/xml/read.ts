import { SaxesParser, type SaxesTagPlain } from 'saxes';
import { fail, issue, type Outcome } from '#errors';
import { mask } from '#resident-numbers';
import { IllFormed, Issues } from '../json/issues.ts';
import { keepDigits } from '../json/json.ts';
import { Frame, isPrimitive } from './frame.ts';
import { type Layout, type LayoutElement, layoutAt, resourceLayout } from './layout.ts';
import { Namespaces, type XmlName } from './names.ts';
import { withNamespace, XHTML, xhtmlOf } from './narrative.ts';

const FHIR = 'http://hl7.org/fhir';

/**
 * Parses the UTF-8 XML of one resource (R4 xml.html) to the value that `parseResource` gives for its JSON. Refuses what is no
 * XML, document types and processing instructions, and what does not stand as R4 defines it, all at once. Error texts tell
 * positions, never contents. `maxDepth` counts the levels of the JSON, and those of a narrative's elements.
 */
export function parseXml(body: Uint8Array, maxDepth: number): Outcome<unknown> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    return fail('invalid-utf8', {});
  }
  if (text.trim() === '') return fail('malformed-xml', { found: 'it is empty' });
  return new XmlReader(text, maxDepth).read();
}

/** Thrown through the parser, which can be stopped in no other way; the issue has been told. */
class Stop extends Error {}

class XmlReader {
  readonly #text: string;
  readonly #maxDepth: number;
  readonly #issues = new Issues();
  readonly #parser = new SaxesParser();
  readonly #namespaces = new Namespaces();
  #root: unknown;
  #frame: Frame | undefined;
  /** How deep it is in a narrative, or in an element that was refused and is passed over; 0 if in neither. */
  #inside = 0;
  /** Where the narrative begins in the text; undefined outside of one. */
  #narrative: number | undefined;
  #addNamespace = false;
  /** A prefix was declared outside of a narrative, so that one may use it. */
  #prefixed = false;

  constructor(text: string, maxDepth: number) {
    this.#text = text;
    this.#maxDepth = maxDepth;
  }

  /** An eighth handler would make V8 treat the parser as a dictionary, and all of this six times slower. */
  read(): Outcome<unknown> {
    const parser = this.#parser;
    parser.on('error', (error) => this.#malformed(described(error)));
    parser.on('doctype', () => this.#malformed('a document type is not allowed'));
    parser.on('processinginstruction', () => this.#malformed('a processing instruction is not allowed'));
    parser.on('opentag', (tag) => this.#open(tag));
    parser.on('closetag', () => this.#close());
    parser.on('text', (text) => this.#characters(text, 'text'));
    parser.on('cdata', (text) => this.#characters(text, 'a CDATA section'));
    let whole = false;
    try {
      parser.write(this.#text).close();
      whole = true;
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
    }
    const [first, ...rest] = this.#issues.list;
    return first === undefined ? this.#root : new IllFormed([first, ...rest], whole ? this.#root : undefined);
  }

  #open(tag: SaxesTagPlain): void {
    const frame = this.#frame;
    const name = this.#namespaces.enter(tag);
    if (name === undefined) this.#malformed('a namespace is not declared as it should be');
    if (frame === undefined) this.#checkDeclaration();
    if (this.#inside > 0) {
      this.#inside++;
      this.#checkDepth((frame?.depth ?? 0) + this.#inside);
      return;
    }
    if (frame !== undefined) frame.filled = true;
    const opened =
      frame?.layout === undefined ? this.#resource(name, frame) : this.#element(name, tag, frame, frame.layout);
    if (opened === undefined) {
      this.#inside = 1;
      return;
    }
    this.#checkDepth(opened.depth);
    this.#frame = opened;
    if (opened.place?.form === 'xhtml') {
      this.#inside = 1;
      this.#narrative = this.#text.lastIndexOf('<', this.#parser.position - 1);
      this.#addNamespace = tag.attributes.xmlns === undefined;
    } else this.#attributes(tag.attributes, opened);
  }

  #checkDeclaration(): void {
    const { version = '1.0', encoding = 'UTF-8' } = this.#parser.xmlDecl;
    if (version !== '1.0') this.#malformed('its version is not 1.0');
    if (!/^utf-8$/i.test(encoding)) this.#malformed('its encoding is not UTF-8');
  }

  /** The root, or what stands in `contained` and the like. */
  #resource({ uri, local }: XmlName, parent: Frame | undefined): Frame | undefined {
    const layout = uri === FHIR ? resourceLayout(local) : undefined;
    if (layout === undefined) {
      const found = `the element ${mask(local).slice(0, 64)}, which is no resource`;
      this.#refuse(found, `a resource of R4, in the namespace ${FHIR}`, parent?.path());
      return undefined;
    }
    if (parent?.content !== undefined) {
      this.#refuse('a second resource', 'one', parent.path());
      return undefined;
    }
    return new Frame(parent, undefined, local, layout);
  }

  #element({ uri, local }: XmlName, tag: SaxesTagPlain, parent: Frame, siblings: Layout): Frame | undefined {
    const place = siblings.get(local);
    if (place === undefined || place.form === 'attribute') {
      const expected = [...siblings.values()].filter((p) => p.form !== 'attribute').map((p) => p.key);
      this.#refuse('an element that is not defined here', `one of ${expected.join(', ')}`, parent.path(local));
      return undefined;
    }
    parent.object();
    if (parent.last !== place) parent.endList();
    const isResource = place.form === 'resource';
    const frame = new Frame(parent, place, place.type, isResource ? undefined : layoutAt(place.path));
    const isDiv = place.form === 'xhtml';
    if (uri !== (isDiv ? XHTML : FHIR) || (isDiv && tag.name !== local)) {
      const expected = isDiv ? `a div with xmlns="${XHTML}" and no prefix` : `the namespace ${FHIR}`;
      this.#refuse('an element of another namespace', expected, frame.path());
      return undefined;
    }
    this.#checkOrder(parent.last, place, frame);
    parent.last = place;
    return frame;
  }

  /** The order of elements matters in XML. */
  #checkOrder(last: LayoutElement | undefined, place: LayoutElement, frame: Frame): void {
    if (last === undefined || last.order < place.order || (last === place && place.isArray)) return;
    if (last.order === place.order) this.#refuse('a second one', 'one at most', frame.path());
    else this.#refuse(`it after ${last.key}`, `it before ${last.key}, as R4 orders them`, frame.path());
  }

  /** `id` of elements, `value` of primitives, `url` of extensions; nothing of resources. */
  #attributes(attributes: Readonly<Record<string, string>>, frame: Frame): void {
    for (const name in attributes) {
      if (name.startsWith('xmlns:')) this.#prefixed = true;
      else if (name !== 'xmlns') this.#attribute(name, attributes[name] ?? '', frame);
    }
  }

  #attribute(name: string, value: string, frame: Frame): void {
    const isValue = name === 'value' && isPrimitive(frame.place);
    if (!isValue && frame.layout?.get(name)?.form !== 'attribute') {
      const defined = [...(frame.layout?.values() ?? [])].filter((p) => p.form === 'attribute').map((p) => p.key);
      const expected = [...defined, ...(isPrimitive(frame.place) ? ['value'] : [])].join(', ') || 'none';
      this.#refuse('an attribute that is not defined here', expected, frame.path(name));
    } else if (value.trim() === '') {
      frame.filled = true;
      this.#refuse('an empty attribute', 'at least one character', isValue ? frame.path() : frame.path(name));
    } else if (isValue) frame.value = value;
    else {
      frame.object()[name] = value;
      this.#checkDepth(frame.depth);
    }
  }

  #characters(text: string, what: string): void {
    const frame = this.#frame;
    if (this.#inside > 0 || frame === undefined || !/[^ \t\r\n]/.test(text)) return;
    frame.filled = true;
    this.#refuse(what, 'elements and attributes alone', frame.path());
  }

  #close(): void {
    this.#namespaces.leave();
    if (this.#inside > 0) {
      this.#inside--;
      if (this.#inside > 0 || this.#narrative === undefined) return;
    }
    const frame = this.#frame;
    if (frame === undefined) return;
    frame.endList();
    const { parent, place, content } = frame;
    this.#frame = parent;
    if (frame.exact && content !== undefined) keepDigits(content);
    if (parent === undefined) {
      this.#root = content;
      return;
    }
    if (frame.exact) parent.exact = true;
    if (place === undefined) parent.content = content;
    else if (place.form === 'xhtml') parent.put(place, this.#div(frame));
    else if (isPrimitive(place)) this.#primitive(parent, place, frame);
    else {
      const expected = place.form === 'resource' ? 'a resource in it' : 'elements in it';
      if (!frame.filled) this.#refuse('an empty element', expected, frame.path());
      parent.put(place, content, frame.exact);
    }
  }

  #primitive(parent: Frame, place: LayoutElement, frame: Frame): void {
    const { value, content, filled } = frame;
    if (value === undefined) {
      if (!filled) this.#refuse('no value', 'the attribute value, or an extension', frame.path());
      parent.put(place, undefined);
    } else if (place.form === 'number') {
      const fault = numberFault(place.type, value);
      if (fault !== undefined) this.#refuse(fault, `a number (${place.type})`, frame.path(), 'bad-text');
      parent.putDigits(place, value.replace(/^\+/, ''));
    } else if (place.form === 'boolean') {
      const known = value === 'true' || value === 'false';
      if (!known) this.#refuse('another value', 'true or false', frame.path(), 'bad-text');
      parent.put(place, value === 'true');
    } else parent.put(place, value);
    if (content !== undefined) parent.putSibling(place, content, frame.exact);
  }

  /** The text as it came, with the namespace if it was declared further out. */
  #div(frame: Frame): string {
    const raw = this.#text.slice(this.#narrative, this.#parser.position);
    this.#narrative = undefined;
    const div = this.#addNamespace ? withNamespace(raw) : raw;
    if (this.#prefixed && xhtmlOf(div) === undefined) {
      this.#refuse('a prefix that is declared outside of the div', 'its declaration in the div', frame.path());
    }
    return div;
  }

  #checkDepth(depth: number): void {
    if (depth <= this.#maxDepth) return;
    this.#issues.add(issue('nesting-too-deep', { expected: this.#maxDepth }));
    throw new Stop();
  }

  #refuse(
    what: string,
    expected: string,
    path: string | undefined,
    code: 'wrong-xml' | 'bad-text' = 'wrong-xml',
  ): void {
    this.#issues.add(issue(code, { found: `${what} ${this.#place()}`, expected }, path));
    if (this.#issues.full) throw new Stop();
  }

  #malformed(what: string): never {
    this.#issues.add(issue('malformed-xml', { found: `${what} ${this.#place()}` }));
    throw new Stop();
  }

  /** The parser tells where it is: at the end of the tag in question. */
  #place(): string {
    return `at line ${this.#parser.line}, column ${this.#parser.column}`;
  }
}

/** The forms of R4's numbers (datatypes.html), which those of JSON are, save for the plus that integers may have. */
function numberFault(type: string, value: string): string | undefined {
  const signed = type === 'integer' || type === 'positiveInt';
  const source = signed ? value.replace(/^\+(?=[1-9])/, '') : value;
  if (!/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(source)) return 'no number';
  return Number.isFinite(Number(source)) ? undefined : 'a number out of range';
}

/** The parser's words without its own position, and without what they quote of the text. */
function described(error: Error): string {
  return error.message
    .replace(/^\d+:\d+: /, '')
    .replace(/: .*$/s, '')
    .replace(/\.$/, '');
}
