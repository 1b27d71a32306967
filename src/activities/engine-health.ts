import type { ContainerId, Health, Instant } from '../domain/engine';
import type { Endpoint, EngineApi } from '../engine/engine-api';

interface Entry {
  health: Health;
  failures: number;
  asking: boolean;
  /** The run of the container that this is about. */
  readonly startedAt: Instant;
  /** Since when it is asked, on the clock that nobody sets. */
  readonly since: number;
  /** On the clock that nobody sets. */
  lastAsked: number;
  lastCheck: Instant | null;
}

export interface HealthOptions {
  readonly intervalMs: number;
  readonly failureThreshold: number;
  /** How long a new engine may take until it answers. */
  readonly startupTimeoutMs: number;
}

/** An engine that has not answered yet is asked this often, so that it is listed soon after it is up. */
const BOOTING_INTERVAL_MS = 500;

/**
 * What the engines of one VPN say of themselves, kept over the rounds of observing so that failures add up. Lost with the process,
 * which costs one more threshold of failures and nothing else.
 */
export class EngineHealth {
  private readonly entries = new Map<ContainerId, Entry>();

  constructor(
    private readonly api: EngineApi,
    private readonly options: HealthOptions,
  ) {}

  health(id: ContainerId): Health {
    return this.entries.get(id)?.health ?? 'unknown';
  }

  /** When it was last asked to an end, whatever came of it. */
  lastCheck(id: ContainerId): Instant | null {
    return this.entries.get(id)?.lastCheck ?? null;
  }

  /** Begins a run of a container with what was believed of it. */
  track(id: ContainerId, startedAt: Instant, believed: Health): void {
    const known = this.entries.get(id);
    if (known?.startedAt === startedAt) return;
    // One that was revived has to answer anew.
    const health = known ? 'unknown' : believed;
    this.entries.set(id, {
      health,
      failures: 0,
      asking: false,
      startedAt,
      since: performance.now(),
      lastAsked: -Infinity,
      lastCheck: null,
    });
  }

  /** Forgets engines that are no longer there. */
  keepOnly(ids: ReadonlySet<ContainerId>): void {
    for (const id of this.entries.keys()) if (!ids.has(id)) this.entries.delete(id);
  }

  /** @param now on `performance`'s clock */
  due(id: ContainerId, now: number): boolean {
    const entry = this.entries.get(id);
    if (!entry || entry.asking) return false;
    const interval = entry.health === 'unknown' ? BOOTING_INTERVAL_MS : this.options.intervalMs;
    return now - entry.lastAsked >= interval;
  }

  /** @param endpoint may throw: an engine that can't be reached from here does not answer either */
  async ask(id: ContainerId, endpoint: () => Endpoint, signal: AbortSignal): Promise<void> {
    const entry = this.entries.get(id);
    if (!entry) return;
    entry.lastAsked = performance.now();
    entry.asking = true;
    try {
      await this.api.answers(endpoint(), signal);
      entry.health = 'healthy';
      entry.failures = 0;
    } catch {
      if (signal.aborted) return;
      entry.failures++;
      if (this.isUnhealthy(entry)) entry.health = 'unhealthy';
    } finally {
      entry.asking = false;
      entry.lastCheck = Date.now();
    }
  }

  /** An engine that has never answered may be booting: it is given its time for that, and no less than others are. */
  private isUnhealthy({ health, failures, since }: Entry): boolean {
    const { failureThreshold, intervalMs, startupTimeoutMs } = this.options;
    if (health !== 'unknown') return failures >= failureThreshold;
    return performance.now() - since >= Math.max(startupTimeoutMs, failureThreshold * intervalMs);
  }
}
