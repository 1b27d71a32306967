import type { PageEvents } from '../../src/api/page/state';
import { forgetSamples, heard, hello, link } from './store';

// The one connection. It comes back by itself, and is let go of while nobody looks: a browser has six for one address, and a page
// that lies behind others needs none.

/** Portward says something every 10 s. */
const SILENT_AT_MOST_MS = 25_000;
const COME_BACK_AFTER_MS = 1_000;
const COME_BACK_AFTER_MS_AT_MOST = 5_000;
const HIDDEN_FOR_MS = 30_000;

const EVENTS: readonly (keyof PageEvents)[] = ['hello', 'vpn', 'news', 'samples', 'beat'];

let source: EventSource | null = null;
let retry: ReturnType<typeof setTimeout> | undefined;
let watchdog: ReturnType<typeof setTimeout> | undefined;
let hiding: ReturnType<typeof setTimeout> | undefined;
let pause = COME_BACK_AFTER_MS;

export function connect(): void {
  open();
  document.addEventListener('visibilitychange', () => {
    clearTimeout(hiding);
    if (document.hidden) hiding = setTimeout(leave, HIDDEN_FOR_MS);
    else if (source === null) open();
  });
  window.addEventListener('online', open);
}

function open(): void {
  close();
  const opened = new EventSource('/page/stream');
  source = opened;
  for (const event of EVENTS) opened.addEventListener(event, ({ data }: MessageEvent<string>) => take(event, data));
  opened.addEventListener('error', lost);
  alive();
}

/** Until somebody looks again. */
function leave(): void {
  close();
  link.value = 'connecting';
}

function close(): void {
  clearTimeout(retry);
  clearTimeout(watchdog);
  source?.close();
  source = null;
}

function take(event: keyof PageEvents, data: string): void {
  pause = COME_BACK_AFTER_MS;
  alive();
  const before = hello.peek()?.build;
  heard(event, JSON.parse(data) as never);
  if (event === 'hello') forgetSamples();
  const build = hello.peek()?.build;
  // Another release of Portward, whose page this is not.
  if (before !== undefined && build !== undefined && before !== build) location.reload();
}

function alive(): void {
  clearTimeout(watchdog);
  watchdog = setTimeout(lost, SILENT_AT_MOST_MS);
}

function lost(): void {
  close();
  link.value = 'lost';
  if (document.hidden) return;
  retry = setTimeout(open, pause);
  pause = Math.min(COME_BACK_AFTER_MS_AT_MOST, pause * 1.5);
}
