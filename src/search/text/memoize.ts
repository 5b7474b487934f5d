/** The most results kept of one function; then it begins anew. */
const maxKept = 10_000;
/** Longer texts hardly come twice. */
const maxLength = 64;

/** Remembers what a function of a text gave: names and displays repeat from resource to resource. */
export function memoizeText<V>(make: (text: string) => V): (text: string) => V {
  const known = new Map<string, V>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const made = make(text);
    if (text.length > maxLength) return made;
    if (known.size >= maxKept) known.clear();
    known.set(text, made);
    return made;
  };
}
