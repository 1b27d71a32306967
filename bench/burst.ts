import { EnginesWatch } from '../simulator/engines-watch';
import { progress } from './progress';
import type { Row } from './row';
import { Site } from './site';

const STARTUP_MS = 1_000;
const PORT_STEP = 1_000;
const LIMIT_MS = 300_000;

/** When a client sees the steps of one VPN's change; ms since the epoch. */
interface Seen {
  readonly old: string;
  hiddenAt: number | null;
  listedAt: number | null;
}

/** All VPNs get another port in the same second. */
export async function burst(vpns: number): Promise<Row[]> {
  const site = await Site.openSimulated({ vpns, engines: vpns, engineStartupMs: STARTUP_MS, hints: false });
  try {
    const seen = new Map<string, Seen>();
    const newPorts = new Map(site.vpns.map((vpn, i) => [vpn.name, site.portOf(i) + PORT_STEP]));
    const watch = new EnginesWatch(site.portward.url, (engines) => {
      const now = Date.now();
      const there = new Set(engines.map((engine) => engine.container_id));
      for (const change of seen.values()) if (!there.has(change.old)) change.hiddenAt ??= now;
      for (const engine of engines) {
        const change = seen.get(engine.vpn_container ?? '');
        const isNew = engine.forwarded === true && engine.p2p_port === newPorts.get(engine.vpn_container ?? '');
        if (change && isNew) change.listedAt ??= now;
      }
    });
    try {
      await watch.until('all engines', (list) => list.length === vpns, { limitMs: LIMIT_MS });
      for (const { vpn_container: vpn, container_id: old } of watch.engines ?? [])
        seen.set(vpn ?? '', { old: old ?? '', hiddenAt: null, listedAt: null });
      progress(`${vpns} VPNs change their ports`);
      const changes = await Promise.all(site.vpns.map((vpn) => vpn.changePort(newPorts.get(vpn.name) ?? 0)));
      const all = [...seen.values()];
      const tell = setInterval(() => {
        const hidden = all.filter((s) => s.hiddenAt !== null).length;
        progress(`${hidden} of ${vpns} hidden, ${all.filter((s) => s.listedAt !== null).length} listed`);
      }, 10_000);
      try {
        const done = () => all.every(({ hiddenAt, listedAt }) => hiddenAt !== null && listedAt !== null);
        await watch.until('every VPN with its new engine', done, { limitMs: LIMIT_MS });
      } finally {
        clearInterval(tell);
      }
      const since = (at: 'hiddenAt' | 'listedAt'): number[] =>
        site.vpns.map((vpn, i) => (seen.get(vpn.name)?.[at] ?? NaN) - (changes[i]?.newPortSetAt ?? NaN));
      const what = `${vpns} ports change in the same second, no hints`;
      return [
        {
          what: `${what} → hidden`,
          unit: 'ms',
          values: since('hiddenAt'),
          bound: { of: 'max', is: 'at most', value: 3_000 },
        },
        {
          what: `${what} → new engines listed (own start ${STARTUP_MS} ms)`,
          unit: 'ms',
          values: since('listedAt'),
          bound: { of: 'max', is: 'at most', value: 30_000 },
        },
      ];
    } finally {
      await watch.stop();
    }
  } finally {
    await site.close();
  }
}
