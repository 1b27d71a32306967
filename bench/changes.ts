import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { EnginesWatch } from '../simulator/engines-watch';
import type { ProxyEngine } from '../simulator/proxy-client';
import type { SimulatedVpn } from '../simulator/vpn-container';
import { progress } from './progress';
import { Site } from './site';

export interface Changes {
  /** From the new port at the control server until a client's `/engines` lacks the old engine; ms. */
  readonly hidden: readonly number[];
  /** From the same until a client's `/engines` has the new one, without STARTUP_MS; ms. */
  readonly listed: readonly number[];
}

const STARTUP_MS = 1_000;
const PORT_STEP = 1_000;
const LIMIT_MS = 60_000;
const VPNS = 2;

/**
 * `count` changes, one after the other. As many sites are made one after the other as it takes for one change a VPN: many
 * changes of one VPN would be a storm, and many VPNs on one site would make watching cost more than what is watched.
 */
export async function changes(
  docker: Docker,
  { count, hints, checkIntervalS }: { count: number; hints: boolean; checkIntervalS: number | null },
): Promise<Changes> {
  const env: Record<string, string> =
    checkIntervalS === null ? {} : { GLUETUN_HEALTH_CHECK_INTERVAL_S: String(checkIntervalS) };
  const hidden: number[] = [];
  const listed: number[] = [];
  while (hidden.length < count) {
    const site = await Site.open(docker, { vpns: VPNS, engines: 1, engineStartupMs: STARTUP_MS, hints, env });
    try {
      for (const vpn of site.vpns) {
        // Anywhere between two checks, as a real change.
        await sleep(Math.random() * 1000 * (checkIntervalS ?? 0));
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

async function change(site: Site, vpn: SimulatedVpn): Promise<{ hidden: number; listed: number }> {
  const watch = new EnginesWatch(site.portward.url);
  const until = (what: string, holds: (list: readonly ProxyEngine[]) => boolean): Promise<number> =>
    watch.until(what, holds, { limitMs: LIMIT_MS });
  try {
    await until('all forwarded engines', (list) => list.filter((e) => e.forwarded === true).length === VPNS);
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
