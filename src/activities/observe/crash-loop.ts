import type { ContainerId, Instant } from '../../domain/engine';
import type { Downtime, VpnObservation } from '../../domain/vpn/observation';
import { SHORT_RUN_MS } from '../../clients/docker/reading/downtime';

type Present = Extract<VpnObservation, { kind: 'present' }>;

interface Loop {
  readonly id: ContainerId;
  /** Of the run with which it was noticed. */
  readonly startedAt: Instant;
  readonly down: Downtime;
}

/**
 * A container that Docker starts again and again, and that ends each time, is down all the while. Without this each of its runs
 * would be another session of the VPN, and two events of a history.
 */
export class CrashLoop {
  private loop: Loop | null = null;
  /** The run under way, and since when it was seen on monotonic time. */
  private run: { readonly startedAt: Instant; readonly since: number } | null = null;

  /** Goes on from what another worker, or a watch before, has told. */
  resume(told: VpnObservation | null): void {
    if (this.loop !== null || told?.kind !== 'present' || told.down?.state !== 'restarting') return;
    const { id, startedAt, down } = told;
    this.loop = { id, startedAt, down };
  }

  /**
   * The container as it is to be told.
   * @param restarts how often Docker has restarted it since somebody started it
   * @param now on `performance`'s clock
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
    // Docker counts from 0 when somebody starts it.
    if (this.loop?.id !== seen.id || restarts === 0 || seen.down !== undefined) return false;
    return seen.health !== 'healthy' && now - (this.run?.since ?? now) < SHORT_RUN_MS;
  }
}

const NOTHING_KNOWN = { exitCode: null, error: null, outOfMemory: false };
