/** A character, an escape, a class or a dot, with a quantifier behind it or none. */
const atom = /^(?:\\[^\d]|\\d|\[\^?\]?(?:\\.|[^\]\\])+\]|[^\\[\](){}*+?|^$])(\*|\+|\?|\{\d{1,2}(?:,\d{0,2})?\})?/u;

/**
 * A regular expression of a client, for whole values; undefined if matching it could take longer than in proportion to the
 * value, or if it is none. Understood: alternatives without groups, each with at most one part that repeats freely.
 */
export function compilePattern(text: string): RegExp | undefined {
  const plain = text.replace(/^\^/, '').replace(/(?<!\\)\$$/, '');
  if (plain.length > 1_000 || !alternatives(plain).every(isLinear)) return undefined;
  try {
    return new RegExp(`^(?:${plain})$`, 'u');
  } catch {
    return undefined;
  }
}

function alternatives(text: string): readonly string[] {
  return text.match(/(?:\\.|\[(?:\\.|[^\]\\])*\]|[^|])+/gsu) ?? [];
}

function isLinear(text: string): boolean {
  let variable = 0;
  for (let rest = text; rest !== ''; ) {
    const [part, quantifier] = atom.exec(rest) ?? [];
    if (part === undefined) return false;
    if (quantifier !== undefined && !/^\{\d+\}$/.test(quantifier)) variable++;
    rest = rest.slice(part.length);
  }
  return variable <= 1;
}
