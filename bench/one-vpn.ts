import { setTimeout as sleep } from 'node:timers/promises';
import { change } from './changes';
import { progress } from './progress';
import type { Row } from './row';
import { Site } from './site';

const CHANGES = 30;
const STARTUP_MS = 1_000;
/** The default of GLUETUN_HEALTH_CHECK_INTERVAL_S. */
const CHECK_EVERY_MS = 5_000;

/** One VPN whose port changes many times, first with a hint from its up-command, then without. */
export async function oneVpn(): Promise<Row[]> {
  const hinted = await changes(true);
  const found = await changes(false);
  const own = `${STARTUP_MS} ms`;
  return [
    row('one VPN, port change with a hint → hidden (median)', hinted.hidden, atMost('median', 50)),
    row('  the same (max)', hinted.hidden, atMost('max', 120)),
    row(`  → new engine listed, less its own start (${own})`, hinted.listed, null),
    row(
      `  → the same, also less Docker's create and start (${hinted.dockerMs} ms)`,
      hinted.apart,
      atMost('median', 300),
    ),
    row('one VPN, port change, nothing configured → hidden (median)', found.hidden, atMost('median', 100)),
    row('  the same (max)', found.hidden, atMost('max', 250)),
  ];
}

function atMost(of: 'median' | 'max', value: number): Row['bound'] {
  return { of, is: 'at most', value };
}

function row(what: string, values: readonly number[], bound: Row['bound']): Row {
  return { what, unit: 'ms', values, bound };
}

interface Changes {
  readonly hidden: readonly number[];
  readonly listed: readonly number[];
  /** Like `listed`, without Docker's part. */
  readonly apart: readonly number[];
  readonly dockerMs: number;
}

async function changes(hints: boolean): Promise<Changes> {
  // Otherwise Portward would wait between changes that are so frequent.
  const env = { PORT_CHANGE_SPACING_MAX_S: '0' };
  const site = await Site.openSimulated({ vpns: 1, engines: 1, engineStartupMs: STARTUP_MS, hints, env });
  try {
    const [vpn] = site.vpns;
    if (!vpn) throw new Error('the site has no VPN');
    const { createMs, startMs } = site.dockerTimes;
    const dockerMs = createMs + startMs;
    const hidden: number[] = [];
    const listed: number[] = [];
    while (hidden.length < CHANGES) {
      // At a random time between two checks, as with a real change.
      if (!hints) await sleep(Math.random() * CHECK_EVERY_MS);
      const times = await change(site, vpn);
      hidden.push(times.hidden);
      listed.push(times.listed - STARTUP_MS);
      progress(
        `change ${hidden.length} of ${CHANGES}: hidden after ${times.hidden} ms, listed after ${times.listed} ms`,
      );
      await site.untilQuiet();
    }
    return { hidden, listed, apart: listed.map((ms) => ms - dockerMs), dockerMs };
  } finally {
    await site.close();
  }
}
