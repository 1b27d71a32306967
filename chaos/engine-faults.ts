import { setTimeout as sleep } from 'node:timers/promises';
import { askAdmin } from '../simulator/admin-client';
import { isMissing } from '../simulator/docker-errors';
import type { ContainerEvent, ListedEngine } from './checker/facts';
import type { EngineRole, Fault, StormyVpn } from './faults';
import { NotPossible } from './hindrance';
import { awaited } from './patience';
import type { Scene } from './scene';
import { PORTS } from './schedule';
import { changePort } from './vpn-faults';

type Of<Kind extends Fault['kind']> = Extract<Fault, { kind: Kind }>;

const CREATED_LIMIT_MS = 10_000;
const REQUEST_LIMIT_MS = 3_000;
const LISTED_LIMIT_MS = 2_000;
/** A list older than this may be from before an outage, and its engines may be gone. */
const FRESH_MS = 500;
const FRESH_LIMIT_MS = 10_000;
const AT_ONCE_MS = 2_000;

export async function crash(scene: Scene, { vpn, role }: Of<'engine-crash'>): Promise<string> {
  const engine = await listed(scene, vpn, role);
  return hurting(scene, engine, async () => {
    await askEngine(scene, engine, 'crash', {});
    return engine.name;
  });
}

export async function kill(scene: Scene, { vpn, role }: Of<'engine-kill'>): Promise<string> {
  const engine = await listed(scene, vpn, role);
  return hurting(scene, engine, async () => {
    await scene.site.docker.getContainer(engine.id).kill();
    return engine.name;
  });
}

export async function remove(scene: Scene, { vpn, role }: Pick<Of<'engine-remove'>, 'vpn' | 'role'>): Promise<string> {
  return removeIt(scene, await listed(scene, vpn, role));
}

export async function hang(scene: Scene, { vpn, role, forMs }: Of<'engine-hang'>): Promise<string> {
  const engine = await listed(scene, vpn, role);
  const end = scene.truth.beginOnEngine('hang', engine);
  try {
    await askEngine(scene, engine, 'hang', { hang: true });
    await sleep(forMs);
    // Portward may have replaced the engine meanwhile, as it should.
    await askEngine(scene, engine, 'hang', { hang: false }).catch(() => {});
    return engine.name;
  } finally {
    end();
  }
}

/** Cuts the replacement that follows a port change. If Portward makes that wait, it forces a replacement and cuts it. */
export async function cutReplacement(scene: Scene, fault: Of<'replacement-cut'>): Promise<string> {
  const { vpn, port, side, afterMs } = fault;
  const old = await awaited(() => scene.watch.engine(vpn, 'forwarded'), LISTED_LIMIT_MS);
  const created = nextForwarded(scene, vpn);
  const current = scene.truth.portOf(vpn);
  const next = port === current ? PORTS[vpn].find((other) => other !== current) : port;
  await changePort(scene, vpn, next ?? port);
  const atOnce = await Promise.race([created, sleep(AT_ONCE_MS, null)]);
  if (atOnce === null) await forceReplacement(scene, { vpn, role: 'forwarded' });
  const fresh = atOnce ?? (await created);
  if (fresh === null) throw new NotPossible(`no forwarded engine was made within ${CREATED_LIMIT_MS} ms`);
  await sleep(afterMs);
  for (const victim of side === 'old' && old !== null ? [old, fresh] : [fresh]) {
    try {
      return await removeIt(scene, { id: victim.id, name: victim.name, vpn });
    } catch (error) {
      // Already removed: its grace was over, or the port has changed again.
      if (!isMissing(error)) throw error;
    }
  }
  return remove(scene, { vpn, role: 'forwarded' });
}

function nextForwarded({ site, watch }: Scene, vpn: StormyVpn): Promise<ContainerEvent | null> {
  const prefix = `acestream_fwd_${site.containerName(vpn)}_`;
  return watch.until(
    (fact): fact is ContainerEvent =>
      fact.kind === 'container event' && fact.action === 'create' && fact.name.startsWith(prefix),
    CREATED_LIMIT_MS,
  );
}

export async function forceReplacement(
  scene: Scene,
  { vpn, role }: Pick<Of<'force-replace'>, 'vpn' | 'role'>,
): Promise<string> {
  const { site, truth, watch } = scene;
  const engine = role === 'plain' ? await listed(scene, vpn, role) : null;
  const path = `/vpns/${site.containerName(engine?.vpn ?? vpn)}/replacements`;
  const end = truth.begin('order', engine?.id ?? vpn);
  try {
    const response = await fetch(`${site.api.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(engine ? { engine: engine.id, reason: 'chaos' } : { reason: 'chaos' }),
      signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
    });
    const body = await response.text();
    watch.tell({ kind: 'api answer', at: Date.now(), request: `POST ${path}`, status: response.status, body });
    return `${response.status} ${response.ok ? '' : body.slice(0, 120)}`;
  } finally {
    end();
  }
}

/** A listed engine: of that role and VPN if possible, otherwise of the other role or the other VPN. @throws NotPossible */
export async function listed({ watch }: Scene, vpn: StormyVpn, role: EngineRole): Promise<ListedEngine> {
  const isFresh = () => watch.list !== null && Date.now() - watch.list.at < FRESH_MS;
  await awaited(() => (isFresh() ? true : null), FRESH_LIMIT_MS);
  const first = await awaited(() => watch.engine(vpn, role), LISTED_LIMIT_MS);
  const otherVpn = vpn === 'a' ? 'b' : 'a';
  const otherRole = role === 'plain' ? 'forwarded' : 'plain';
  const engine = first ?? watch.engine(vpn, otherRole) ?? watch.engine(otherVpn, role);
  if (engine === null) throw new NotPossible('no engine is listed on either VPN');
  return engine;
}

type Victim = Pick<ListedEngine, 'id' | 'name' | 'vpn'>;

async function removeIt(scene: Scene, victim: Victim): Promise<string> {
  const { id, name } = victim;
  return hurting(scene, victim, async () => {
    await scene.site.docker.getContainer(id).remove({ force: true });
    return name;
  });
}

async function hurting({ truth }: Scene, victim: Victim, doIt: () => Promise<string>): Promise<string> {
  const end = truth.beginOnEngine('engine', victim);
  try {
    return await doIt();
  } finally {
    end();
  }
}

async function askEngine({ site }: Scene, { vpn, httpPort }: ListedEngine, what: string, body: object): Promise<void> {
  const url = `http://${site.vpn(vpn).address}:${httpPort}/simulator/${what}`;
  await askAdmin(url, { method: 'PUT', body, limitMs: REQUEST_LIMIT_MS });
}
