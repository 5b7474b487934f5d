import { createHash } from 'node:crypto';
import t from 'tap';
import { ageOn } from '#seed/calendar.ts';
import { generate, type Options } from '#seed/generate.ts';
import { drawDistrict } from '#seed/model/model.ts';
import { residentStreet } from '#seed/model/residence.ts';
import type { Person } from '#seed/model/types.ts';

function digest(options: Options): string {
  const { submissions, truth } = generate(options);
  const hash = createHash('sha256').update(JSON.stringify(truth));
  for (const submission of submissions) hash.update(JSON.stringify(submission));
  return hash.digest('hex');
}

t.test('the same options give the same bytes', async (t) => {
  const once = digest({ residents: 200, seed: 1, year: 2025 });
  t.equal(digest({ residents: 200, seed: 1, year: 2025 }), once);
  t.not(digest({ residents: 200, seed: 2, year: 2025 }), once);
  t.not(digest({ residents: 200, seed: 1, year: 2024 }), once);
  t.not(digest({ residents: 201, seed: 1, year: 2025 }), once);
});

t.test('submissions can be asked for twice', async (t) => {
  const { submissions } = generate({ residents: 160, seed: 1, year: 2025 });
  t.equal(JSON.stringify([...submissions]), JSON.stringify([...submissions]));
});

t.test('so many persons as asked for, but never fewer than the edge residents', async (t) => {
  t.equal(generate({ residents: 1234, seed: 1, year: 2025 }).truth.persons, 1234);
  const { truth } = generate({ residents: 0, seed: 1, year: 2025 });
  t.ok(truth.persons >= truth.edges.length && truth.persons <= truth.edges.length + 5);
});

t.test('the district is plausible', async (t) => {
  const { persons, households, period, official } = drawDistrict(3000, 11, 2025);
  const share = (is: (person: Person) => boolean) => persons.filter(is).length / persons.length;
  const managed = (disease: string) => (person: Person) => person.episodes.some(({ type }) => type === disease);
  const age = ({ birth }: Person) => ageOn(birth, period.last);
  const table: readonly (readonly [string, number, number, number])[] = [
    ['65 or older', share((person) => age(person) >= 65), 0.28, 0.37],
    ['under 18', share((person) => age(person) < 18), 0.06, 0.13],
    ['women', share(({ gender }) => gender === 'female'), 0.47, 0.57],
    ['without a file', share(({ archiveNumber }) => archiveNumber === undefined), 0.12, 0.25],
    ['known to hospitals only', share(({ patientId }) => patientId === undefined), 0.04, 0.13],
    [
      'no residents at the end of the year',
      share((person) => residentStreet(person, period) === undefined),
      0.03,
      0.11,
    ],
    ['deceased', share(({ death }) => death !== undefined), 0.005, 0.04],
    ['managed for hypertension', share(managed('hypertension')), 0.17, 0.3],
    ['managed for diabetes', share(managed('diabetes2')), 0.06, 0.14],
    ['of other ethnic groups', share(({ ethnicity }) => ethnicity !== '01'), 0.005, 0.04],
    ['persons a household', persons.length / households.length, 1.7, 2.3],
    ['official residents a person', official.reduce((sum, { all }) => sum + all, 0) / persons.length, 1, 1.06],
    ['without ID number', share(({ residentId }) => residentId === undefined), 0.0001, 0.02],
  ];
  for (const [name, found, low, high] of table) t.ok(found >= low && found <= high, `${name}: ${found}`);
});

t.test('telephone numbers are of no network', async (t) => {
  const { persons } = drawDistrict(400, 2, 2025);
  t.ok(persons.every(({ phone }) => phone === undefined || /^000\d{8}$/.test(phone)));
});
