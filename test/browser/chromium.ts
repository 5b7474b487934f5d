import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** Debian's. */
const executablePath = '/usr/bin/chromium';
/** What the machine lacks; false if it lacks nothing. */
export const missing = existsSync(executablePath) ? false : `${executablePath} is missing: apt-get install chromium`;
const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath, args: flags, timeout: 0 });
}

/** A page that waits as long as the machine takes. */
export async function open(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await browser.newPage(options);
  page.setDefaultTimeout(0);
  page.setDefaultNavigationTimeout(0);
  return page;
}
