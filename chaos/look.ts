import type { ReplacementJson } from '../src/api/schemas/engines';
import { askAdmin } from '../simulator/admin-client';
import { httpGet } from '../simulator/http-get';
import { VPN_LABEL } from '../simulator/run-label';
import type { ListedEngine } from './checker/facts';
import type { VpnName } from './faults';
import type { Scene } from './scene';
import type { VpnWorld } from './settled';

const REQUEST_LIMIT_MS = 3_000;
const P2P_LABEL = 'acestream.p2p_port';

/** One look at a VPN through the API, Docker, the simulated provider and the forwarded engine. */
export async function look(
  scene: Scene,
  vpn: VpnName,
  after: number,
  replacements: readonly ReplacementJson[] | null,
): Promise<VpnWorld> {
  const { site, truth, watch } = scene;
  const list = await watch.untilFresh(after, REQUEST_LIMIT_MS);
  const listed = list?.engines.filter((engine) => engine.vpn === vpn) ?? null;
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
      listed,
      listensOn: await listensOn(
        scene,
        listed?.find(({ forwarded }) => forwarded),
      ),
      containers: containers.map((c) => ({
        id: c.Id,
        name: (c.Names[0] ?? '').slice(1),
        running: c.State === 'running',
        p2pLabel: c.Labels[P2P_LABEL] ?? null,
      })),
      replacements,
    };
  } catch {
    return { vpn, port: 0, healthy: false, listed: null, listensOn: null, containers: [], replacements };
  }
}

/** The P2P port by the engine's own answer, whatever Portward and the labels say; null: no answer, or no such port. */
async function listensOn({ site }: Scene, engine: ListedEngine | undefined): Promise<number | null> {
  if (engine === undefined) return null;
  const url = `http://${site.vpn(engine.vpn).address}:${engine.httpPort}/simulator/state`;
  try {
    const { ports } = await askAdmin<{ ports: { p2p: number | null } }>(url, { limitMs: REQUEST_LIMIT_MS });
    return ports.p2p;
  } catch {
    return null;
  }
}

/** Null: the API does not answer with 200. */
export async function replacementsOf({ site, watch }: Scene, vpn: VpnName): Promise<ReplacementJson[] | null> {
  const path = `/vpns/${site.containerName(vpn)}/replacements`;
  try {
    const { status, body } = await httpGet(`${site.api.url}${path}`, { limitMs: REQUEST_LIMIT_MS });
    watch.tell({ kind: 'api answer', at: Date.now(), request: `GET ${path}`, status, body });
    return status === 200 ? (JSON.parse(body) as ReplacementJson[]) : null;
  } catch {
    return null;
  }
}
