import { dayText } from '../calendar.ts';
import { centre } from '../district.ts';
import type { Episode } from '../model/types.ts';
import { ICD10, ORGANIZATION_CODE, STAFF_NUMBER } from '../systems.ts';
import { conditional, hl7, literal, local, type Ref, type Writer } from './writer.ts';

const DISEASES = {
  hypertension: { code: 'I10', text: '原发性高血压', plan: '高血压患者健康管理计划' },
  diabetes2: { code: 'E11', text: '2型糖尿病', plan: '2型糖尿病患者健康管理计划' },
} as const;

/** The episode, and for the management of a disease its Condition and CarePlan. */
export function writeEpisode(writer: Writer, episode: Episode, subject: Ref): Ref {
  if (episode.type === 'family-doctor') return writeEpisodeOfCare(writer, episode, subject);
  const { code, text, plan } = DISEASES[episode.type];
  const condition = writer.add(`${episode.id}-condition`, {
    resourceType: 'Condition',
    clinicalStatus: hl7('condition-clinical', 'active'),
    verificationStatus: hl7('condition-ver-status', 'confirmed'),
    category: [hl7('condition-category', 'problem-list-item')],
    code: { coding: [{ system: ICD10, code }], text },
    subject,
    recordedDate: dayText(episode.from),
  });
  const reference = writeEpisodeOfCare(writer, episode, subject, condition);
  if (episode.status !== 'active') return reference;
  writer.add(
    `${episode.id}-plan`,
    {
      resourceType: 'CarePlan',
      status: 'active',
      intent: 'plan',
      title: plan,
      subject,
      period: { start: dayText(episode.from) },
      addresses: [condition],
    },
    { profile: 'cn-sh-care-plan' },
  );
  return reference;
}

function writeEpisodeOfCare(writer: Writer, episode: Episode, patient: Ref, condition?: Ref): Ref {
  const { id, type, status, from, to } = episode;
  return writer.put(
    id,
    {
      resourceType: 'EpisodeOfCare',
      status,
      type: [local('cn-sh-episode-type-cs', type)],
      ...(condition ? { diagnosis: [{ condition }] } : {}),
      patient,
      ...responsible(episode),
      period: { start: dayText(from), ...(to === undefined ? {} : { end: dayText(to) }) },
    },
    { profile: type === 'family-doctor' ? 'cn-sh-signing-episode' : undefined },
  );
}

/** Every other centre names institution and doctor by their codes and leaves it to the server to find them. */
function responsible(episode: Episode): { managingOrganization: Ref; careManager: Ref } {
  const at = centre(episode.centre);
  const doctor = at.doctors.find(({ id }) => id === episode.doctor);
  if (!doctor || !usesConditionalReferences(at.id)) {
    return {
      managingOrganization: literal('Organization', at.id),
      careManager: literal('Practitioner', episode.doctor),
    };
  }
  return {
    managingOrganization: conditional('Organization', ORGANIZATION_CODE, at.code),
    careManager: conditional('Practitioner', STAFF_NUMBER, doctor.staffNumber),
  };
}

/** The sources with even numbers: two kinds of software are in use. */
export const usesConditionalReferences = (source: string): boolean => /[02468]$/.test(source);
