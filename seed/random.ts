/** A stream of pseudo-random numbers (sfc32). Integers and divisions only, so that it is the same on every machine. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** An integer in [low, high], both included. */
  int(low: number, high: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** Weights need not add up to 1. */
  weighted<T>(items: readonly (readonly [T, number])[]): T;
  /** A version 4 UUID. */
  uuid(): string;
}

/** The stream that belongs to these labels. Streams of different labels are independent, so that one more draw in one
 * place moves nothing in another. */
export function random(...labels: readonly (string | number)[]): Random {
  const draw = sfc32(hash(labels.join('/')));
  const next = () => draw() / 4294967296;
  const int = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    int,
    chance: (probability) => next() < probability,
    pick: (items) => element(items, int(0, items.length - 1)),
    weighted: (items) => weighted(items, next()),
    uuid: () => uuid([draw(), draw(), draw(), draw()]),
  };
}

function element<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new RangeError(`no element ${index} of ${items.length}`);
  return item;
}

function weighted<T>(items: readonly (readonly [T, number])[], at: number): T {
  let rest = at * items.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [item, weight] of items) {
    if (rest < weight) return item;
    rest -= weight;
  }
  return element(items, items.length - 1)[0];
}

function uuid(words: readonly number[]): string {
  const hex = words.map((word) => word.toString(16).padStart(8, '0')).join('');
  const variant = '89ab'.charAt(Number.parseInt(hex.charAt(16), 16) & 3);
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, variant + hex.slice(17, 20), hex.slice(20)].join(
    '-',
  );
}

/** Four 32-bit words of a text of ASCII labels (the cyrb128 mix). */
function hash(text: string): [number, number, number, number] {
  let [a, b, c, d] = [1779033703, 3144134277, 1013904242, 2773480762];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = b ^ Math.imul(a ^ code, 597399067);
    b = c ^ Math.imul(b ^ code, 2869860233);
    c = d ^ Math.imul(c ^ code, 951274213);
    d = a ^ Math.imul(d ^ code, 2716044179);
  }
  return [a >>> 0, b >>> 0, c >>> 0, d >>> 0];
}

function sfc32([a, b, c, d]: [number, number, number, number]): () => number {
  const draw = () => {
    const sum = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 15; i++) draw();
  return draw;
}
