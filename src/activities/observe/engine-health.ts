import type { ContainerId, Health, Instant } from '../../domain/engine';
import { withDeadline } from '../../lib/deadline';
import type { Endpoint, EngineApi } from '../../clients/engine/engine-api';
import { isRefused } from '../engine/refused';
import { Silence } from './silence';

interface Entry {
  health: Health;
  failures: number;
  asking: boolean;
  /** When the container's run began that this entry describes. */
  readonly startedAt: Instant;
  /** When the engine was first tracked in this run. This and the next three are monotonic times. */
  readonly since: number;
  lastAsked: number;
  /**
   * When it was last asked at the regular interval. Only failures at that interval count; in doubt the engine is
   * asked more often.
   */
  lastRegularAt: number;
  doubtedUntil: number;
  lastCheck: Instant | null;
  /** Whether it has left a question unanswered while it was in doubt. */
  readonly silence: Silence;
}

export interface HealthOptions {
  readonly intervalMs: number;
  readonly failureThreshold: number;
  /** How long a new engine may take until it answers. */
  readonly startupTimeoutMs: number;
}

/** Interval for an engine that has not answered yet, so that it is listed soon after its start. */
const BOOTING_INTERVAL_MS = 500;
const DOUBTED_INTERVAL_MS = 250;
/** A working engine answers at once, or within this on a busy machine. */
const DOUBTED_ANSWER_WITHIN_MS = 2_000;
const DOUBT_FOR_MS = 10_000;

/**
 * Knows which engines of one VPN answer. It is kept from one observation to the next, so that failures add up. If the
 * process ends, the count begins anew.
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

  /** When the last check ended, whether or not the engine answered. */
  lastCheck(id: ContainerId): Instant | null {
    return this.entries.get(id)?.lastCheck ?? null;
  }

  /** The engine has answered before and does not answer now, so no client should be sent to it. */
  isSilent(id: ContainerId): boolean {
    return this.entries.get(id)?.silence.isSilent ?? false;
  }

  /** Begins the entry of a container's run. @param believed the engine's health as last reported */
  track(id: ContainerId, startedAt: Instant, believed: Health): void {
    const known = this.entries.get(id);
    if (known?.startedAt === startedAt) return;
    // After a restart the engine has to answer again.
    const health = known ? 'unknown' : believed;
    this.entries.set(id, {
      health,
      failures: 0,
      asking: false,
      startedAt,
      since: performance.now(),
      lastAsked: -Infinity,
      lastRegularAt: -Infinity,
      doubtedUntil: 0,
      lastCheck: null,
      silence: new Silence(),
    });
  }

  /** Forgets engines that are no longer there. */
  keepOnly(ids: ReadonlySet<ContainerId>): void {
    for (const id of this.entries.keys()) if (!ids.has(id)) this.entries.delete(id);
  }

  /** The engine may be gone: it is asked at once, and hidden if it does not answer. @param now in monotonic time */
  doubt(id: ContainerId, now: number): void {
    const entry = this.entries.get(id);
    if (!entry) return;
    // A question under way may take its whole deadline, and was sent before the doubt.
    if (now >= entry.doubtedUntil) Object.assign(entry, { asking: false, lastAsked: -Infinity });
    entry.doubtedUntil = now + DOUBT_FOR_MS;
  }

  doubtAll(now: number): void {
    for (const id of this.entries.keys()) this.doubt(id, now);
  }

  /**
   * Milliseconds until the engine is to be asked; 0 or less: now; Infinity: it is being asked.
   * @param now in monotonic time
   */
  dueInMs(id: ContainerId, now: number): number {
    const entry = this.entries.get(id);
    if (!entry || entry.asking) return Infinity;
    return entry.lastAsked + this.interval(entry, now) - now;
  }

  private interval({ health, doubtedUntil, silence }: Entry, now: number): number {
    if (health === 'unknown') return BOOTING_INTERVAL_MS;
    const { intervalMs } = this.options;
    if (now < doubtedUntil) return Math.min(DOUBTED_INTERVAL_MS, intervalMs);
    return silence.isSilent && health === 'healthy' ? Math.min(BOOTING_INTERVAL_MS, intervalMs) : intervalMs;
  }

  /**
   * @param endpoint may throw if the engine can't be reached from here, which counts as no answer
   * @returns whether the engine has begun to refuse connections, which is a sign that its VPN is ending
   */
  async ask(id: ContainerId, endpoint: () => Endpoint, signal: AbortSignal): Promise<boolean> {
    const entry = this.entries.get(id);
    if (!entry) return false;
    const now = performance.now();
    const isAskedMoreOften = now < entry.doubtedUntil || entry.silence.isSilent;
    const isRegular = !isAskedMoreOften || now - entry.lastRegularAt >= this.options.intervalMs;
    if (isRegular) entry.lastRegularAt = now;
    entry.lastAsked = now;
    entry.asking = true;
    try {
      await this.answers(entry, endpoint, signal);
      entry.lastCheck = Date.now();
      entry.health = 'healthy';
      entry.failures = 0;
      entry.silence.answered(performance.now());
      return false;
    } catch (error) {
      if (signal.aborted) {
        // The question was called off, so the next watch asks at once.
        entry.lastAsked = -Infinity;
        return false;
      }
      entry.lastCheck = Date.now();
      if (isRegular) entry.failures++;
      return this.failed(id, entry, isRefused(error));
    } finally {
      entry.asking = false;
    }
  }

  private answers(entry: Entry, endpoint: () => Endpoint, signal: AbortSignal): Promise<void> {
    if (performance.now() >= entry.doubtedUntil || entry.health === 'unknown')
      return this.api.answers(endpoint(), signal);
    return withDeadline(DOUBTED_ANSWER_WITHIN_MS, signal, (limit) => this.api.answers(endpoint(), limit));
  }

  private failed(id: ContainerId, entry: Entry, refused: boolean): boolean {
    const now = performance.now();
    if (this.isUnhealthy(entry)) entry.health = 'unhealthy';
    if (entry.health !== 'healthy') return false;
    if (now < entry.doubtedUntil) {
      entry.silence.unanswered(now);
      return false;
    }
    if (refused) this.doubt(id, now);
    return refused && !entry.silence.isSilent;
  }

  /**
   * An engine that has never answered may still be starting. It has its start-up time-out, or the time that the
   * regular failures take if that is longer.
   */
  private isUnhealthy({ health, failures, since }: Entry): boolean {
    const { failureThreshold, intervalMs, startupTimeoutMs } = this.options;
    if (health !== 'unknown') return failures >= failureThreshold;
    return performance.now() - since >= Math.max(startupTimeoutMs, failureThreshold * intervalMs);
  }
}
