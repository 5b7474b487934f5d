/** Splits at an unescaped separator; `\,` `\$` `\|` `\\` stay escaped in the parts (R4 search.html#escaping). What lies
 * beyond `most` parts is not looked at: then there is one part more. */
export function splitEscaped(text: string, separator: ',' | '$' | '|', most = Number.POSITIVE_INFINITY): string[] {
  const parts: string[] = [];
  let from = 0;
  for (let i = 0; i < text.length && parts.length < most; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === separator) {
      parts.push(text.slice(from, i));
      from = i + 1;
    }
  }
  parts.push(text.slice(from));
  return parts;
}

/** Where a part begins in the text that was split. */
export function startOf(parts: readonly string[], index: number): number {
  return parts.slice(0, index).reduce((sum, part) => sum + part.length + 1, 0);
}

/** Where a backslash stands that escapes nothing, which R4 search.html#escaping does not allow; undefined if none does. */
export function strayBackslash(text: string): number | undefined {
  for (let i = text.indexOf('\\'); i >= 0; i = text.indexOf('\\', i + 2)) {
    if (!/[,$|\\]/.test(text[i + 1] ?? '')) return i;
  }
  return undefined;
}

/** What is told of it. */
export const afterBackslash = 'one of , $ | \\ after a backslash';

export function unescapeValue(text: string): string {
  return text.replace(/\\([,$|\\])/g, '$1');
}

/** What was expected of a value with a blank, which in a query a `+` is that was not escaped. */
export function orPlus(found: string, expected: string): string {
  return / /.test(found) ? `${expected}; a + is sent as %2B, since by itself it is a blank` : expected;
}
