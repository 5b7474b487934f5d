/**
 * How much a test does that repeats its work: its short form, or the long one of `npm run test:long` (HUFHIR_TEST_LONG=1). Both are
 * real; the name of the test tells the size.
 */
export const sized = (short: number, long: number): number => (process.env.HUFHIR_TEST_LONG === '1' ? long : short);
