/** ASCII without white space, and the characters that have one form only. */
const plain = /^[\x21-\x7e\u3400-\u4dbf\u4e00-\u9fff]*$/;

/**
 * The form in which strings are compared: without case, accents and the difference of full and half width, white space
 * collapsed (R4 search.html, string). Chinese characters stay as they are.
 */
export function fold(text: string): string {
  if (plain.test(text)) return text.toLowerCase();
  return text
    .normalize('NFKD')
    .toLowerCase()
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replace(/\s+/g, ' ')
    .trim();
}
