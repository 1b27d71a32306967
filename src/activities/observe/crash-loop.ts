import type { ContainerId, Instant } from '../../domain/engine';
import type { Downtime, VpnObservation } from '../../domain/vpn/observation';
import { SHORT_RUN_MS } from '../../clients/docker/reading/downtime';

type Present = Extract<VpnObservation, { kind: 'present' }>;

interface Loop {
  readonly id: ContainerId;
  /** When the run began in which the loop was noticed. */
  readonly startedAt: Instant;
  readonly down: Downtime;
}

/**
 * Treats a container that Docker restarts again and again as down all the time. Otherwise each of its runs would be a
 * new session of the VPN, and cost two events of the workflow's history.
 */
export class CrashLoop {
  private loop: Loop | null = null;
  /** The present run, and the monotonic time at which it was first seen. */
  private run: { readonly startedAt: Instant; readonly since: number } | null = null;

  /** Continues a loop that another worker or an earlier watch last reported. */
  resume(lastReported: VpnObservation | null): void {
    if (this.loop !== null || lastReported?.kind !== 'present' || lastReported.down?.state !== 'restarting') return;
    const { id, startedAt, down } = lastReported;
    this.loop = { id, startedAt, down };
  }

  /**
   * The observation to report: the container is down while the loop lasts.
   * @param restarts how often Docker has restarted it since somebody started it
   * @param now in monotonic time
   */
  steady(seen: VpnObservation, restarts: number, now: number): VpnObservation {
    if (seen.kind === 'absent' || !this.goesOn(seen, restarts, now)) {
      this.loop = null;
      return seen;
    }
    const { loop } = this;
    const { exitCode, error, outOfMemory } = seen.down ?? loop?.down ?? NOTHING_KNOWN;
    const down: Downtime = { state: 'restarting', exitCode, error, outOfMemory };
    const { id } = seen;
    const startedAt = loop?.startedAt ?? seen.startedAt;
    this.loop = { id, startedAt, down };
    return { ...seen, startedAt, running: false, health: 'none', down };
  }

  private goesOn(seen: Present, restarts: number, now: number): boolean {
    if (seen.down !== undefined) this.run = null;
    else if (this.run?.startedAt !== seen.startedAt) this.run = { startedAt: seen.startedAt, since: now };
    if (seen.down?.state === 'restarting') return true;
    // Docker's count begins again at 0 when somebody starts the container.
    if (this.loop?.id !== seen.id || restarts === 0 || seen.down !== undefined) return false;
    return seen.health !== 'healthy' && now - (this.run?.since ?? now) < SHORT_RUN_MS;
  }
}

const NOTHING_KNOWN = { exitCode: null, error: null, outOfMemory: false };
