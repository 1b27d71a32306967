import { setTimeout as sleep } from 'node:timers/promises';
import { askAdmin } from '../simulator/admin-client';
import type { ContainerEvent, ListedEngine } from './checker/facts';
import type { EngineRole, Fault, StormyVpn } from './faults';
import type { Scene } from './scene';
import { changePort } from './vpn-faults';

type Of<Kind extends Fault['kind']> = Extract<Fault, { kind: Kind }>;

const CREATED_LIMIT_MS = 10_000;
const REQUEST_LIMIT_MS = 3_000;

export async function crash(scene: Scene, { vpn, role }: Of<'engine-crash'>): Promise<string> {
  const engine = listed(scene, vpn, role);
  return hurting(scene, engine.id, async () => {
    await askEngine(scene, engine, 'crash', {});
    return engine.name;
  });
}

export async function kill(scene: Scene, { vpn, role }: Of<'engine-kill'>): Promise<string> {
  const { id, name } = listed(scene, vpn, role);
  return hurting(scene, id, async () => {
    await scene.site.docker.getContainer(id).kill();
    return name;
  });
}

export async function remove(scene: Scene, { vpn, role }: Of<'engine-remove'>): Promise<string> {
  const { id, name } = listed(scene, vpn, role);
  return removeById(scene, id, name);
}

export async function hang(scene: Scene, { vpn, role, forMs }: Of<'engine-hang'>): Promise<string> {
  const engine = listed(scene, vpn, role);
  return hurting(scene, engine.id, async () => {
    await askEngine(scene, engine, 'hang', { hang: true });
    await sleep(forMs);
    // It may have been replaced meanwhile, which is what it is for.
    await askEngine(scene, engine, 'hang', { hang: false }).catch(() => {});
    return engine.name;
  });
}

export async function cutReplacement(scene: Scene, fault: Of<'replacement-cut'>): Promise<string> {
  const { vpn, port, side, afterMs } = fault;
  const old = scene.watch.engine(vpn, 'forwarded');
  const prefix = `acestream_fwd_${scene.site.containerName(vpn)}_`;
  const created = scene.watch.until(
    (fact): fact is ContainerEvent =>
      fact.kind === 'container event' && fact.action === 'create' && fact.name.startsWith(prefix),
    CREATED_LIMIT_MS,
  );
  await changePort(scene, vpn, port);
  const victim = side === 'old' ? old : await created;
  if (victim === null) throw new Error(`there is no ${side} engine`);
  await sleep(afterMs);
  return removeById(scene, victim.id, victim.name);
}

export async function forceReplacement(scene: Scene, { vpn, role }: Of<'force-replace'>): Promise<string> {
  const { site, watch } = scene;
  const engine = role === 'plain' ? listed(scene, vpn, role) : null;
  const path = `/vpns/${site.containerName(vpn)}/replacements`;
  const response = await fetch(`${site.api.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(engine ? { engine: engine.id, reason: 'chaos' } : { reason: 'chaos' }),
    signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
  });
  const body = await response.text();
  watch.tell({ kind: 'api answer', at: Date.now(), request: `POST ${path}`, status: response.status, body });
  return `${response.status} ${response.ok ? '' : body.slice(0, 120)}`;
}

function listed({ watch }: Scene, vpn: StormyVpn, role: EngineRole): ListedEngine {
  const engine = watch.engine(vpn, role);
  if (engine === null) throw new Error(`no ${role} engine is listed on VPN ${vpn}`);
  return engine;
}

async function removeById(scene: Scene, id: string, name: string): Promise<string> {
  return hurting(scene, id, async () => {
    await scene.site.docker.getContainer(id).remove({ force: true });
    return name;
  });
}

async function hurting({ truth }: Scene, id: string, doIt: () => Promise<string>): Promise<string> {
  const end = truth.begin('engine', id);
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
