import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Bundle } from '@medplum/fhirtypes';
import t from 'tap';
import { checker, root } from './fixture.ts';

const folder = new URL('../shared/data/synthea/', root);
const skip = !existsSync(folder) && process.env.CI !== 'true' && `${folder.pathname} is missing`;

t.test('no resource of the Synthea bundles is refused, and a slip in one of them is', { skip }, async (t) => {
  const check = checker('structure');
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json.gz'))) {
    const bundle: Bundle = JSON.parse(gunzipSync(readFileSync(new URL(file, folder))).toString());
    const resources = (bundle.entry ?? []).map((e) => e.resource);
    t.same(resources.flatMap(check), [], file);
    t.same(
      resources.filter(
        (r) => check({ ...r, surprise: 1 }).join() !== `error unknown-element ${r?.resourceType}.surprise`,
      ),
      [],
      `${file}, with an element that is not defined`,
    );
  }
});
