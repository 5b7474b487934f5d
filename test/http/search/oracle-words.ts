/** The small vocabularies that data and queries share, so that queries find something and nearly find something else. */

export const systems = ['http://s.example/a', 'http://s.example/b'] as const;

/** Parent of each code in the two hierarchical CodeSystems. */
export const parents: Readonly<Record<string, Readonly<Record<string, string | undefined>>>> = {
  'http://s.example/a': { a1: undefined, a11: 'a1', a12: 'a1', a121: 'a12', a2: undefined },
  'http://s.example/b': { a1: undefined, b1: 'a1', b11: 'b1' },
};

export const codes = ['a1', 'a11', 'a12', 'a121', 'a2', 'b1', 'b11', 'A1', 'x|1', 'y,2', 'z$3'] as const;

export const displays = ['Blood pressure', 'blood sugar', '血压', '血糖', 'Blut', 'ｂｌｏｏｄ', 'Druck, groß'] as const;

/** What only full text search asks for; the last two have single characters in common. */
export const rareWords = ['quartz', 'Obsidian', '麒麟', '麟角'] as const;

/** No Latin name begins as a reading of a Chinese name does. */
export const families = [
  'Müller',
  'MULLER',
  'Ödön',
  'Ｍｕｎｒｏ',
  "O'Key",
  'Virtanen',
  'Weiß',
  'Jürgensen Bø',
  'Κωστόπουλος',
  'Þorgeir-Łoś',
  '张',
  '李',
  '诸葛',
  '張',
  '諸葛',
  '𠮷田',
] as const;
export const givens = ['Émile', 'emil', 'Ute Maria', 'ute', '三', '丰', '三丰', '三豐', 'ΚΏΣΤΑΣ'] as const;
export const cities = ['上海', '上海市', 'Uppsala', 'uppsalá', 'Köln', 'koln', 'Gießen', 'GIESSEN', '臺北'] as const;
export const streets = ['愚园路1号', '愚园路12号', '1 Main St', 'Main street 1'] as const;

/** Every precision, with and without an offset, around the same few moments. */
export const moments = [
  '2019',
  '2020',
  '2020-02',
  '2020-03',
  '2020-02-29',
  '2020-03-01',
  '2020-02-29T23:59:59+08:00',
  '2020-03-01T00:00:00+08:00',
  '2020-02-29T16:00:00Z',
  '2020-02-29T16:00:00.500Z',
  '2020-03-01T08:00:00Z',
  '2020-02-29T12:00:00-05:00',
  '2021-12-31',
  '2021-12-31T23:30:00-05:00',
  '2022-01-01T12:30:00+08:00',
] as const;

export const dates = moments.filter((m) => !m.includes('T'));
export const instants = moments.filter((m) => m.includes('T'));

/** Forms that only a search may have. */
export const searchedMoments = [...moments, '2020-03-01T00:00', '2020-02-29T16:00Z', '2020-03-01T08:00:00', '2022-01'];

export const numbers = [0.05, 0.5, 0.51, 0.95, 1, 5.4, 5.44, 5.45, 7, 7.04, 36.6, 99.5, 100, 100.5, 120, 7000] as const;

/** Units of UCUM that convert into each other in groups, and one that is none. */
export const ucumUnits = [
  'mmol/L',
  'umol/L',
  'mol/m3',
  'kg',
  'g',
  'mg',
  'cm',
  'm',
  'Cel',
  'K',
  '/min',
  'a',
  'mo',
  'odd',
] as const;
export const plainUnits = ['mmol/L', 'beats', 'tablets'] as const;

export const uris = [
  'http://c.example/fhir',
  'http://c.example/fhir/a',
  'http://c.example/fhir/a/b',
  'http://c.example/fhir/ab',
  'http://c.example/other',
  'urn:oid:1.2.3',
] as const;

export const valueSets = {
  few: 'http://v.example/few',
  whole: 'http://v.example/whole',
  below: 'http://v.example/below',
  without: 'http://v.example/without',
  joined: 'http://v.example/joined',
} as const;
