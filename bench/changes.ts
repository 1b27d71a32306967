import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { EnginesWatch } from '../simulator/engines-watch';
import type { ProxyEngine } from '../simulator/proxy-client';
import type { SimulatedVpn } from '../simulator/vpn-container';
import { bareContainers } from './bare-container';
import { progress } from './progress';
import { median, type Row } from './row';
import { Site } from './site';

interface Changes {
  /** From the new port at the control server until a client's `/engines` lacks the old engine; ms. */
  readonly hidden: readonly number[];
  /** From the same time until a client's `/engines` has the new engine, less STARTUP_MS; ms. */
  readonly listed: readonly number[];
}

const STARTUP_MS = 1_000;
/** The default of GLUETUN_HEALTH_CHECK_INTERVAL_S. */
const CHECK_EVERY_MS = 5_000;
const PORT_STEP = 100;
const CHANGES = 10;
const LIMIT_MS = 60_000;
const VPNS = 2;

/** Port changes in real Docker with a recheck hint, and for comparison the time that Docker alone takes. */
export async function changesInDocker(docker: Docker): Promise<Row[]> {
  const { hidden, listed } = await changes(docker, { count: CHANGES, hints: true });
  progress('bare containers, for comparison');
  const { created, answering, booted } = await bareContainers(docker, CHANGES);
  const boot = median(booted);
  return [
    {
      what: 'port change in real Docker → hidden, with a recheck hint',
      unit: 'ms',
      values: hidden,
      bound: { of: 'max', is: 'at most', value: 120 },
    },
    {
      what: `  → new engine listed, less its own start-up (${Math.round(boot)} ms and STARTUP_MS)`,
      unit: 'ms',
      values: listed.map((ms) => ms - boot),
      bound: { of: 'max', is: 'at most', value: 500 },
    },
    { what: '  for comparison, Docker alone: create and start a container', unit: 'ms', values: created, bound: null },
    {
      what: '  for comparison, Docker alone: until the engine in it answers',
      unit: 'ms',
      values: answering,
      bound: null,
    },
  ];
}

/** Port changes in real Docker without an up-command: Portward notices them by the log of the VPN's container. */
export async function unconfigured(docker: Docker): Promise<Row[]> {
  const { hidden } = await changes(docker, { count: CHANGES, hints: false });
  return [
    {
      what: 'port change in real Docker → hidden, with nothing configured',
      unit: 'ms',
      values: hidden,
      bound: { of: 'max', is: 'at most', value: 250 },
    },
  ];
}

/**
 * Makes `count` changes, one after the other. Each VPN changes once, so several sites follow one another: Portward slows down
 * frequent changes of one VPN, and with many VPNs on one site the measurement would cost more than the measured work.
 */
async function changes(docker: Docker, { count, hints }: { count: number; hints: boolean }): Promise<Changes> {
  const hidden: number[] = [];
  const listed: number[] = [];
  while (hidden.length < count) {
    const site = await Site.open(docker, { vpns: VPNS, engines: 1, engineStartupMs: STARTUP_MS, hints });
    try {
      for (const vpn of site.vpns) {
        // At a random time between two checks, as with a real change.
        await sleep(Math.random() * CHECK_EVERY_MS);
        const times = await change(site, vpn);
        hidden.push(times.hidden);
        listed.push(times.listed - STARTUP_MS);
        progress(
          `change ${hidden.length} of ${count}: hidden after ${times.hidden} ms, listed after ${times.listed} ms`,
        );
        await site.untilQuiet();
      }
    } finally {
      await site.close();
    }
  }
  return { hidden, listed };
}

/** Changes the VPN's port; resolves with the times since the control server had the new port; ms. The VPN needs a forwarded engine. */
export async function change(site: Site, vpn: SimulatedVpn): Promise<{ hidden: number; listed: number }> {
  const watch = new EnginesWatch(site.portward.url);
  const until = (what: string, holds: (list: readonly ProxyEngine[]) => boolean): Promise<number> =>
    watch.until(what, holds, { limitMs: LIMIT_MS });
  try {
    await until(
      'all forwarded engines',
      (list) => list.filter((e) => e.forwarded === true).length === site.vpns.length,
    );
    const old = watch.engines?.find((engine) => engine.vpn_container === vpn.name)?.container_id;
    const port = (await vpn.state()).port + PORT_STEP;
    const [{ newPortSetAt }, hiddenAt, listedAt] = await Promise.all([
      vpn.changePort(port),
      until('the old engine hidden', (list) => list.every((e) => e.container_id !== old)),
      until(`an engine forwarded on ${port}`, (list) => list.some((e) => e.forwarded === true && e.p2p_port === port)),
    ]);
    return { hidden: hiddenAt - newPortSetAt, listed: listedAt - newPortSetAt };
  } finally {
    await watch.stop();
  }
}
