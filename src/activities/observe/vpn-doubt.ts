import { session, type VpnObservation } from '../../domain/vpn/observation';
import type { ContainerEvent } from '../../clients/docker/docker-events';

/** Docker takes seconds to take down a container with many published ports, and until then calls it running. */
const DOUBT_FOR_MS = 15_000;
/** How long after a signal its process may still end: a container can be given a long time to stop. */
const ENDS_WITHIN_MS = 60_000;
/** Signals that end a process. Others, such as HUP, don't. */
const ENDING_SIGNALS = new Set(['2', '3', '6', '9', '15', 'SIGINT', 'SIGQUIT', 'SIGABRT', 'SIGKILL', 'SIGTERM']);

/**
 * Collects signs that a VPN's container is ending. They come seconds before Docker says that it has ended. A doubt is
 * no fact: it only makes Portward ask the engines at once. All times are monotonic.
 */
export class VpnDoubt {
  private until = 0;
  /** When its process was sent a signal that usually ends it. */
  private signalledAt: number | null = null;
  /** When Docker said that its process had ended. */
  private endedAt: number | null = null;
  /** Null: the control server has neither answered nor refused in this session. */
  private controlServer: 'answers' | 'refuses' | null = null;
  private run: string | null = null;

  begin(now: number): void {
    this.until = now + DOUBT_FOR_MS;
  }

  isOpen(now: number): boolean {
    return now < this.until;
  }

  /** Whether the VPN's process has ended. Engines still answer until Docker has taken their network away. */
  isGone(now: number): boolean {
    if (this.endedAt !== null) return true;
    const isSignalled = this.signalledAt !== null && now - this.signalledAt < ENDS_WITHIN_MS;
    return isSignalled && this.controlServer === 'refuses';
  }

  /** Takes in an event of the VPN's container. @returns whether it is a sign that the container is ending */
  received({ action, attributes }: ContainerEvent, now: number): boolean {
    const hasEnded = action === 'die' || action === 'stop';
    if (!hasEnded && action !== 'kill' && action !== 'health_status: unhealthy') return false;
    this.begin(now);
    if (hasEnded) this.endedAt = now;
    if (action === 'kill' && ENDING_SIGNALS.has(attributes['signal'] ?? '')) this.signalledAt = now;
    return true;
  }

  controlServerAnswers(): void {
    this.controlServer = 'answers';
  }

  /**
   * A refusal counts only if the control server has answered before: it may be unreachable from here.
   * @returns whether it is a sign that the container is ending
   */
  controlServerRefuses(now: number): boolean {
    if (this.controlServer !== 'answers') return false;
    this.controlServer = 'refuses';
    this.begin(now);
    return true;
  }

  /** @param began when Docker was asked */
  snapshotTaken(vpn: VpnObservation, began: number): void {
    if (this.endedAt !== null && began > this.endedAt) this.endedAt = null;
    const run = session(vpn);
    if (run !== this.run) {
      this.signalledAt = null;
      this.controlServer = null;
    }
    this.run = run;
  }
}
