import { breakerState, type BreakerView } from './breaker';
import type { Instant, Port } from '../engine';
import type { Recovery } from './recovery';
import type { PortRange } from '../settings';

// The rule for whether an engine that somebody asks for can be brought up on a VPN. The VPN's workflow answers a view with all that
// the rule needs. The API applies it when it chooses a VPN, and the workflow applies it again when it gets the request. A forced
// replacement needs no port of its caller's choice, so only `generalObstacle` applies to it.

export interface Eligibility {
  /** Why the workflow starts nothing at all; null: it acts. */
  readonly standstill:
    { readonly kind: 'unreachable'; readonly problem: string } | { readonly kind: 'another Portward' } | null;
  /** Set while the VPN is not healthy: when an engine on it is likely to answer again. */
  readonly down: Recovery | null;
  readonly missingImage: { readonly image: string; readonly pulled: boolean } | null;
  /** `isTried`: an engine is being brought up as a trial; if it answers, the circuit breaker closes. */
  readonly breaker: Pick<BreakerView, 'failures' | 'trialAt'> & { readonly isTried: boolean };
  readonly httpPorts: PortRange;
  /** Ports of `httpPorts` that no new engine can have now. */
  readonly takenHttpPorts: readonly Port[];
}

/** What keeps every engine from being brought up, whatever its port. */
type GeneralObstacle =
  | NonNullable<Eligibility['standstill']>
  | { readonly kind: 'down'; readonly recovery: Recovery }
  | { readonly kind: 'no image'; readonly image: string; readonly pulled: boolean }
  | { readonly kind: 'breaker'; readonly failures: number; readonly trialAt: Instant; readonly open: boolean };

export type Obstacle =
  | GeneralObstacle
  | { readonly kind: 'other ports'; readonly httpPorts: PortRange }
  | { readonly kind: 'no room' | 'port taken' };

/**
 * What keeps an engine from being brought up now; null: nothing does.
 * @param httpPort the HTTP port that the engine must have; null: any
 * @param begun HTTP ports (null: any) of engines that were asked for after the workflow had answered `eligibility`
 */
export function obstacleTo(
  eligibility: Eligibility,
  httpPort: Port | null,
  begun: readonly (Port | null)[],
  now: Instant,
): Obstacle | null {
  const { httpPorts, takenHttpPorts } = eligibility;
  if (httpPort !== null && !isAmong(httpPorts, httpPort)) return { kind: 'other ports', httpPorts };
  const general = generalObstacle(eligibility, begun.length > 0, now);
  if (general !== null) return general;
  const taken = new Set([...takenHttpPorts, ...begun.filter((port) => port !== null && isAmong(httpPorts, port))]);
  if (httpPort !== null) return taken.has(httpPort) ? { kind: 'port taken' } : null;
  const anyPort = begun.filter((port) => port === null).length;
  return taken.size + anyPort > httpPorts.last - httpPorts.first ? { kind: 'no room' } : null;
}

/** @param hasBegun whether an engine was asked for after the workflow had answered: if the breaker is not closed, that is the trial */
export function generalObstacle(
  { standstill, down, missingImage, breaker }: Eligibility,
  hasBegun: boolean,
  now: Instant,
): GeneralObstacle | null {
  if (standstill !== null) return standstill;
  if (down !== null) return { kind: 'down', recovery: down };
  if (missingImage !== null) return { kind: 'no image', ...missingImage };
  const { failures, trialAt, isTried } = breaker;
  const open = breakerState(trialAt, now) === 'open';
  return trialAt !== null && (open || isTried || hasBegun) ? { kind: 'breaker', failures, trialAt, open } : null;
}

export function isAmong({ first, last }: PortRange, port: Port): boolean {
  return port >= first && port <= last;
}
