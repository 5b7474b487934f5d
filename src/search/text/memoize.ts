import { LRUCache } from 'lru-cache';

/** The most results kept of one function. */
const max = 10_000;
/** Longer texts hardly come twice. */
const maxLength = 64;

/** Remembers what a function of a text gave: names and displays repeat from resource to resource. */
export function memoizeText<V>(make: (text: string) => V): (text: string) => V {
  // Made when it is first asked for: the cache takes its room at once, and an idle server needs few of them.
  let known: LRUCache<string, V & {}> | undefined;
  return (text) => {
    if (text.length > maxLength) return make(text);
    known ??= new LRUCache({ max });
    const found = known.get(text);
    if (found !== undefined) return found;
    const made = make(text);
    if (made !== undefined && made !== null) known.set(text, made);
    return made;
  };
}
