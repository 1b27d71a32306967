// The page in a real browser, with a real Portward and a simulated VPN. One page stays open for all tests, without a reload, so each test
// begins with the result of the test before.
import axe, { type AxeResults } from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchChromium } from '../../screenshot/browser';
import type { EngineJson } from '../../src/api/schemas/engines';
import { CHROMIUM_ADVICE, findChromium } from '../../src/setup/chromium';
import { Stage } from '../program/stage';
import { until } from '../simulator/until';
import { testUnless } from '../test-unless';

const KEY = 'the-key-of-this-test-0123456789';
const CONTENT = 'dd1e67078381739d14beca697356ab76d49d1a2d';
const WITHIN = { timeout: 60_000 };

const chromium = findChromium(process.env);
const testInBrowser = testUnless(chromium === undefined ? CHROMIUM_ADVICE : null);

let stage: Stage;
let browser: Browser;
let context: BrowserContext;
let page: Page;
/** The addresses that the page has requested, and the errors in its console. */
const asked: string[] = [];
const complaints: string[] = [];

beforeAll(async () => {
  if (chromium === undefined) return;
  const starting = Stage.start({
    docker: 'simulated',
    apart: true,
    // The old engine goes long after the new one is ready.
    env: { API_KEY: KEY, COLLECT_INTERVAL_S: '1', EVICTION_GRACE_S: '8' },
    // Long enough for each step to be seen.
    engineEnv: { STARTUP_MS: '1500' },
  });
  browser = await launchChromium(chromium);
  stage = await starting;
  await stage.forwarded(65_290);
  await stage.quiet();
  context = await browser.newContext({ viewport: { width: 1200, height: 900 } });
  page = await context.newPage();
  page.on('request', (request) => asked.push(request.url()));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(`${stage.portward.url}/`);
  await page.locator('.link-live').waitFor(WITHIN);
  await page.evaluate('globalThis.sameDocument = true');
}, 180_000);

afterAll(async () => {
  await browser?.close();
  await stage?.clear();
}, 60_000);

const SESSION = 'JSON.stringify(Object.entries(sessionStorage))';

const card = () => page.locator('.card');
const go = (name: string) => page.getByRole('link', { name, exact: false }).click();
/** Evaluates an expression in the page. It is a text, because the globals of the page do not exist here. */
const evaluated = <T>(expression: string) => page.evaluate<T>(expression);
const isSameDocument = () => evaluated<boolean>("'sameDocument' in globalThis");

/** Each text that an element of the card has had, in order. */
async function textsFromNowOn(selector: string): Promise<() => Promise<string[]>> {
  const name = JSON.stringify(`texts of ${selector}`);
  await evaluated(`{
    const texts = (globalThis[${name}] = []);
    const note = () => {
      const text = document.querySelector(${JSON.stringify(selector)})?.textContent ?? '';
      if (texts.at(-1) !== text) texts.push(text);
    };
    note();
    new MutationObserver(note).observe(document.body, { subtree: true, childList: true, characterData: true });
  }`);
  return () => evaluated<string[]>(`globalThis[${name}]`);
}

testInBrowser('when the port changes, the page shows each step without a reload', async () => {
  await page.getByRole('heading', { name: '1 VPN forwarding, 1 engine, 0 streams' }).waitFor(WITHIN);
  expect(await card().locator('.port-number').textContent()).toBe('65290');
  const words = await textsFromNowOn('.card .chip');
  const phases = await textsFromNowOn('.card .phases');
  await stage.vpn().changePort(40_648);
  await card().getByText('40648').waitFor(WITHIN);
  await stage.forwarded(40_648);
  await stage.quiet();
  await page.getByRole('heading', { name: '1 VPN forwarding, 1 engine, 0 streams' }).waitFor(WITHIN);
  await until('all steps', async () => (await phases()).at(-1) === '1 ready');
  // On a machine that is busy with other tests, the state may be out of date for a moment.
  const states = (await words()).filter((word) => word !== 'out of date');
  expect(states.filter((word, i) => word !== states[i - 1])).toEqual([
    'forwarding',
    'replacing its engine',
    'forwarding',
  ]);
  const seen = (await phases()).join(' | ');
  expect(seen).toMatch(/1 ready.*1 pending.*1 being released.*1 ready1 being released.*\| 1 ready$/);

  await page.locator('.replacement-head', { hasText: 'port changed' }).click();
  const bars = page.locator('.bars');
  expect(await bars.locator('.bar').count()).toBe(4);
  const steps = await bars.locator('.steps').innerText();
  expect(steps).toMatch(/New engine started\s+\+\d+\.\d s\s+New engine answered and listed\s+\+\d+\.\d s/);
  expect(steps).toMatch(/Old engine stopped and removed\s+\+\d+\.\d s/);
  const [{ id } = { id: '' }] = (await stage.replacements()).filter((r) => r.cause === 'port changed');
  expect(await bars.getByRole('link', { name: id }).getAttribute('href')).toBe(
    `/temporal/namespaces/default/workflows/${encodeURIComponent(id)}`,
  );
  expect(await page.locator('.bands').getAttribute('aria-label')).toMatch(/port 65290 for .*then port 40648 for/);
  expect(await isSameDocument()).toBe(true);
});

