import type { Instant, Port } from '../../domain/engine';
import type { BlockedReasonJson } from '../schemas/provisioning';

// The reasons why no engine can be brought up now. A proxy decides by `should_wait` and `recovery_eta_seconds` what it answers its own
// clients.

/** An estimate of how long a restart of the worker, of Temporal or of Docker takes. */
const PROCESS_BACK_WITHIN_S = 10;

function secondsUntil(instant: Instant, now: Instant): number {
  return Math.max(0, Math.ceil((instant - now) / 1000));
}

/** @param etaS estimated seconds until there is an engine again: see `src/domain/vpn/recovery.ts` */
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
      ? `the circuit breaker is open: ${failures} engines in a row could not be brought up; the next attempt is at ${new Date(trialAt).toISOString()}`
      : 'the circuit breaker is half open: one engine is being tried, and others wait for its result',
    recovery_eta_seconds: secondsUntil(trialAt, now),
    can_retry: !open,
    should_wait: true,
  };
}

export function byCapacity(engines: number, most: number, idleGraceMs: number): BlockedReasonJson {
  return {
    code: 'max_capacity',
    message: `there are ${engines} engines, and the limit is ${most} (MAX_REPLICAS, MAX_ACTIVE_REPLICAS)`,
    // The time after its last stream after which a surplus engine is removed.
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
    message: `port ${port} is taken by another engine: request another port, or leave host_port out`,
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
    message: `${problem}: the state of the VPN is unknown`,
    recovery_eta_seconds: PROCESS_BACK_WITHIN_S,
    can_retry: true,
    should_wait: true,
  };
}

export function byAnotherPortward(vpns: readonly string[]): BlockedReasonJson {
  return {
    code: 'general_error',
    message: `another Portward of the same instance manages ${vpns.join(', ')}: see the problem in GET /vpn/status`,
    recovery_eta_seconds: null,
    can_retry: false,
    should_wait: false,
  };
}

export function bySilence(vpns: readonly string[]): BlockedReasonJson {
  return {
    code: 'general_error',
    message: `Portward is interrupted: the workflow of each of these VPNs does not answer: ${vpns.join(', ')}`,
    recovery_eta_seconds: PROCESS_BACK_WITHIN_S,
    can_retry: true,
    should_wait: true,
  };
}
