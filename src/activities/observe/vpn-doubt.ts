import { session, type VpnObservation } from '../../domain/vpn/observation';
import type { ContainerEvent } from '../../clients/docker/docker-events';

/** Docker takes seconds to take down a container with many published ports, and until then calls it running. */
const DOUBT_FOR_MS = 15_000;
/** A container may have been given a long time to end after its signal. */
const ENDS_WITHIN_MS = 60_000;
/** HUP and others tell a process to go on in another way. */
const ENDING_SIGNALS = new Set(['2', '3', '6', '9', '15', 'SIGINT', 'SIGQUIT', 'SIGABRT', 'SIGKILL', 'SIGTERM']);

/**
 * Signs that a VPN's container is ending, which come seconds before Docker says that it has ended. A doubt is no fact: it has
 * engines asked at once. All times are on `performance`'s clock.
 */
export class VpnDoubt {
  private until = 0;
  /** When a signal was sent to its process that ends most. */
  private signalledAt: number | null = null;
  /** When Docker said that its process had ended. */
  private endedAt: number | null = null;
  /** Null: the control server has not been heard of. */
  private controlServer: 'answers' | 'refuses' | null = null;
  private run: string | null = null;

  begin(now: number): void {
    this.until = now + DOUBT_FOR_MS;
  }

  isOpen(now: number): boolean {
    return now < this.until;
  }

  /** Its process is gone, whatever else answers: engines answer until Docker has taken their network away. */
  isGone(now: number): boolean {
    if (this.endedAt !== null) return true;
    const isSignalled = this.signalledAt !== null && now - this.signalledAt < ENDS_WITHIN_MS;
    return isSignalled && this.controlServer === 'refuses';
  }

  /** What Docker tells of the VPN's container. @returns whether it is a sign */
  heard({ action, attributes }: ContainerEvent, now: number): boolean {
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

  /** Only where it has answered before: one that can't be reached from here says nothing. @returns whether it is a sign */
  controlServerRefuses(now: number): boolean {
    if (this.controlServer !== 'answers') return false;
    this.controlServer = 'refuses';
    this.begin(now);
    return true;
  }

  /** @param began when Docker was asked */
  looked(vpn: VpnObservation, began: number): void {
    if (this.endedAt !== null && began > this.endedAt) this.endedAt = null;
    const run = session(vpn);
    if (run !== this.run) {
      this.signalledAt = null;
      this.controlServer = null;
    }
    this.run = run;
  }
}
