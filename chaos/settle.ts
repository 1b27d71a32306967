import { setTimeout as sleep } from 'node:timers/promises';
import type { ReplacementJson } from '../src/api/schemas';
import { VPN_LABEL } from '../simulator/run-label';
import { httpGet } from '../simulator/http-get';
import { SETTLE_MS } from './checker/limits';
import { dueAt } from './failure-spacing';
import { VPN_NAMES, type VpnName } from './faults';
import type { Scene } from './scene';
import { unsettled, type VpnWorld } from './settled';
import { ENGINES_A_VPN, LIMITS } from './site';

const LOOK_EVERY_MS = 200;
const REQUEST_LIMIT_MS = 3_000;

export interface Settled {
  /** From the end of the last fault. */
  readonly ms: number;
  /** Empty when it has. */
  readonly wrong: readonly string[];
  readonly replacements: readonly ReplacementJson[];
}

/** Waits until everything is as it is to be, at most for as long as is promised (I3). */
export async function settle(scene: Scene, from: number, signal: AbortSignal): Promise<Settled> {
  for (;;) {
    const looked = Date.now();
    const replacements = new Map<VpnName, ReplacementJson[] | null>();
    for (const vpn of VPN_NAMES) replacements.set(vpn, await replacementsOf(scene, vpn));
    const worlds = await Promise.all(VPN_NAMES.map((vpn) => look(scene, vpn, looked, replacements.get(vpn) ?? null)));
    const wrong = worlds.flatMap((world) => unsettled(world, ENGINES_A_VPN));
    const all = [...replacements.values()].flatMap((some) => some ?? []);
    const ms = Date.now() - from;
    if (wrong.length === 0) return { ms, wrong, replacements: all };
    const spaced = [...replacements.values()].map((some) => dueAt(some ?? [], looked) - from);
    if (ms > Math.max(SETTLE_MS, ...spaced) + LIMITS.startupMs) return { ms, wrong, replacements: all };
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

async function look(
  scene: Scene,
  vpn: VpnName,
  after: number,
  replacements: readonly ReplacementJson[] | null,
): Promise<VpnWorld> {
  const { site, truth, watch } = scene;
  const list = await watch.untilFresh(after, REQUEST_LIMIT_MS);
  try {
    const containers = await site.docker.listContainers({
      all: true,
      filters: { label: [site.containerLabel, `${VPN_LABEL}=${site.containerName(vpn)}`] },
    });
    const { State } = await site.docker.getContainer(site.vpn(vpn).containerId).inspect();
    return {
      vpn,
      port: truth.portOf(vpn),
      healthy: State.Running && State.Health?.Status === 'healthy',
      listed: list?.engines.filter((engine) => engine.vpn === vpn) ?? null,
      containers: containers.map((c) => ({
        id: c.Id,
        name: (c.Names[0] ?? '').slice(1),
        running: c.State === 'running',
      })),
      replacements,
    };
  } catch {
    return { vpn, port: 0, healthy: false, listed: null, containers: [], replacements };
  }
}

async function replacementsOf({ site, watch }: Scene, vpn: VpnName): Promise<ReplacementJson[] | null> {
  const path = `/vpns/${site.containerName(vpn)}/replacements`;
  try {
    const { status, body } = await httpGet(`${site.api.url}${path}`, { limitMs: REQUEST_LIMIT_MS });
    watch.tell({ kind: 'api answer', at: Date.now(), request: `GET ${path}`, status, body });
    return status === 200 ? (JSON.parse(body) as ReplacementJson[]) : null;
  } catch {
    return null;
  }
}
