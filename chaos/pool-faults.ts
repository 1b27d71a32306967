import { setTimeout as sleep } from 'node:timers/promises';
import { exchange, type Exchange } from '../simulator/http-exchange';
import { listed } from './engine-faults';
import { VPN_NAMES, type Fault } from './faults';
import { NotPossible } from './hindrance';
import type { Scene } from './scene';
import { ENGINES_A_VPN } from './site';

type Of<Kind extends Fault['kind']> = Extract<Fault, { kind: Kind }>;

const REQUEST_LIMIT_MS = 3_000;
const TAKEN_LIMIT_MS = 90_000;
const ASK_AGAIN_MS = 200;

export async function deleteEngine(scene: Scene, { vpn, role }: Of<'engine-delete'>): Promise<string> {
  const engine = await listed(scene, vpn, role);
  const end = scene.truth.begin('order', engine.id);
  try {
    await ask(scene, 'DELETE', `/containers/${engine.id}`);
    return engine.name;
  } finally {
    end();
  }
}

export async function collectGarbage(scene: Scene): Promise<string> {
  await ask(scene, 'POST', '/gc');
  return '';
}

export async function scale(scene: Scene, { engines, forMs }: Of<'scale'>): Promise<string> {
  try {
    await ask(scene, 'POST', `/scale/${engines}`);
    await sleep(forMs);
    return '';
  } finally {
    await untilAccepted(scene, `/scale/${ENGINES_A_VPN * VPN_NAMES.length}`);
    // Portward removes the idle ones of the surplus engines at once. Some of the others have streams by now.
    await untilAccepted(scene, '/gc');
  }
}

/** Repeats the request until it is accepted, since any part of Portward may be away. */
async function untilAccepted(scene: Scene, path: string): Promise<void> {
  const deadline = Date.now() + TAKEN_LIMIT_MS;
  for (;;) {
    try {
      await ask(scene, 'POST', path);
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await sleep(ASK_AGAIN_MS);
  }
}

/** @throws NotPossible when the request is refused, because a part of Portward is away or the engine is gone */
async function ask({ site, watch }: Scene, method: Exchange['method'], path: string): Promise<void> {
  const { status, body } = await exchange({ method, url: `${site.api.url}${path}`, limitMs: REQUEST_LIMIT_MS });
  const request = `${method} ${path}`;
  watch.tell({ kind: 'api answer', at: Date.now(), request, status, body });
  if (status !== 200) throw new NotPossible(`${request}: ${status} ${body.slice(0, 120)}`);
}
