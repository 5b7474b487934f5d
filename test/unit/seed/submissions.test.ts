import t from 'tap';
import type { Submission } from '#seed/emit/submissions.ts';
import { generate } from '#seed/generate.ts';
import { exchange, residentIdOf } from './exchange.ts';

const submissions = [...generate({ residents: 1000, seed: 7, year: 2025 }).submissions];
const outcome = exchange(submissions);
const stored = [...outcome.stored];

const kind = ({ source }: Submission) => source.replace(/[-\d]+$/, '');
const ofKind = (wanted: string) => submissions.filter((submission) => kind(submission) === wanted);
const entries = submissions.flatMap(({ body }) => (body.resourceType === 'Bundle' ? (body.entry ?? []) : []));
const resources = submissions.flatMap(({ body }) =>
  body.resourceType === 'Bundle' ? (body.entry ?? []).map(({ resource }) => resource) : [body],
);

t.test('every reference leads somewhere in the end, and every condition is met by one', async (t) => {
  t.strictSame(outcome.faults, []);
});

t.test('some records come before what they refer to', async (t) => {
  const patients = outcome.early.filter((reference) => reference.startsWith('Patient/'));
  const episodes = outcome.early.filter((reference) => reference.startsWith('EpisodeOfCare/'));
  t.ok(patients.length >= 100, `${patients.length} literal references to Patients`);
  t.ok(episodes.length >= 50, `${episodes.length} literal references to episodes`);
  t.ok(outcome.earlyLogical.length >= 100, `${outcome.earlyLogical.length} logical references to Patients`);
});

t.test('nobody has two Patients', async (t) => {
  const ids = stored.flatMap(([, resource]) => residentIdOf(resource) ?? []);
  t.equal(new Set(ids).size, ids.length);
  t.equal(stored.filter(([place]) => place.startsWith('Patient/')).length, 1000);
});

t.test('each kind of source sends in its own way', async (t) => {
  t.equal(submissions[0]?.source, 'district');
  t.equal(ofKind('district').length, 3);
  for (const wanted of ['chc', 'hospital', 'station']) t.ok(ofKind(wanted).length > 20, wanted);
  const criteria = entries.filter(({ request }) => request?.ifNoneExist !== undefined);
  t.ok(criteria.length > 100, `${criteria.length} conditional creates`);
  t.ok(criteria.every(({ resource }) => resource?.meta?.source?.includes('/source/hospital-')));
  t.strictSame(
    [
      ...new Set(submissions.map(({ body }) => (body.resourceType === 'Bundle' ? body.type : body.resourceType))),
    ].toSorted(),
    ['Consent', 'batch', 'transaction'],
  );
});

t.test('every resource says where it comes from and that it is synthetic', async (t) => {
  for (const { source, body } of submissions) {
    const sent = body.resourceType === 'Bundle' ? (body.entry ?? []).map(({ resource }) => resource) : [body];
    const right = sent.every(
      (resource) =>
        resource?.meta?.source === `https://fhir.changning.example/source/${source}` &&
        resource.meta.tag?.some(({ code }) => code === 'synthetic'),
    );
    if (!right) t.fail(`a resource of ${source}`);
  }
  t.pass();
});

t.test('bundles are of moderate size', async (t) => {
  t.ok(submissions.every(({ resources }) => resources >= 1 && resources <= 200));
  t.equal(
    submissions.reduce((sum, { resources }) => sum + resources, 0),
    resources.length,
  );
  const perPerson = resources.length / 1000;
  t.ok(perPerson >= 15 && perPerson <= 22, `${perPerson} resources a person`);
});

t.test('no resident ID number stands in a URL', async (t) => {
  const urls = [...submissions.map(({ path }) => path), ...entries.map(({ request }) => request?.url)];
  t.notOk(urls.some((url) => /\d{17}[\dX]/.test(url ?? '')));
});
