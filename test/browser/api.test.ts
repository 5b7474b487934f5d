import type { Browser } from 'playwright-core';
import t, { type Test } from 'tap';
import { startServer } from '../http/harness.ts';
import { launch, missing, open } from './chromium.ts';

/** The page at `/api`, in Debian's Chromium, on a real server. */

if (missing !== false && process.env.CI === 'true') {
  t.fail(missing);
} else {
  t.test('the page of the API', { skip: missing }, async (t) => {
    const browser = await launch();
    t.teardown(() => browser.close());
    await tries(t, browser);
  });
}

async function tries(t: Test, browser: Browser): Promise<void> {
  const server = await startServer();
  t.teardown(server.stop);
  const page = await open(browser, { viewport: { width: 1280, height: 900 } });
  const faults: string[] = [];
  const asked: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(`${new URL(server.base).origin}/api`);
  t.match(await page.locator('header h1').innerText(), /^接口试用 Try the API$/);

  const search = page.locator('#operations-Patient-searchTypePatient');
  await search.waitFor();
  t.equal(page.url(), `${new URL(server.base).origin}/api/`);
  t.equal(await page.locator('#status').count(), 0, 'it says no longer that it loads');
  const choice = page.getByLabel('Resource type');
  t.equal(await choice.locator('option').count(), 146, 'every type can be chosen');

  await search.getByRole('button').first().click();
  await search.getByRole('button', { name: 'Try it out' }).click();
  await search.getByPlaceholder('_count').fill('3');
  await search.getByRole('button', { name: 'Execute' }).click();
  const status = search.locator('.live-responses-table tbody .response-col_status').first();
  await status.waitFor();
  t.match(await status.innerText(), /^200/);
  t.ok(
    asked.includes(`${new URL(server.base).origin}/fhir/Patient?_count=3`),
    'the request was sent as it was filled in',
  );
  t.match(await search.locator('.live-responses-table').innerText(), /"resourceType": "Bundle"/);

  await choice.selectOption('Measure');
  await page.locator('#operations-Measure-evaluateMeasure').waitFor();
  t.equal(await search.count(), 0, 'another type takes the place of the first');
  t.equal(page.url(), `${new URL(server.base).origin}/api/#Measure`, 'its address can be passed on');

  t.same(faults, [], 'no errors in the page, and nothing that its policy forbids');
  const away = asked.filter((url) => !url.startsWith(`${new URL(server.base).origin}/`) && !/^(data|blob):/.test(url));
  t.same(away, [], 'nothing is asked of another server');
}
