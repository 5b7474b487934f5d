import t from 'tap';
import { auditing } from './auditing.ts';
import type { Open } from './build.ts';
import { concepts } from './concepts.ts';
import { counting } from './counting.ts';
import { following } from './following.ts';
import { guarding } from './guarding.ts';
import { heavy } from './heavy.ts';
import { indexing } from './indexing.ts';
import { jobs } from './jobs.ts';
import { keeping } from './keeping.ts';
import { order } from './order.ts';
import { past } from './past.ts';
import { patients } from './patients.ts';
import { planning } from './planning.ts';
import { results } from './results.ts';
import { revising } from './revising.ts';
import { searching } from './searching.ts';
import { writing } from './writing.ts';

/** What every store must do. `open` makes an empty one; `filters` are generated and compared with looking at everything. */
export function storeContract(name: string, open: Open, filters: number): void {
  t.test(`${name}: writing`, async (t) => writing(t, open));
  t.test(`${name}: guards`, async (t) => guarding(t, open));
  t.test(`${name}: history and changes`, async (t) => past(t, open));
  t.test(`${name}: what is heavy`, async (t) => heavy(t, open));
  t.test(`${name}: searching`, async (t) => searching(t, open));
  t.test(`${name}: indexing`, async (t) => indexing(t, open));
  t.test(`${name}: planning`, async (t) => planning(t, open, filters));
  t.test(`${name}: order and pages`, async (t) => order(t, open));
  t.test(`${name}: patients and references`, async (t) => patients(t, open));
  t.test(`${name}: the shelf and the revision`, async (t) => revising(t, open));
  t.test(`${name}: what is touched, and what comes`, async (t) => following(t, open));
  t.test(`${name}: counting`, async (t) => counting(t, open, filters / 2));
  t.test(`${name}: keeping`, async (t) => keeping(t, open));
  t.test(`${name}: sets of concepts`, async (t) => concepts(t, open));
  t.test(`${name}: kept results`, async (t) => results(t, open));
  t.test(`${name}: the audit`, async (t) => auditing(t, open));
  t.test(`${name}: jobs`, async (t) => jobs(t, open));
}
