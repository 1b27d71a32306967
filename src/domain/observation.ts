import { label } from './names';
import type { ContainerId, Health, Instant, Port, Role } from './engine';

/** `none`: the image has no health check; a running container then counts as healthy. */
export type DockerHealth = 'healthy' | 'unhealthy' | 'starting' | 'none';

export type VpnObservation =
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'present';
      readonly id: ContainerId;
      /** With the id this is the session: a new one means that every engine's network is gone. */
      readonly startedAt: Instant;
      readonly running: boolean;
      readonly health: DockerHealth;
    };

/**
 * What the control server says about the forwarded port. Only `known` is a port (I7); `unknown` carries the
 * time of the first failed read, from which the last port's validity is counted; `unasked` means that the VPN
 * was not healthy, `pending` that no read has come to an end yet: neither is news.
 */
export type PortReading =
  | { readonly kind: 'known'; readonly port: Port }
  | { readonly kind: 'unknown'; readonly since: Instant; readonly reason: string }
  | { readonly kind: 'unasked' }
  | { readonly kind: 'pending' };

export interface ObservedEngine {
  readonly id: ContainerId;
  readonly name: string;
  readonly role: Role;
  readonly httpPort: Port;
  readonly httpsPort: Port | null;
  readonly p2pPort: Port | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: Instant;
  /** Portward had begun to let go of it; Docker keeps that as the restart policy `no`. */
  readonly evicted: boolean;
  readonly running: boolean;
  /** When its current run began; null while it is not running. */
  readonly startedAt: Instant | null;
  /** The container whose network it lives in. */
  readonly networkOf: ContainerId;
  /** What its own API says; `unknown` until it has answered or failed often enough. */
  readonly health: Health;
}

/** One look at a VPN and its engines. */
export interface Sight {
  readonly kind: 'sight';
  /** When this look began: what happened later is not in it. */
  readonly at: Instant;
  readonly vpn: VpnObservation;
  readonly port: PortReading;
  readonly engines: readonly ObservedEngine[];
  /** Whether a new engine's image is on the Docker host. */
  readonly imagePresent: boolean;
}

/** Docker could not be asked: nothing is known, so nothing may be concluded. */
export interface Blindness {
  readonly kind: 'blind';
  readonly at: Instant;
  readonly problem: string;
}

export type Observation = Sight | Blindness;

export function isHealthy(vpn: VpnObservation): boolean {
  return vpn.kind === 'present' && vpn.running && (vpn.health === 'healthy' || vpn.health === 'none');
}

/** Identifies one run of the VPN container; a restart or a new container makes another. */
export function session(vpn: VpnObservation): string | null {
  return vpn.kind === 'present' ? `${vpn.id}@${vpn.startedAt}` : null;
}

/**
 * Whether the engine's network namespace is a former one of its VPN. Docker goes on calling such an engine
 * running, and it may even answer on its own loopback, but nothing reaches it.
 */
export function lostItsNetwork(engine: ObservedEngine, vpn: VpnObservation): boolean {
  if (vpn.kind !== 'present') return false;
  if (engine.networkOf !== vpn.id) return true;
  return engine.running && engine.startedAt !== null && engine.startedAt < vpn.startedAt;
}

/** Everything in an observation that can change a decision, in one comparable string. Times of looking are not in it. */
function essence(observation: Observation, busy: Busy): string {
  // Docker's absence is worded differently from one call to the next; it stays the same problem.
  if (observation.kind === 'blind') return 'blind';
  const { vpn, port, engines, imagePresent } = observation;
  return JSON.stringify([
    vpn,
    port.kind === 'known' ? port.port : port.kind === 'unknown' ? port.reason : port.kind,
    engines
      .filter((e) => !busy.replacements.includes(e.labels[label.replacement] ?? ''))
      .map((e) => (busy.evicted.includes(e.id) ? [e.id] : [e.id, e.running, e.startedAt, e.networkOf, e.health]))
      .toSorted((a, b) => String(a[0]).localeCompare(String(b[0]))),
    imagePresent,
  ]);
}

/** What replacements are at work on: how that goes is theirs to report. */
export interface Busy {
  /** Engines being let go: only that they are gone is news. */
  readonly evicted: readonly ContainerId[];
  /** Values of the label `portward.replacement`: what carries one is being made. */
  readonly replacements: readonly string[];
}

/** Whether `seen` holds anything that the owner of `known` does not know and has to. */
export function isNews(known: Observation | null, seen: Observation, busy: Busy): boolean {
  if (known === null) return true;
  if (
    known.kind === 'sight' &&
    seen.kind === 'sight' &&
    (seen.port.kind === 'pending' || seen.port.kind === 'unasked')
  ) {
    return essence({ ...known, port: seen.port }, busy) !== essence(seen, busy);
  }
  return essence(known, busy) !== essence(seen, busy);
}
