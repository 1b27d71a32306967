import type { Instant, Port } from '../../domain/engine';
import type { BlockedReasonJson } from '../schemas/provisioning';

// The reasons for which no engine can be brought up now. What a proxy tells its own clients hangs on `should_wait` and
// `recovery_eta_seconds`.

/** Workflows and Docker are back as soon as whoever restarts them is done. */
const PROCESS_BACK_WITHIN_S = 10;

function secondsUntil(instant: Instant, now: Instant): number {
  return Math.max(0, Math.ceil((instant - now) / 1000));
}

/** @param etaS until an engine may be there: see `src/domain/vpn/recovery.ts` */
export function byVpn(vpns: readonly string[], etaS: number): BlockedReasonJson {
  return {
    code: 'vpn_disconnected',
    message: `no VPN is healthy (${vpns.join(', ')}): an engine could not start`,
    recovery_eta_seconds: etaS,
    can_retry: true,
    should_wait: true,
  };
}

export function byBreaker(
  breaker: { readonly failures: number; readonly trialAt: Instant; readonly open: boolean },
  now: Instant,
): BlockedReasonJson {
  const { failures, trialAt, open } = breaker;
  return {
    code: 'circuit_breaker',
    message: open
      ? `the circuit breaker is open after ${failures} engines in a row that could not be brought up; the next is tried at ${new Date(trialAt).toISOString()}`
      : 'the circuit breaker is half open: one engine is being tried, and others wait for how that ends',
    recovery_eta_seconds: secondsUntil(trialAt, now),
    can_retry: !open,
    should_wait: true,
  };
}

export function byCapacity(engines: number, most: number, idleGraceMs: number): BlockedReasonJson {
  return {
    code: 'max_capacity',
    message: `${engines} engines are there, and ${most} is the most (MAX_REPLICAS, MAX_ACTIVE_REPLICAS)`,
    // That is how soon after its last stream an engine that is not wanted makes room.
    recovery_eta_seconds: Math.ceil(idleGraceMs / 1000),
    can_retry: false,
    should_wait: true,
  };
}

export function byPortRange(vpns: readonly string[]): BlockedReasonJson {
  return {
    code: 'max_capacity',
    message: `every HTTP port of ${vpns.join(', ')} is taken: widen PORT_RANGE_HOST, or wait until an engine is gone`,
    recovery_eta_seconds: null,
    can_retry: false,
    should_wait: true,
  };
}

export function byPort(port: Port): BlockedReasonJson {
  return {
    code: 'general_error',
    message: `port ${port} is taken by another engine: ask for another one, or for none in particular`,
    recovery_eta_seconds: null,
    can_retry: false,
    should_wait: false,
  };
}

export function byImage({ image, pulled }: { readonly image: string; readonly pulled: boolean }): BlockedReasonJson {
  return {
    code: 'general_error',
    message: pulled
      ? `image ${image} is not on the Docker host yet: it is being pulled`
      : `image ${image} is not on the Docker host, and is not pulled (PULL_POLICY=never)`,
    recovery_eta_seconds: null,
    can_retry: pulled,
    should_wait: pulled,
  };
}

export function byDocker(problem: string): BlockedReasonJson {
  return {
    code: 'vpn_error',
    message: `${problem}: nothing is known of the VPN`,
    recovery_eta_seconds: PROCESS_BACK_WITHIN_S,
    can_retry: true,
    should_wait: true,
  };
}

export function byAnotherPortward(vpns: readonly string[]): BlockedReasonJson {
  return {
    code: 'general_error',
    message: `another Portward of the same instance acts on ${vpns.join(', ')}: see the problem in GET /vpn/status`,
    recovery_eta_seconds: null,
    can_retry: false,
    should_wait: false,
  };
}

export function bySilence(vpns: readonly string[]): BlockedReasonJson {
  return {
    code: 'general_error',
    message: `Portward's own work is interrupted: no workflow answers for ${vpns.join(', ')}`,
    recovery_eta_seconds: PROCESS_BACK_WITHIN_S,
    can_retry: true,
    should_wait: true,
  };
}
