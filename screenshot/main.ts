// `npm run screenshot`: makes the pictures of the page for docs/, with sample data.
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { CHROMIUM_ADVICE, findChromium } from '../src/setup/chromium';
import { launchChromium } from './browser';
import { household, SAMPLE_NOW } from './household';
import { sampleData } from './sample';
import { startSampleApi } from './sample-api';
import { messageOf } from '../src/lib/errors';

interface Picture {
  readonly name: string;
  readonly options: BrowserContextOptions;
  /** Runs before the picture is taken. */
  readonly before?: (page: Page) => Promise<unknown>;
  /** A selector, for a picture of only this part of the page. */
  readonly of?: string;
}

const wide = { viewport: { width: 1200, height: 900 }, deviceScaleFactor: 1.5 } as const;
const phone = { viewport: { width: 360, height: 780 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true } as const;

/** Opens the first replacement, so that its steps are shown. */
const openReplacement = (page: Page) => page.locator('.replacement-head').first().click();

const pictures: readonly Picture[] = [
  { name: 'page', options: { ...wide, colorScheme: 'light' } },
  { name: 'page-dark', options: { ...wide, colorScheme: 'dark' } },
  { name: 'page-replacement', options: { ...wide, colorScheme: 'light' }, before: openReplacement, of: '.panel' },
  { name: 'page-phone', options: { ...phone, colorScheme: 'dark' } },
];

async function main([folder = join('docs', 'pictures')]: readonly string[]): Promise<void> {
  const executablePath = findChromium(process.env);
  if (executablePath === undefined) throw new Error(CHROMIUM_ADVICE);
  // A fixed time, so that dates and durations in the pictures are the same each time.
  const begun = performance.now();
  Date.now = () => SAMPLE_NOW + Math.floor(performance.now() - begun);
  const api = await startSampleApi(household.map(sampleData));
  const browser = await launchChromium(executablePath);
  try {
    await mkdir(folder, { recursive: true });
    for (const picture of pictures) {
      const path = resolve(folder, `${picture.name}.png`);
      await take(browser, api.url, picture, path);
      process.stdout.write(`${path}\n`);
    }
  } finally {
    await browser.close();
    await api.close();
  }
}

async function take(browser: Browser, url: string, picture: Picture, path: string): Promise<void> {
  const context = await browser.newContext({
    locale: 'en-GB',
    timezoneId: 'Europe/Madrid',
    reducedMotion: 'reduce',
    ...picture.options,
  });
  const page = await context.newPage();
  await page.goto(`${url}/`);
  await page.locator('.link-live').waitFor();
  await page.locator('.card').first().waitFor();
  await picture.before?.(page);
  await (picture.of === undefined
    ? page.screenshot({ path, fullPage: picture.options.isMobile !== true })
    : page.locator(picture.of).screenshot({ path }));
  await context.close();
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
});
