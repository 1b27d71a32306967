import type { Instant, Port } from '../../../domain/engine';
import type { Target } from '../../../domain/replacement';
import type { VpnData } from '../data';

// Ports in the VPN's network that something else has: for a while they are given to no engine.

const AVOIDED_MS = 10 * 60_000;
const KEPT = 100;
/** An engine may say without end that its ports are taken. */
const MOVES_AT_MOST = 3;

type Avoided = Pick<VpnData, 'takenPorts'>;

/** With those that the target could do without; its forwarded port is no choice of ours. */
export function avoiding(
  { takenPorts }: Avoided,
  ports: readonly Port[],
  target: Target | null,
  now: Instant,
): Avoided {
  const own = ports.filter((port) => port === target?.httpPort || port === target?.httpsPort);
  const others = takenPorts.filter(({ port }) => !own.includes(port));
  return { takenPorts: [...others, ...own.map((port) => ({ port, until: now + AVOIDED_MS }))].slice(-KEPT) };
}

export function avoidedAt({ takenPorts }: Avoided, now: Instant): Avoided {
  return {
    takenPorts: takenPorts.some(({ until }) => until <= now)
      ? takenPorts.filter(({ until }) => until > now)
      : takenPorts,
  };
}

/** Whether other ports may do for an engine that could not have its own. */
export function mayMove(target: Target | null): boolean {
  return target !== null && target.isHttpPortGiven !== true && target.generation <= MOVES_AT_MOST;
}
