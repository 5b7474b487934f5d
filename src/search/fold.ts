const printableAscii = /^[\x21-\x7e]*$/;

/**
 * The form in which strings are compared: without case, accents and the difference of full and half width, white space
 * collapsed (R4 search.html, string). Chinese characters stay as they are.
 */
export function fold(text: string): string {
  if (printableAscii.test(text)) return text.toLowerCase();
  return text
    .normalize('NFKD')
    .toLowerCase()
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replace(/\s+/g, ' ')
    .trim();
}