testInBrowser(
  'an action asks for the key, refuses a wrong key, succeeds with the right one, and keeps it in this tab only',
  async () => {
    const before = await stage.forwarded(40_648);
    await card()
      .getByRole('button', { name: /^Replace/ })
      .click();
    const dialog = page.getByRole('dialog');
    expect(await dialog.textContent()).toContain('the old one is removed. It has no stream now.');
    expect((await stage.replacements()).filter((r) => r.cause === 'forced')).toEqual([]);
    await dialog.getByRole('button', { name: 'Replace' }).click();
    await dialog.getByLabel('API key').fill('not the key');
    await dialog.getByRole('button', { name: 'Replace' }).click();
    await dialog.getByText('That is not the key.').waitFor(WITHIN);
    await dialog.getByLabel('API key').fill(KEY);
    await dialog.getByRole('button', { name: 'Replace' }).click();
    await page.getByText(`The replacement of ${before.container_name} has started`).waitFor(WITHIN);
    await until('another engine', async () => {
      const [engine] = await stage.engines();
      return engine && engine.forwarded && engine.container_id !== before.container_id;
    });
    await stage.quiet();

    const elsewhere = await evaluated<string>(
      'JSON.stringify([location.href, Object.entries(localStorage), document.cookie])',
    );
    expect(elsewhere).not.toContain(KEY);
    expect(await evaluated<string>(SESSION)).toContain(KEY);
    expect(asked.filter((address) => address.includes(KEY))).toEqual([]);
    // The key is kept, so the next action does not ask for it.
    await go('Engines');
    await page.getByLabel('Target').fill('2');
    await page.getByRole('button', { name: 'Set', exact: true }).click();
    await page.getByText('Portward now keeps 2 engines').waitFor(WITHIN);
    await page.locator('tbody tr').nth(1).locator('.phase-ready').waitFor(WITHIN);
    await page.getByRole('button', { name: 'Forget key' }).click();
    expect(await evaluated<string>(SESSION)).not.toContain(KEY);
  },
);

testInBrowser('tables are sorted by the column that is clicked', async () => {
  await go('Engines');
  const ports = async () => (await page.locator('td[data-label="HTTP port"]').allTextContents()).map(Number);
  await page.getByRole('button', { name: 'HTTP port' }).click();
  const up = await ports();
  expect(up).toEqual(up.toSorted((a, b) => a - b));
  await page.getByRole('button', { name: 'HTTP port' }).click();
  expect(await ports()).toEqual(up.toReversed());
  expect(await page.getByRole('columnheader', { name: 'HTTP port' }).getAttribute('aria-sort')).toBe('descending');
});

interface Session {
  readonly playback_session_id: string;
  readonly stat_url: string;
  readonly command_url: string;
}

/** Starts a stream on the engine and reports it, as a proxy does. */
async function play(engine: EngineJson): Promise<void> {
  const answer = await fetch(`http://${stage.vpn().address}:${engine.port}/ace/getstream?format=json&id=${CONTENT}`);
  const { response: session } = (await answer.json()) as { response: Session };
  const { playback_session_id, stat_url, command_url } = session;
  const response = await fetch(`${stage.portward.url}/events/stream_started`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}` },
    body: JSON.stringify({
      engine: { host: engine.host, port: engine.port },
      stream: { key_type: 'content_id', key: CONTENT },
      session: { playback_session_id, stat_url, command_url, is_live: 1 },
    }),
  });
  expect(response.status).toBe(200);
}

testInBrowser('a running stream is shown with a line of its speed that grows', async () => {
  await go('Streams');
  await page.getByText('No stream is running.', { exact: false }).waitFor(WITHIN);
  await play(await stage.forwarded(40_648));
  const row = page.locator('tbody tr', { hasText: 'dd1e6707…d49d1a2d' });
  await row.waitFor(WITHIN);
  await until('its line', async () => /M.*L/.test((await row.locator('.line path').getAttribute('d')) ?? ''));
  expect(await row.locator('td[data-label="Peers"]').textContent()).toBe('3');
  await row.getByRole('button').click();
  await page.locator('.plot canvas').waitFor(WITHIN);
  expect(await page.locator('.plot').getAttribute('aria-label')).toMatch(/KB\/s from 3 peers now/);
});

testInBrowser('events from before the page was opened are shown, and can be filtered', async () => {
  await go('Events');
  const texts = () => page.locator('.event-text').allTextContents();
  expect(await texts()).toContain('Forwarded port changed from 65290 to 40648');
  await page.getByLabel('Kind of event').selectOption('port');
  expect(await texts()).toEqual(['Forwarded port changed from 65290 to 40648']);
  await page.getByLabel('Text in the event').fill('nothing has this');
  await page.getByText('No event matches the filter.').waitFor(WITHIN);
  await page.getByLabel('Text in the event').fill('');
  await page.getByLabel('Kind of event').selectOption('');
});

/** The problems that axe finds, each with its place. */
async function faults(where: string): Promise<string[]> {
  const { violations } = await evaluated<AxeResults>('axe.run()');
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${where}: ${id} at ${node.target.join(' ')}`));
}

