import type { ContainerId, Health, Instant } from '../../domain/engine';
import { withDeadline } from '../../lib/deadline';
import type { Endpoint, EngineApi } from '../../clients/engine/engine-api';
import { isRefused } from '../engine/refused';
import { Silence } from './silence';

interface Entry {
  health: Health;
  failures: number;
  asking: boolean;
  /** The run of the container that this is about. */
  readonly startedAt: Instant;
  /** Since when it is asked, on monotonic time. So are the next three. */
  readonly since: number;
  lastAsked: number;
  /** When it was last asked in its turn, whose failures count; in doubt it is asked more often. */
  lastTurn: number;
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

/** An engine that has not answered yet is asked this often, so that it is listed soon after it is up. */
const BOOTING_INTERVAL_MS = 500;
const DOUBTED_INTERVAL_MS = 250;
/** An engine that is in doubt and works says so at once, unless its machine is busy. */
const DOUBTED_ANSWER_WITHIN_MS = 2_000;
const DOUBT_FOR_MS = 10_000;

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

  /** It has answered before, and does not now: nobody should be sent to it. */
  isSilent(id: ContainerId): boolean {
    return this.entries.get(id)?.silence.isSilent ?? false;
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
      lastTurn: -Infinity,
      doubtedUntil: 0,
      lastCheck: null,
      silence: new Silence(),
    });
  }

  /** Forgets engines that are no longer there. */
  keepOnly(ids: ReadonlySet<ContainerId>): void {
    for (const id of this.entries.keys()) if (!ids.has(id)) this.entries.delete(id);
  }

  /** Something speaks against the engine: it is asked at once, and not listed when it does not answer. @param now on `performance`'s clock */
  doubt(id: ContainerId, now: number): void {
    const entry = this.entries.get(id);
    if (!entry) return;
    // A question that is under way may take its whole time, and is from before.
    if (now >= entry.doubtedUntil) Object.assign(entry, { asking: false, lastAsked: -Infinity });
    entry.doubtedUntil = now + DOUBT_FOR_MS;
  }

  doubtAll(now: number): void {
    for (const id of this.entries.keys()) this.doubt(id, now);
  }

  /** In how many milliseconds it is to be asked, 0 or less for now; Infinity while it is being asked. @param now on `performance`'s clock */
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
   * @param endpoint may throw: an engine that can't be reached from here does not answer either
   * @returns whether it refuses connections that it took before, which is a sign that more is wrong
   */
  async ask(id: ContainerId, endpoint: () => Endpoint, signal: AbortSignal): Promise<boolean> {
    const entry = this.entries.get(id);
    if (!entry) return false;
    const now = performance.now();
    const isBetween = now < entry.doubtedUntil || entry.silence.isSilent;
    const isTurn = !isBetween || now - entry.lastTurn >= this.options.intervalMs;
    if (isTurn) entry.lastTurn = now;
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
        // Nothing came of it, so the next watch asks at once.
        entry.lastAsked = -Infinity;
        return false;
      }
      entry.lastCheck = Date.now();
      if (isTurn) entry.failures++;
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

  /** An engine that has never answered may be booting: it is given its time for that, and no less than others are. */
  private isUnhealthy({ health, failures, since }: Entry): boolean {
    const { failureThreshold, intervalMs, startupTimeoutMs } = this.options;
    if (health !== 'unknown') return failures >= failureThreshold;
    return performance.now() - since >= Math.max(startupTimeoutMs, failureThreshold * intervalMs);
  }
}
