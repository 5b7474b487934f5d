/** What the canonical URLs of our own artefacts begin with (R4 references.html#canonical), the type and id following. */
export const canonicalBase = 'https://fhir.changning.example';
