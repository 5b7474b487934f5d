/** The names of profiles/README.md, written here again on purpose: the seed shares no code with the server. */
export const BASE = 'https://fhir.changning.example';

export const RESIDENT_ID = 'urn:oid:2.16.156.10011.1.3';
export const ARCHIVE_NUMBER = 'urn:oid:2.16.156.10011.1.2';
export const INSURANCE_CARD = 'urn:oid:2.16.156.10011.1.15';
export const ORGANIZATION_CODE = 'urn:oid:2.16.156.10011.1.5';
export const STAFF_NUMBER = 'urn:oid:2.16.156.10011.1.4';
export const ETHNIC_GROUP = 'urn:oid:2.16.156.10011.2.3.3';
export const ICD10 = 'http://hl7.org/fhir/sid/icd-10';
export const LOINC = 'http://loinc.org';
export const UCUM = 'http://unitsofmeasure.org';
export const HL7 = 'http://terminology.hl7.org/CodeSystem';

export const profileUrl = (id: string) => `${BASE}/StructureDefinition/${id}`;
export const codeSystem = (id: string) => `${BASE}/CodeSystem/${id}`;
export const questionnaireUrl = (id: string) => `${BASE}/Questionnaire/${id}`;
export const sourceUrl = (source: string) => `${BASE}/source/${source}`;
export const recordNumberSystem = (source: string) => `${BASE}/NamingSystem/${source}-mrn`;
