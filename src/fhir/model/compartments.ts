/** By parameter: the types that it puts into the compartment. */
type CompartmentMembers = Readonly<Record<string, string>>;

/** R4's five CompartmentDefinitions; `{def}` is left out: see below. */
const published = {
  Patient: {
    actor: 'Appointment AppointmentResponse Schedule',
    asserter: 'AllergyIntolerance Condition',
    attester: 'Composition',
    author: 'Basic Composition DocumentManifest DocumentReference QuestionnaireResponse',
    beneficiary: 'Coverage',
    individual: 'ResearchSubject',
    link: 'Patient',
    member: 'Group',
    participant: 'CareTeam RequestGroup',
    patient:
      'AllergyIntolerance AuditEvent Basic BodyStructure CarePlan CareTeam Claim ClaimResponse Condition Consent CoverageEligibilityRequest CoverageEligibilityResponse DetectedIssue Encounter EpisodeOfCare ExplanationOfBenefit FamilyMemberHistory Flag Goal ImagingStudy Immunization ImmunizationEvaluation ImmunizationRecommendation Invoice MeasureReport MedicationAdministration MedicationDispense MolecularSequence NutritionOrder Person Procedure Provenance RelatedPerson SupplyDelivery VisionPrescription',
    payee: 'Claim ExplanationOfBenefit',
    payor: 'Coverage',
    performer: 'CarePlan DeviceRequest MedicationAdministration Observation Procedure ServiceRequest',
    'policy-holder': 'Coverage',
    receiver: 'MedicationDispense',
    recipient: 'Communication CommunicationRequest DocumentManifest Invoice',
    recorder: 'AllergyIntolerance',
    requester: 'CommunicationRequest',
    sender: 'Communication CommunicationRequest',
    source: 'List',
    subject:
      'Account AdverseEvent ChargeItem ClinicalImpression Communication CommunicationRequest Composition DeviceRequest DeviceUseStatement DiagnosticReport DocumentManifest DocumentReference EnrollmentRequest Invoice List Media MedicationAdministration MedicationDispense MedicationRequest MedicationStatement Observation QuestionnaireResponse RequestGroup RiskAssessment ServiceRequest Specimen SupplyRequest',
    subscriber: 'Coverage',
  },
  Encounter: {
    context: 'ChargeItem MedicationAdministration',
    encounter:
      'CarePlan CareTeam Claim ClinicalImpression Communication CommunicationRequest Composition Condition DeviceRequest DiagnosticReport DocumentReference ExplanationOfBenefit Media MedicationRequest NutritionOrder Observation Procedure QuestionnaireResponse RequestGroup ServiceRequest VisionPrescription',
    'related-ref': 'DocumentManifest',
  },
  RelatedPerson: {
    actor: 'Appointment AppointmentResponse Schedule',
    agent: 'Provenance',
    asserter: 'AllergyIntolerance Condition',
    author: 'Basic Composition DocumentManifest DocumentReference QuestionnaireResponse',
    enterer: 'ChargeItem',
    link: 'Patient Person',
    participant: 'CareTeam Encounter RequestGroup',
    payee: 'Claim ExplanationOfBenefit',
    payor: 'Coverage',
    performer: 'CarePlan MedicationAdministration Observation Procedure ServiceRequest',
    'performer-actor': 'ChargeItem',
    'policy-holder': 'Coverage',
    recipient: 'Communication CommunicationRequest DocumentManifest Invoice',
    recorder: 'AdverseEvent',
    requester: 'CommunicationRequest SupplyRequest',
    sender: 'Communication CommunicationRequest',
    source: 'MedicationStatement QuestionnaireResponse',
    subscriber: 'Coverage',
  },
  Practitioner: {
    actor: 'Appointment AppointmentResponse Schedule',
    agent: 'AuditEvent Provenance',
    asserter: 'AllergyIntolerance Condition',
    assessor: 'ClinicalImpression',
    attester: 'Composition',
    authenticator: 'DocumentReference',
    author:
      'Basic Composition DetectedIssue DocumentManifest DocumentReference Flag Linkage MessageHeader QuestionnaireResponse RequestGroup',
    'care-manager': 'EpisodeOfCare',
    'care-team': 'Claim ExplanationOfBenefit',
    collector: 'Specimen',
    enterer: 'ChargeItem Claim CoverageEligibilityRequest ExplanationOfBenefit MessageHeader',
    'general-practitioner': 'Patient',
    member: 'Group',
    operator: 'Media',
    participant: 'CareTeam Encounter Invoice RequestGroup',
    payee: 'Claim ExplanationOfBenefit',
    performer:
      'CarePlan DeviceRequest DiagnosticReport Immunization MedicationAdministration MedicationDispense Observation Procedure RiskAssessment ServiceRequest',
    'performer-actor': 'ChargeItem',
    practitioner: 'Encounter Person PractitionerRole',
    prescriber: 'VisionPrescription',
    principalinvestigator: 'ResearchStudy',
    provider: 'Claim CoverageEligibilityRequest ExplanationOfBenefit NutritionOrder PaymentNotice',
    receiver: 'MedicationDispense MessageHeader SupplyDelivery',
    recipient: 'Communication CommunicationRequest DocumentManifest',
    recorder: 'AdverseEvent AllergyIntolerance',
    requester: 'CommunicationRequest DeviceRequest MedicationRequest ServiceRequest SupplyRequest',
    requestor: 'ClaimResponse CoverageEligibilityResponse PaymentReconciliation',
    responsible: 'MessageHeader',
    sender: 'Communication CommunicationRequest',
    source: 'List MedicationStatement QuestionnaireResponse',
    subject: 'Account Composition DocumentManifest DocumentReference Media',
    supplier: 'SupplyDelivery',
  },
  Device: {
    actor: 'Appointment AppointmentResponse Schedule',
    agent: 'AuditEvent Provenance',
    author: 'Composition DetectedIssue DocumentManifest DocumentReference Flag QuestionnaireResponse RequestGroup',
    'detail-udi': 'Claim ExplanationOfBenefit',
    device: 'DeviceRequest DeviceUseStatement MedicationAdministration Observation',
    enterer: 'ChargeItem',
    'item-udi': 'Claim ExplanationOfBenefit',
    member: 'Group',
    participant: 'Invoice',
    performer: 'DeviceRequest RiskAssessment ServiceRequest',
    'performer-actor': 'ChargeItem',
    'procedure-udi': 'Claim ExplanationOfBenefit',
    recipient: 'Communication CommunicationRequest',
    requester: 'DeviceRequest ServiceRequest SupplyRequest',
    sender: 'Communication CommunicationRequest',
    source: 'List',
    'subdetail-udi': 'Claim ExplanationOfBenefit',
    subject:
      'Account DeviceRequest DiagnosticReport DocumentManifest DocumentReference List Media Observation Specimen',
    target: 'MessageHeader',
  },
} as const satisfies Readonly<Record<string, CompartmentMembers>>;

export type Compartment = keyof typeof published;

/** The types whose resources have a compartment each (R4 compartmentdefinition.html). */
export const compartments = Object.keys(published) as readonly Compartment[];

export function isCompartment(type: string): type is Compartment {
  return Object.hasOwn(published, type);
}

/** The canonical URL of the CompartmentDefinition. */
export function compartmentUrl(compartment: Compartment): string {
  const [first = ''] = compartment;
  return `http://hl7.org/fhir/CompartmentDefinition/${first.toLowerCase()}${compartment.slice(1)}`;
}

/**
 * By type: the reference parameters that put a resource of it into a compartment. The compartment's own type is always there,
 * without parameters if others of that type cannot be in: the resource whose compartment it is belongs to it, which R4 says
 * for three of the five (`{def}`) and means for all.
 */
export function compartmentMembers(compartment: Compartment): ReadonlyMap<string, readonly string[]> {
  const members = new Map<string, readonly string[]>([[compartment, []]]);
  for (const [param, types] of Object.entries<string>(published[compartment])) {
    for (const type of types.split(' ')) members.set(type, [...(members.get(type) ?? []), param]);
  }
  return members;
}
