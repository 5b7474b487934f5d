/** Deeper levels stay on one line: blanks before each item could fill the memory. */
const maxIndented = 16;

/** A JSON text with each member and item on a line of its own. Its parts are copied, so that every digit stays. */
export function pretty(json: string): string {
  const parts: string[] = [];
  let depth = 0;
  const line = (): string => (depth > maxIndented ? '' : `\n${'  '.repeat(depth)}`);
  for (let i = 0; i < json.length; i++) {
    const c = json.charAt(i);
    if (c === '"') {
      const end = endOfString(json, i);
      parts.push(json.slice(i, end + 1));
      i = end;
    } else if (c === '{' || c === '[') {
      depth++;
      parts.push(c, line());
    } else if (c === '}' || c === ']') {
      const own = depth-- <= maxIndented;
      parts.push(own ? line() : '', c);
    } else if (c === ',') parts.push(c, line());
    else if (c === ':') parts.push(': ');
    else parts.push(c);
  }
  return parts.join('');
}

/** Where the string that begins at `start` has its closing quote. */
function endOfString(json: string, start: number): number {
  let end = json.indexOf('"', start + 1);
  while (end > 0 && isEscaped(json, end)) end = json.indexOf('"', end + 1);
  return end < 0 ? json.length : end;
}

function isEscaped(json: string, at: number): boolean {
  let backslashes = 0;
  while (json.charAt(at - 1 - backslashes) === '\\') backslashes++;
  return backslashes % 2 === 1;
}
