const grouped = (number: string, by: string) => number.replace(/^(\d{6})(\d+)(....)$/, `$1${by}$2${by}$3`);
const each = (number: string, change: (sign: string) => string) => [...number].map(change).join('');
const script = (zero: number) => (sign: string) => (/\d/.test(sign) ? String.fromCodePoint(zero + Number(sign)) : sign);

/** A resident ID number in the ways in which people and programs may write it. */
export function spellings(number: string): Readonly<Record<string, string>> {
  return {
    'as it is': number,
    'in lower case': number.toLowerCase(),
    hyphens: grouped(number, '-'),
    blanks: grouped(number, ' '),
    'ideographic spaces': grouped(number, '\u3000'),
    'non-breaking spaces': grouped(number, '\u00a0'),
    'zero-width spaces': grouped(number, '\u200b'),
    'zero-width non-joiners': grouped(number, '\u200c'),
    'soft hyphens': grouped(number, '\u00ad'),
    'en dashes': grouped(number, '\u2013'),
    'minus signs': grouped(number, '\u2212'),
    'middle dots': grouped(number, '\u00b7'),
    dots: grouped(number, '.'),
    underscores: grouped(number, '_'),
    slashes: grouped(number, '/'),
    'a hyphen between all': each(number, (sign) => `${sign}-`).slice(0, -1),
    'full width': each(number, (sign) => String.fromCodePoint((sign.codePointAt(0) ?? 0) + 0xfee0)),
    'Arabic digits': each(number, script(0x0660)),
    'Devanagari digits': each(number, script(0x0966)),
    'mathematical digits': each(number, script(0x1d7ce)),
    'a Roman ten': number.replace('X', 'Ⅹ'),
    'percent escapes': each(number, (sign) =>
      encodeURIComponent(sign).replace(/^.$/, (c) => `%${c.charCodeAt(0).toString(16)}`),
    ),
    'percent escapes of full width': each(number, (sign) =>
      encodeURIComponent(String.fromCodePoint((sign.codePointAt(0) ?? 0) + 0xfee0)),
    ),
    'JSON escapes': each(number, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`),
    'XML escapes': each(number, (sign) => `&#${sign.charCodeAt(0)};`),
  };
}
