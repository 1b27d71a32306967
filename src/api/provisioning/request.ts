import { createHmac } from 'node:crypto';
import type { Instant, Port } from '../../domain/engine';
import type { ReplacementView, VpnStatusView } from '../../domain/vpn/status-view';
import type { SealingKey } from '../../secrets/seal';
import type { VpnCandidate } from './decision';
import type { ProvisionBody } from '../schemas/provisioning';

// Recognizes repeats of a request for an engine. A proxy that gets no answer in time sends the same body again, perhaps to another API
// process. It must get the engine that is already being brought up for it.

/** The body of a request, with every field set. */
export interface EngineOrder {
  readonly labels: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly httpPort: Port | null;
}

export function engineOrder({ labels, env, host_port }: ProvisionBody): EngineOrder {
  return { labels: labels ?? {}, env: env ?? {}, httpPort: host_port ?? null };
}

/** Whether the order has no requirements. */
export function acceptsAnyEngine({ labels, env, httpPort }: EngineOrder): boolean {
  return httpPort === null && Object.keys(labels).length === 0 && Object.keys(env).length === 0;
}

function sorted(texts: Readonly<Record<string, string>>): (readonly [string, string])[] {
  return Object.entries(texts).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/**
 * The beginning of the request ids of this order: the same for equal orders. Request ids are stored in workflow histories. It is a keyed
 * hash, so that nobody can find the environment by hashing guesses.
 * @param key null: the order has no environment
 */
export function requestIdPrefix({ labels, env, httpPort }: EngineOrder, key: SealingKey | null): string {
  const own = createHmac('sha256', key ?? '')
    .update('portward provisioning request')
    .digest();
  const words = JSON.stringify([sorted(labels), sorted(env), httpPort]);
  return `provision-${createHmac('sha256', own).update(words).digest('hex').slice(0, 32)}-`;
}

/** The request id of the VPN's next provisioning. Two API processes with the same status make the same id, and so get one engine. */
export function nextRequestId(prefix: string, { incarnation, nextNumber }: VpnStatusView): string {
  return `${prefix}${incarnation}-${nextNumber}`;
}

/** The provisioning that belongs to a repeated request, and its VPN; null: the request is not a repeat. */
export function repeatedProvisioning(
  vpns: readonly VpnCandidate[],
  prefix: string,
  now: Instant,
): { readonly vpn: string; readonly replacement: ReplacementView } | null {
  for (const { vpn, view } of vpns) {
    const replacement = view?.replacements.findLast(
      (r) => r.requestId?.startsWith(prefix) && isRepeatable(r, view, now),
    );
    if (replacement) return { vpn, replacement };
  }
  return null;
}

/** True while the engine is being brought up, and for STARTUP_TIMEOUT_S afterwards if nobody has used the engine. */
function isRepeatable(replacement: ReplacementView, view: VpnStatusView, now: Instant): boolean {
  if (!view.healthy || replacement.target === null) return false;
  if (replacement.readyAt === null) return replacement.state === 'running' && replacement.heldUntil === null;
  const engine = view.engines.find((e) => e.id === replacement.newEngine?.id);
  const repeatable = now - replacement.readyAt < view.startupTimeoutMs;
  return repeatable && engine !== undefined && engine.lastUsedAt === null;
}
