import { breakerState, type BreakerView } from './breaker';
import type { Instant, Port } from '../engine';
import type { Recovery } from './recovery';
import type { PortRange } from '../settings';

// The rule for whether an engine that somebody asks for can be brought up on a VPN. The VPN's workflow answers a view with all that
// the rule needs. The API applies it when it chooses a VPN, and the workflow applies it again when it gets the request.

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

export type Obstacle =
  | NonNullable<Eligibility['standstill']>
  | { readonly kind: 'down'; readonly recovery: Recovery }
  | { readonly kind: 'other ports'; readonly httpPorts: PortRange }
  | { readonly kind: 'no image'; readonly image: string; readonly pulled: boolean }
  | { readonly kind: 'breaker'; readonly failures: number; readonly trialAt: Instant; readonly open: boolean }
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
  const { standstill, down, missingImage, breaker, httpPorts, takenHttpPorts } = eligibility;
  if (standstill !== null) return standstill;
  if (down !== null) return { kind: 'down', recovery: down };
  if (httpPort !== null && !isAmong(httpPorts, httpPort)) return { kind: 'other ports', httpPorts };
  if (missingImage !== null) return { kind: 'no image', ...missingImage };
  const { failures, trialAt, isTried } = breaker;
  const state = breakerState(trialAt, now);
  if (trialAt !== null && (state === 'open' || isTried || begun.length > 0))
    return { kind: 'breaker', failures, trialAt, open: state === 'open' };
  const taken = new Set([...takenHttpPorts, ...begun.filter((port) => port !== null && isAmong(httpPorts, port))]);
  if (httpPort !== null) return taken.has(httpPort) ? { kind: 'port taken' } : null;
  const anyPort = begun.filter((port) => port === null).length;
  return taken.size + anyPort > httpPorts.last - httpPorts.first ? { kind: 'no room' } : null;
}

export function isAmong({ first, last }: PortRange, port: Port): boolean {
  return port >= first && port <= last;
}
