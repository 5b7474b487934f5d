import { mkdirSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { readGuide } from '#terminology/guide.ts';

const B = 'https://fhir.changning.example';

/** A folder with these files; the value of each is its JSON. */
function folder(name: string, files: Record<string, object>): URL {
  const path = t.testdir({ [name]: { profiles: {}, terminology: { a: {} } } });
  for (const [file, json] of Object.entries(files)) writeFileSync(`${path}/${name}/${file}`, JSON.stringify(json));
  mkdirSync(`${path}/${name}/profiles/measures`);
  return pathToFileURL(`${path}/${name}/`);
}

const valueSet = (id: string, url = `${B}/ValueSet/${id}`) => ({ resourceType: 'ValueSet', id, url });

t.test('reads the JSON files of both folders, in order', async (t) => {
  const root = folder('good', {
    'terminology/a/ValueSet-b.json': valueSet('b'),
    'terminology/a/ValueSet-a.json': valueSet('a', 'urn:oid:1.2.3'),
    'profiles/Questionnaire-q.json': { resourceType: 'Questionnaire', id: 'q' },
    'profiles/README.md': {},
  });
  t.same(
    readGuide(root).map((r) => r.id),
    ['q', 'a', 'b'],
  );
});

t.test('names every fault at once', async (t) => {
  const cases: [Record<string, object>, RegExp][] = [
    [{ 'profiles/ValueSet-a.json': valueSet('b') }, /profiles\/ValueSet-a.json holds ValueSet\/b/],
    [{ 'profiles/ValueSet-a.json': valueSet('a', `${B}/ValueSet/c`) }, /ValueSet-a.json has the url .*\/ValueSet\/c/],
    [
      { 'profiles/ValueSet-a.json': valueSet('a', 'urn:x'), 'terminology/a/ValueSet-b.json': valueSet('b', 'urn:x') },
      /ValueSet-b.json and profiles\/ValueSet-a.json both have the url urn:x/,
    ],
  ];
  for (const [files, text] of cases) t.throws(() => readGuide(folder('bad', files)), { message: text });
});
