import type { Instant, Port } from '../../../domain/engine';
import type { Target } from '../../../domain/replacement';
import type { VpnData } from '../data';

// Ports in the VPN's network on which something else listens: for a while no engine gets them.

const AVOIDED_MS = 10 * 60_000;
const KEPT = 100;
/** A limit, since an engine may report for ever that its ports are taken. */
const MOVES_AT_MOST = 3;

type Avoided = Pick<VpnData, 'takenPorts'>;

/** With the taken ones of the target's HTTP and HTTPS ports. Its forwarded port can't be avoided. */
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

/** Without those whose time is over. */
export function avoidedAt({ takenPorts }: Avoided, now: Instant): Avoided {
  return {
    takenPorts: takenPorts.some(({ until }) => until <= now)
      ? takenPorts.filter(({ until }) => until > now)
      : takenPorts,
  };
}

/** Whether a pending engine may move to other HTTP and HTTPS ports. */
export function mayMove(target: Target | null): boolean {
  return target !== null && target.isHttpPortGiven !== true && target.generation <= MOVES_AT_MOST;
}
