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
    await untilTaken(scene, `/scale/${ENGINES_A_VPN * VPN_NAMES.length}`);
    // The idle ones among those that are too many now go at once. Viewers have chosen others of them meanwhile.
    await untilTaken(scene, '/gc');
  }
}

/** Whatever is away meanwhile. */
async function untilTaken(scene: Scene, path: string): Promise<void> {
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

/** @throws NotPossible when it is refused as while something is away, or is about what is gone */
async function ask({ site, watch }: Scene, method: Exchange['method'], path: string): Promise<void> {
  const { status, body } = await exchange({ method, url: `${site.api.url}${path}`, limitMs: REQUEST_LIMIT_MS });
  const request = `${method} ${path}`;
  watch.tell({ kind: 'api answer', at: Date.now(), request, status, body });
  if (status !== 200) throw new NotPossible(`${request}: ${status} ${body.slice(0, 120)}`);
}
