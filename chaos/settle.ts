import { setTimeout as sleep } from 'node:timers/promises';
import type { ReplacementJson } from '../src/api/schemas/engines';
import { SETTLE_MS } from './checker/limits';
import { dueAt, FAILURE_MEMORY_MS } from './failure-backoff';
import { failuresCaused } from './failures-caused';
import { VPN_NAMES, type VpnName } from './faults';
import { Hold } from './hold';
import { look, replacementsOf } from './look';
import type { Scene } from './scene';
import { unsettled } from './settled';
import { ENGINES_A_VPN, LIMITS } from './site';

const LOOK_EVERY_MS = 200;
/** For so long faults count as causes of a failure: the replacement of a failed engine begins after the fault. */
export const CAUSES_KEPT_MS = FAILURE_MEMORY_MS + SETTLE_MS;

export interface Settled {
  /** From the last fault until all was well and stayed so; if it never was, until the limit. */
  readonly ms: number;
  /** Empty when all is well. */
  readonly wrong: readonly string[];
  readonly replacements: readonly ReplacementJson[];
}

/** Waits until all is well and stays so, at most for as long as I3 permits. */
export async function settle(scene: Scene, from: number, signal: AbortSignal): Promise<Settled> {
  const hold = new Hold();
  for (;;) {
    const looked = Date.now();
    const known = new Map<VpnName, ReplacementJson[] | null>();
    for (const vpn of VPN_NAMES) known.set(vpn, await replacementsOf(scene, vpn));
    const worlds = await Promise.all(VPN_NAMES.map((vpn) => look(scene, vpn, looked, known.get(vpn) ?? null)));
    const wrong = worlds.flatMap((world) => unsettled(world, ENGINES_A_VPN));
    const replacements = [...known.values()].flatMap((some) => some ?? []);
    const now = Date.now();
    const since = hold.look(wrong.length === 0, now);
    if (since !== null) return { ms: since - from, wrong, replacements };
    const backoffs = VPN_NAMES.map((vpn) => {
      const causes = { vpn, engines: ENGINES_A_VPN };
      return dueAt(known.get(vpn) ?? [], failuresCaused(scene.truth, causes, looked - CAUSES_KEPT_MS, now), looked);
    });
    const due = Math.max(from + SETTLE_MS, ...backoffs) + LIMITS.startupMs;
    if (wrong.length > 0 && now > due) return { ms: now - from, wrong, replacements };
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}
