import type { BreakerKind, BreakerView } from './breaker';
import type { Eligibility } from './eligibility';
import type { Engine, EngineRef, Instant, Port, Role } from '../engine';
import type { EventLog } from '../event-log';
import type { DockerHealth } from './observation';
import type { RemedyKind } from './remedy';
import type { PublicReplacement } from '../replacement';
import type { Stream } from '../streams/stream';
import type { Timeline } from './timeline';

/**
 * The status of a VPN, as its workflow answers it for the API, the metrics and the page. Where time alone changes something, the view
 * has the instant of that change, so that a view that is kept in memory stays correct.
 */
export interface VpnStatusView extends EventLog {
  readonly instance: string;
  readonly vpn: string;
  /** Number of the next replacement. */
  readonly nextNumber: number;
  readonly container: VpnContainerView;
  /** When Docker was asked last; null: not yet. */
  readonly checkedAt: Instant | null;
  /** Docker can't be asked. */
  readonly unreachable: boolean;
  readonly healthy: boolean;
  /** Null while it is not. */
  readonly healthySince: Instant | null;
  /** Null while it is not. */
  readonly downSince: Instant | null;
  readonly publicIp: string | null;
  readonly port: PortView;
  /** What keeps the VPN or Portward from doing its work, and what to do; null: nothing. */
  readonly problem: string | null;
  /** The remedy under way, or the last one; null: there was none. */
  readonly remedy: RemedyView | null;
  readonly breakers: Readonly<Record<Role, Readonly<Record<BreakerKind, BreakerView>>>>;
  readonly eligibility: Eligibility;
  readonly pool: PoolView | null;
  /** How many engines the VPN keeps, the forwarded one included. */
  readonly target: number;
  /** How many it keeps until the fleet sets another target. */
  readonly ownTarget: number;
  readonly startupTimeoutMs: number;
  /** Engines in every phase. */
  readonly engines: readonly EngineView[];
  /** How many containers of engines run, as far as is known. */
  readonly enginesRunning: number;
  /** Streams that run, and the last ones that have ended. */
  readonly streams: readonly Stream[];
  /** Replacements under way, and the last ones that have ended, oldest first. */
  readonly replacements: readonly ReplacementView[];
  readonly timeline: Timeline;
}

/** `health`: null where there is no container, or none is known. */
export interface VpnContainerView {
  /** In Docker's words. */
  readonly status: string;
  readonly health: Exclude<DockerHealth, 'none'> | null;
}

export interface PortView {
  /** The last port that was observed in this session. */
  readonly last: Port | null;
  /** When it stops being valid, since reads have failed for too long; null: reads succeed, or there is no port. */
  readonly expiresAt: Instant | null;
  /** Why the last read failed; null: it did not. */
  readonly problem: string | null;
  readonly isLost: boolean;
  /** The VPN's environment asks for a port, or it had one in this session. */
  readonly isExpected: boolean;
  /** An engine on that port has answered. */
  readonly isServed: boolean;
  /** Until when the port or the VPN's health counts as changing too often, and replacements back off; null: neither does. */
  readonly unstableUntil: Instant | null;
}

export interface RemedyView {
  readonly kind: RemedyKind;
  readonly startedAt: Instant;
  readonly endedAt: Instant | null;
  readonly error: string | null;
}

/** What counts against the limits of the pool. */
export interface PoolView {
  /** Engines that are there or being brought up. */
  readonly engines: number;
  /** When they begin to count as lost, and other VPNs get engines in their place; null: they do not. */
  readonly lostFrom: Instant | null;
}

/**
 * `pending`: it does not answer yet; `ready`: it is listed; `hidden`: it exists and is not listed now; `draining`: it may finish its
 * streams; `leaving`: it is being stopped and removed.
 */
export type EnginePhase = 'pending' | 'ready' | 'hidden' | 'draining' | 'leaving';

export interface EngineView extends EngineRef, Pick<Engine, 'labels' | 'ready' | 'health' | 'lastUsedAt' | 'cutOff'> {
  readonly phase: EnginePhase;
  /** It is listed, and has the VPN's last port. It counts as forwarded as long as that port is valid. */
  readonly forwarded: boolean;
  /** False: its container is not known yet, and `id` is the name that the container will have. */
  readonly isMade: boolean;
  /** Its replacement has ended: the container is removed, which the next snapshot will show. */
  readonly isGone: boolean;
  readonly status: 'created' | 'running' | 'exited';
  /** Null: not known, since Portward did not make the container. */
  readonly image: string | null;
  readonly createdAt: Instant | null;
  /** Since when it is draining or leaving; null: it is neither. */
  readonly leavingSince: Instant | null;
}

export interface ReplacementView extends PublicReplacement {
  /** Its engine is expected to answer soon, and nobody has asked for it: it can be given to the next caller that asks for an engine. */
  readonly isPromising: boolean;
}

/** The port that counts as forwarded now (I7). */
export function forwardedPort({ port }: Pick<VpnStatusView, 'port'>, now: Instant): Port | null {
  return port.expiresAt !== null && now >= port.expiresAt ? null : port.last;
}

export function isUnstable({ port }: Pick<VpnStatusView, 'port'>, now: Instant): boolean {
  return port.unstableUntil !== null && now <= port.unstableUntil;
}