const VIEWS = ['Overview', 'Engines', 'Streams', 'Events'];

testInBrowser('axe finds no accessibility problem in any view or dialog, light or dark', async () => {
  await page.evaluate(axe.source);
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    for (const view of VIEWS) {
      await go(view);
      await page.locator('main h1').waitFor();
      found.push(...(await faults(`${view}, ${colorScheme}`)));
    }
    await go('Overview');
    await card()
      .getByRole('button', { name: /^Replace/ })
      .click();
    found.push(...(await faults(`dialog, ${colorScheme}`)));
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
  }
  expect(found).toEqual([]);
});

async function backgroundIn(colorScheme: 'light' | 'dark'): Promise<string> {
  await page.emulateMedia({ colorScheme });
  return evaluated('getComputedStyle(document.documentElement).backgroundColor');
}

testInBrowser('the light and the dark colour scheme differ', async () => {
  expect([await backgroundIn('dark'), await backgroundIn('light')]).toEqual(['rgb(15, 18, 22)', 'rgb(246, 247, 249)']);
});

/** Elements that extend beyond the right edge of the page, except those that are cut off there. */
const WIDER_THAN_PAGE = `[...document.querySelectorAll('body, main *, header *')]
  .filter((e) => !e.closest('thead, .hidden, .plot, .bands, .axis') && e.getBoundingClientRect().right > innerWidth + 0.5)
  .map((e) => e.tagName + ' ' + e.className)`;
const FOCUSED = `document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? ''`;

testInBrowser(
  "nothing is wider than a phone's screen, and every control can be reached with the keyboard",
  async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    for (const view of VIEWS) {
      await go(view);
      await page.locator('main h1').waitFor();
      const wide = await evaluated<string[]>(WIDER_THAN_PAGE);
      expect([view, await evaluated('document.documentElement.scrollWidth'), wide]).toEqual([view, 360, []]);
    }
    await page.setViewportSize({ width: 1200, height: 900 });
    await go('Overview');
    const reached = new Set<string>();
    await page.evaluate('document.activeElement?.blur()');
    for (let i = 0; i < 30; i++) {
      await page.keyboard.press('Tab');
      reached.add(await evaluated<string>(FOCUSED));
    }
    const { name } = stage.vpn();
    expect([...reached]).toEqual(
      expect.arrayContaining([`Check now: ${name}`, `Replace engine: the forwarded engine of ${name}`, 'Hour', 'Week']),
    );
  },
);

testInBrowser('the page says that Portward does not answer, keeps its data, and reconnects by itself', async () => {
  await stage.api.stop();
  const banner = page.getByRole('alert');
  await banner.waitFor(WITHIN);
  expect(await banner.textContent()).toMatch(/Portward does not answer\. This page shows the state at/);
  expect(await card().locator('.port-number').textContent()).toBe('40648');
  await stage.api.start();
  await page.locator('.link-live').waitFor(WITHIN);
  await banner.waitFor({ state: 'hidden' });
  await page.getByRole('heading', { name: '1 VPN forwarding, 2 engines, 1 stream' }).waitFor(WITHIN);
  expect(await isSameDocument()).toBe(true);
});

testInBrowser(
  'the page sent requests to Portward only, and did nothing that its Content-Security-Policy forbids',
  () => {
    const origins = new Set(
      asked.filter((address) => !address.startsWith('data:')).map((address) => new URL(address).origin),
    );
    expect([...origins]).toEqual([stage.portward.url]);
    // The browser's errors for requests while Portward was stopped, and for requests without the key.
    const expected = /net::ERR_|401|403|502|503/;
    expect(complaints.filter((text) => !expected.test(text))).toEqual([]);
  },
);
