import { createHmac } from 'node:crypto';
import type { Instant, Port } from '../../domain/engine';
import type { ReplacementView, VpnStatusView } from '../../domain/vpn/status-view';
import type { SealingKey } from '../../secrets/seal';
import type { VpnFacts } from './decision';
import type { ProvisionBody } from '../schemas/provisioning';

// What tells one request for an engine from another. A proxy that has not got its answer in time asks again, with the
// same body and maybe through another API process, and has to meet the engine that is being brought up for it.

/** What is asked for, with nothing left out. */
export interface EngineOrder {
  readonly labels: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly httpPort: Port | null;
}

export function engineOrder({ labels, env, host_port }: ProvisionBody): EngineOrder {
  return { labels: labels ?? {}, env: env ?? {}, httpPort: host_port ?? null };
}

/** Whether any engine will do. */
export function wantsNoneInParticular({ labels, env, httpPort }: EngineOrder): boolean {
  return httpPort === null && Object.keys(labels).length === 0 && Object.keys(env).length === 0;
}

function sorted(texts: Readonly<Record<string, string>>): (readonly [string, string])[] {
  return Object.entries(texts).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/**
 * Begins the request id of each provisioning that was asked for with these words. It is in histories, where the
 * environment must not be found out by trying; so it takes the key to make one.
 * @param key null: the order has no environment
 */
export function requestIdPrefix({ labels, env, httpPort }: EngineOrder, key: SealingKey | null): string {
  const own = createHmac('sha256', key ?? '')
    .update('portward provisioning request')
    .digest();
  const words = JSON.stringify([sorted(labels), sorted(env), httpPort]);
  return `provision-${createHmac('sha256', own).update(words).digest('hex').slice(0, 32)}-`;
}

/** The next provisioning of a VPN. Two API processes that see the same state make the same one, which is then one engine. */
export function nextRequestId(prefix: string, { lineage, nextNumber }: VpnStatusView): string {
  return `${prefix}${lineage}-${nextNumber}`;
}

/** The provisioning that a repeat of a request meets, and its VPN; null: there is none to meet. */
export function metByRepeat(
  vpns: readonly VpnFacts[],
  prefix: string,
  now: Instant,
): { readonly vpn: string; readonly replacement: ReplacementView } | null {
  for (const { vpn, view } of vpns) {
    const replacement = view?.replacements.findLast((r) => r.requestId?.startsWith(prefix) && isMet(r, view, now));
    if (replacement) return { vpn, replacement };
  }
  return null;
}

/** While it is brought up, and as long afterwards as a boot may take, if nobody has used it meanwhile. */
function isMet(replacement: ReplacementView, view: VpnStatusView, now: Instant): boolean {
  if (!view.healthy || replacement.target === null) return false;
  if (replacement.readyAt === null) return replacement.state === 'running' && replacement.heldUntil === null;
  const engine = view.engines.find((e) => e.id === replacement.newEngine?.id);
  const repeatable = now - replacement.readyAt < view.startupTimeoutMs;
  return repeatable && engine !== undefined && engine.lastUsedAt === null;
}
