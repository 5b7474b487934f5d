import type { Browser, Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { launch, missing, open } from './chromium.ts';
import { type Running, startClosed, startDemo } from './server.ts';

/** The console at `/`, in Debian's Chromium, on a real server with a small demo district. */

const measures = ['cn-sh-1', 'cn-sh-10', 'cn-sh-11', 'cn-sh-14', 'cn-sh-15'];

interface Coded {
  readonly code?: { readonly coding?: readonly { readonly code?: string }[] };
  readonly count?: number;
}
interface Figures {
  readonly population: readonly Coded[];
  readonly measureScore?: { readonly value: number };
}
interface Stratum extends Figures {
  readonly value: { readonly text: string };
}
interface Report {
  readonly measure: string;
  readonly group: readonly [Figures & { readonly stratifier: readonly [{ readonly stratum: readonly Stratum[] }] }];
}

const count = (figures: Figures, code: string): number =>
  figures.population.find((p) => p.code?.coding?.some((c) => c.code === code))?.count ?? -1;
const grouped = (value: number): string => value.toLocaleString('en');

/** What the API says, in the order of the measures. */
async function reports(origin: string): Promise<readonly Report[]> {
  const found = (await (await fetch(`${origin}/fhir/Measure?_count=100`)).json()) as {
    entry: { resource: { id: string } }[];
  };
  const ids = measures.map((m) => found.entry.map((e) => e.resource.id).find((id) => id.startsWith(`${m}-`)) ?? m);
  const query = `${ids.map((id) => `measure=${id}`).join('&')}&periodStart=2025-01-01&periodEnd=2025-12-31&reportType=population`;
  const bundle = (await (await fetch(`${origin}/fhir/Measure/$evaluate-measure?${query}`)).json()) as {
    entry: { resource: Report }[];
  };
  return ids.map((id) => {
    const report = bundle.entry.map((e) => e.resource).find((r) => r.measure.split('|')[0]?.endsWith(`/${id}`));
    if (report === undefined) throw new Error(`no report of ${id}`);
    return report;
  });
}

/** The text of each cell of each row of a table's body. */
const cells = async (page: Page, table: string): Promise<string[][]> => {
  const rows = await page.locator(`${table} tbody tr`).all();
  return Promise.all(rows.map((row) => row.locator('th, td').allInnerTexts()));
};

const shown = (page: Page): Promise<void> => page.locator('#results:not([hidden])').waitFor();

if (missing !== false && process.env.CI === 'true') {
  t.fail(missing);
} else {
  t.test('the console', { skip: missing }, async (t) => {
    const browser = await launch();
    t.teardown(() => browser.close());
    await t.test('of a demo district', (t) => ofDistrict(t, browser));
    await t.test('of a server that asks for a token', (t) => closed(t, browser));
  });
}

async function ofDistrict(t: Test, browser: Browser): Promise<void> {
  const server = await startDemo();
  t.teardown(server.stop);
  const truth = await reports(server.origin);
  const page = await open(browser, { viewport: { width: 1280, height: 900 } });
  const faults: string[] = [];
  const asked: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(`${server.origin}/`);
  await shown(page);

  t.equal(await page.locator('#year').inputValue(), '2025', 'the year is that of the official population');
  await summary(t, page, truth);
  await centres(t, page, truth);
  await percentages(t, page);

  t.same(faults, [], 'no errors in the page');
  const away = asked.filter((url) => !url.startsWith(`${server.origin}/`) && !url.startsWith('data:'));
  t.same(away, [], 'nothing is asked of another server');
  t.equal(asked.filter((url) => url.includes('$evaluate-measure')).length, 1, 'one evaluation');
}

async function summary(t: Test, page: Page, truth: readonly Report[]): Promise<void> {
  const rows = await cells(page, '#summary');
  t.equal(rows.length, 5, 'one row a measure');
  for (const [i, row] of rows.entries()) {
    const [group] = truth[i]?.group ?? [];
    if (group === undefined) throw new Error('no group');
    const [title = '', target = '', value = '', verdict = '', numerator, denominator] = row;
    t.match(title, /[一-龥]/, 'the title is Chinese first');
    t.match(target, /^≥ \d+%$/, `${title}: target`);
    t.match(value, /^\d+\.\d%/, `${title}: one decimal`);
    t.match(verdict, /^(✓ 达标|✗ 未达标)/, `${title}: verdict in words`);
    t.same(
      [numerator, denominator],
      [grouped(count(group, 'numerator')), grouped(count(group, 'denominator'))],
      'counts',
    );
    const shownTenths = Math.round(Number.parseFloat(value) * 10);
    t.ok(
      Math.abs(shownTenths - (group.measureScore?.value ?? -1) * 1000) <= 0.5 + 1e-9,
      `${title}: the value is the score`,
    );
  }
  t.equal(await page.locator('#chart svg').count(), 1, 'a chart is drawn');
}

async function centres(t: Test, page: Page, truth: readonly Report[]): Promise<void> {
  const rows = await cells(page, '#centres');
  t.equal(rows.length, 11, 'the district and ten centres');
  for (const row of rows) t.equal(row.length, 6, 'a name and five values');
  const name = await page.locator('#centres tbody tr:nth-child(4) th').innerText();
  await page.locator('#area').selectOption(name);
  const chosen = await cells(page, '#summary');
  for (const [i, report] of truth.entries()) {
    const stratum = report.group[0].stratifier[0].stratum.find((s) => s.value.text === name);
    if (stratum === undefined) continue;
    t.equal(chosen[i]?.[4], grouped(count(stratum, 'numerator')), `the numerator of ${name}`);
  }
  t.equal(await page.locator('#summary-title').innerText(), `${name} 2025`);
}

/** Rounding half up, by the counts. */
async function percentages(t: Test, page: Page): Promise<void> {
  const table = [
    [1399, 2000, '70.0%'],
    [1, 3, '33.3%'],
    [2, 3, '66.7%'],
    [1, 2000, '0.1%'],
    [1, 2001, '0.0%'],
    [1005, 100000, '1.0%'],
    [1050, 100000, '1.1%'],
    [0, 7, '0.0%'],
    [7, 7, '100.0%'],
    [0, 0, '—'],
  ] as const;
  for (const [numerator, denominator, expected] of table) {
    const figures = { numerator, denominator, ratio: denominator === 0 ? undefined : numerator / denominator };
    const script = `import('/format.js').then(({ percent }) => percent(${JSON.stringify(figures)}))`;
    t.equal(await page.evaluate(script), expected, `${numerator} / ${denominator}`);
  }
}

async function closed(t: Test, browser: Browser): Promise<void> {
  const server: Running = await startClosed();
  t.teardown(server.stop);
  const page = await open(browser);
  await page.goto(`${server.origin}/`);
  const alert = page.getByRole('alert');
  await alert.waitFor();
  t.match(await alert.innerText(), /This request needs a token/, "the OperationOutcome's text");
  t.notOk(await page.locator('#results').isVisible(), 'no results beside it');
}
