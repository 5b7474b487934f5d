import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { CENTRES } from '#seed/district.ts';
import { generate } from '#seed/generate.ts';
import { drawDistrict } from '#seed/model/model.ts';
import { memberships, truthOf } from '#seed/truth.ts';

const district = drawDistrict(2000, 1, 2025);
const truth = truthOf(district);
const POPULATIONS = ['initial-population', 'denominator', 'numerator'] as const;

// The table of facts and expectations is that of seed/model/edges-*.ts; each line of this report is a row of it.
t.test('edge residents belong to the populations that the definitions give them', async (t) => {
  for (const { person, fact, expected } of district.edges) {
    t.strictSame([...memberships(person, district.period).keys()].toSorted(), [...expected].toSorted(), fact);
  }
});

t.test('edge residents are the same in every district and year', async (t) => {
  const other = drawDistrict(0, 99, 2024);
  for (const { person, fact, expected } of other.edges) {
    t.strictSame([...memberships(person, other.period).keys()].toSorted(), [...expected].toSorted(), fact);
  }
});

t.test('edge residents count for the CHC that the definition names', async (t) => {
  const of = (fact: RegExp) => {
    const edge = district.edges.find((each) => fact.test(each.fact));
    if (!edge) throw new Error(`no edge ${fact}`);
    return { person: edge.person, found: memberships(edge.person, district.period) };
  };
  const moved = of(/^moved from one street/);
  t.not(moved.found.get('1n'), moved.person.registrar);
  t.not(moved.found.get('11n'), moved.person.registrar);
  const elsewhere = of(/^signed with the CHC of another street/);
  t.equal(elsewhere.found.get('1n'), elsewhere.person.registrar);
  t.not(elsewhere.person.episodes[0]?.centre, elsewhere.person.registrar);
  const handed = of(/managed by one CHC until 30 June/);
  t.equal(handed.found.get('14n'), handed.person.episodes[1]?.centre);
  t.not(handed.found.get('14n'), handed.person.registrar);
});

t.test('every CHC is there, and together they are the district', async (t) => {
  for (const [measure, { district: whole, centres }] of Object.entries(truth.measures)) {
    t.strictSame(
      Object.keys(centres),
      CENTRES.map(({ id }) => id),
    );
    for (const population of POPULATIONS) {
      const sum = Object.values(centres).reduce((total, counts) => total + counts[population], 0);
      t.equal(sum, whole[population], `${measure} ${population}`);
    }
    const sound = [whole, ...Object.values(centres)].every(
      (counts) => counts.numerator <= counts.denominator && counts.denominator === counts['initial-population'],
    );
    t.ok(sound, measure);
  }
});

t.test('some centres meet each target and some miss it', async (t) => {
  const targets = Object.values(truth.measures).map(({ centres }, index) => {
    const target = [0.48, 0.7, 0.75, 0.64, 0.64][index] ?? 0;
    return Object.values(centres).filter(({ numerator, denominator }) => numerator >= target * denominator).length;
  });
  t.equal(targets.length, 5);
  for (const met of targets) t.ok(met >= 1 && met <= 9, `${met} of 10 meet it`);
});

t.test('golden', async (t) => {
  const file = new URL('../../golden/truth-200-1-2025.json', import.meta.url);
  const text = `${JSON.stringify(generate({ residents: 200, seed: 1, year: 2025 }).truth, undefined, 2)}\n`;
  if (process.env.HUFHIR_TEST_GOLDEN === 'write') writeFileSync(file, text);
  t.strictSame(JSON.parse(text), JSON.parse(readFileSync(file, 'utf8')));
});
