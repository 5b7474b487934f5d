import type { Bundle, BundleEntry, Resource } from '@medplum/fhirtypes';
import { CENTRES, HOSPITALS } from '../district.ts';
import type { District } from '../model/types.ts';
import { random } from '../random.ts';
import { deviceId, type Group, groupsOf } from './groups.ts';
import { writePlatform } from './platform.ts';
import { literal, Writer } from './writer.ts';

/** One HTTP request. */
export interface Submission {
  readonly source: string;
  readonly method: 'POST' | 'PUT';
  /** Relative to the FHIR base; empty for a bundle. */
  readonly path: string;
  readonly body: Bundle | Resource;
  /** How many resources it carries. */
  readonly resources: number;
  /** From 0, rising: what has the same number may be sent side by side, what has a higher one rests on what came before. */
  readonly wave: number;
}

type Sending = Omit<Submission, 'wave'>;

/** Households that are sent in one wave: early records, then the Patients, then the rest. */
const WAVE = 120;
/** Entries of a bundle, unless one resident has more. */
const ENTRIES = 120;

const STATIONS = CENTRES.flatMap(({ stations }) => stations);
const SOURCES = [...CENTRES, ...HOSPITALS, ...STATIONS].map(({ id }) => id);

/** Everything that the sources push, in an order in which it can be pushed. Written as it is asked for. */
export function* submissionsOf(district: District): Generator<Submission> {
  let wave = 0;
  for (const entries of writePlatform(district)) yield { ...bundle('district', entries), wave: wave++ };
  for (let first = 0; first < district.households.length; first += WAVE) {
    const persons = district.households.slice(first, first + WAVE).flat();
    const groups = persons.flatMap((person) => groupsOf(person, district));
    if (first === 0) groups.unshift(...STATIONS.map(({ id }) => deviceGroup(id, district.seed)));
    for (const stage of ['early', 'main', 'late'] as const) {
      for (const source of SOURCES) {
        const mine = groups.filter((group) => group.stage === stage && group.source === source);
        for (const sending of packed(mine)) yield { ...sending, wave };
      }
      wave++;
    }
  }
}

function* packed(groups: readonly Group[]): Generator<Sending> {
  let pending: BundleEntry[] = [];
  for (const { source, entries, single } of groups) {
    if (single) {
      for (const entry of entries) yield alone(source, entry);
      continue;
    }
    if (pending.length > 0 && pending.length + entries.length > ENTRIES) {
      yield bundle(source, pending);
      pending = [];
    }
    pending.push(...entries);
  }
  const [first] = groups;
  if (first && pending.length > 0) yield bundle(first.source, pending);
}

/** The first station of a CHC has older software, which sends batches. */
function bundle(source: string, entry: BundleEntry[]): Sending {
  const type = /^station-\d+-1$/.test(source) ? 'batch' : 'transaction';
  return { source, method: 'POST', path: '', body: { resourceType: 'Bundle', type, entry }, resources: entry.length };
}

function alone(source: string, { request, resource }: BundleEntry): Sending {
  if (!request || !resource) throw new Error('an entry without request or resource');
  return { source, method: 'PUT', path: request.url, body: resource, resources: 1 };
}

function deviceGroup(station: string, seed: number): Group {
  const writer = new Writer(station, 'own-ids', random(seed, 'device', station));
  writer.put(deviceId(station), {
    resourceType: 'Device',
    status: 'active',
    deviceName: [{ name: '智慧健康驿站自助检测一体机', type: 'user-friendly-name' }],
    owner: literal('Organization', station),
    location: literal('Location', station),
  });
  return { stage: 'early', source: station, entries: writer.entries };
}
