import type { SaxesTagPlain } from 'saxes';

/** The name of an element without its prefix, and the namespace that it belongs to. */
export interface XmlName {
  readonly uri: string;
  readonly local: string;
}

const reserved: ReadonlySet<string> = new Set([
  'http://www.w3.org/XML/1998/namespace',
  'http://www.w3.org/2000/xmlns/',
]);

/**
 * The scopes of Namespaces in XML 1.0. A tag costs the same at any depth: the parser's own search from level to level would
 * let a deep narrative hold the server up.
 */
export class Namespaces {
  readonly #uris = new Map([['xml', 'http://www.w3.org/XML/1998/namespace']]);
  /** What each declaration hides, to be restored where its element ends. */
  readonly #hidden: { readonly depth: number; readonly prefix: string; readonly uri: string | undefined }[] = [];
  #depth = 0;

  /** Begins an element. Undefined if a prefix is not declared, or a name or a declaration is not well-formed. */
  enter({ name, attributes }: SaxesTagPlain): XmlName | undefined {
    this.#depth++;
    const prefixed: string[] = [];
    for (const key in attributes) {
      if (key.includes(':')) prefixed.push(key);
      else if (key === 'xmlns' && !this.#declare('', attributes[key] ?? '')) return undefined;
    }
    for (const key of prefixed) {
      if (!key.startsWith('xmlns:')) continue;
      const [prefix, uri = ''] = [key.slice('xmlns:'.length), attributes[key]];
      if (!isPart(prefix) || /^xml(?:ns)?$/.test(prefix) || uri === '' || !this.#declare(prefix, uri)) return undefined;
    }
    return prefixed.length === 0 || this.#areUnique(prefixed) ? this.#resolve(name) : undefined;
  }

  /** Ends the element that began last. */
  leave(): void {
    for (let top = this.#hidden.at(-1); top?.depth === this.#depth; top = this.#hidden.at(-1)) {
      if (top.uri === undefined) this.#uris.delete(top.prefix);
      else this.#uris.set(top.prefix, top.uri);
      this.#hidden.pop();
    }
    this.#depth--;
  }

  #declare(prefix: string, uri: string): boolean {
    this.#hidden.push({ depth: this.#depth, prefix, uri: this.#uris.get(prefix) });
    this.#uris.set(prefix, uri);
    return !reserved.has(uri);
  }

  /** Two prefixes may mean one namespace, and an attribute may stand once. */
  #areUnique(prefixed: readonly string[]): boolean {
    const names = new Set<string>();
    for (const key of prefixed) {
      if (key.startsWith('xmlns:')) continue;
      const name = this.#resolve(key);
      const full = `${name?.uri} ${name?.local}`;
      if (name === undefined || names.has(full)) return false;
      names.add(full);
    }
    return true;
  }

  #resolve(name: string): XmlName | undefined {
    const colon = name.indexOf(':');
    if (colon < 0) return { uri: this.#uris.get('') ?? '', local: name };
    const uri = this.#uris.get(name.slice(0, colon));
    const local = name.slice(colon + 1);
    return uri !== undefined && isPart(local) ? { uri, local } : undefined;
  }
}

/** Whether a name of XML, cut at its colon, leaves a name there. */
function isPart(text: string): boolean {
  return /^(?![-.\d\u00b7\u203f\u2040]|[\u0300-\u036f])[^:]+$/.test(text);
}
