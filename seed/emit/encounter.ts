import type { Encounter } from '@medplum/fhirtypes';
import { type Instant, instantText } from '../calendar.ts';
import { HL7 } from '../systems.ts';
import { local, type Ref } from './writer.ts';

const MINUTE = 60_000;

export interface EncounterFacts {
  readonly type: 'outpatient' | 'emergency' | 'follow-up' | 'exam';
  readonly class: 'AMB' | 'HH' | 'VR' | 'EMER';
  readonly status: NonNullable<Encounter['status']>;
  readonly start: Instant;
  readonly minutes: number;
  readonly subject: Ref;
  readonly episodes?: readonly Ref[];
  readonly serviceProvider: Ref;
}

export function encounter(facts: EncounterFacts): Encounter {
  const { type, status, start, minutes, subject, episodes = [], serviceProvider } = facts;
  const ended = status === 'finished' || status === 'entered-in-error';
  return {
    resourceType: 'Encounter',
    status,
    class: { system: `${HL7}/v3-ActCode`, code: facts.class },
    type: [local('cn-sh-encounter-type-cs', type)],
    subject,
    ...(episodes.length > 0 ? { episodeOfCare: [...episodes] } : {}),
    period: { start: instantText(start), ...(ended ? { end: instantText(start + minutes * MINUTE) } : {}) },
    serviceProvider,
  };
}
