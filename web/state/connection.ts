import type { PageEvents } from '../../src/api/page/state';
import { apply, forgetSamples, hello, link } from './store';

// The connection for the page's data. It is opened again when it is lost. It is closed half a minute after the page was hidden, because a browser opens at
// most six connections to one address.

/** Portward sends an event at least every 10 s. */
const SILENT_AT_MOST_MS = 25_000;
const RECONNECT_AFTER_MS = 1_000;
const RECONNECT_AFTER_MS_AT_MOST = 5_000;
const CLOSE_HIDDEN_AFTER_MS = 30_000;

const EVENTS: readonly (keyof PageEvents)[] = ['hello', 'vpn', 'events', 'samples', 'beat'];

let source: EventSource | null = null;
let retry: ReturnType<typeof setTimeout> | undefined;
let watchdog: ReturnType<typeof setTimeout> | undefined;
let hiding: ReturnType<typeof setTimeout> | undefined;
let pause = RECONNECT_AFTER_MS;

export function connect(): void {
  open();
  document.addEventListener('visibilitychange', () => {
    clearTimeout(hiding);
    if (document.hidden) hiding = setTimeout(pauseConnection, CLOSE_HIDDEN_AFTER_MS);
    else if (source === null) open();
  });
  window.addEventListener('online', () => {
    if (!document.hidden) open();
  });
}

function open(): void {
  close();
  const opened = new EventSource('/page/stream');
  source = opened;
  for (const event of EVENTS) opened.addEventListener(event, ({ data }: MessageEvent<string>) => received(event, data));
  opened.addEventListener('error', lost);
  restartWatchdog();
}

/** Closes the connection until the page is visible again. */
function pauseConnection(): void {
  close();
  link.value = 'connecting';
}

function close(): void {
  clearTimeout(retry);
  clearTimeout(watchdog);
  source?.close();
  source = null;
}

function received(event: keyof PageEvents, data: string): void {
  pause = RECONNECT_AFTER_MS;
  restartWatchdog();
  const before = hello.peek()?.build;
  apply(event, JSON.parse(data) as never);
  if (event === 'hello') forgetSamples();
  const build = hello.peek()?.build;
  // Portward has been updated, and has another page.
  if (before !== undefined && build !== undefined && before !== build) location.reload();
}

function restartWatchdog(): void {
  clearTimeout(watchdog);
  watchdog = setTimeout(lost, SILENT_AT_MOST_MS);
}

function lost(): void {
  close();
  link.value = 'lost';
  if (document.hidden) return;
  retry = setTimeout(open, pause);
  pause = Math.min(RECONNECT_AFTER_MS_AT_MOST, pause * 1.5);
}
