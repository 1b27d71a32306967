import type { Growth } from '../../gateways/growth';
import type { Changes } from '../../lib/changes';
import { streamsSignal } from '../../workflows/vpn/messages';

/** What the history of one VPN's workflow has shown so far. */
export class FollowedHistory {
  /** The number of growths so far. */
  growths = 0;
  /** The number of the last growth that had more than reports of streams. */
  growthOfMore = 0;
  /** The number of the last growth that had a message to the workflow. */
  growthOfMessage = 0;
  /** Whether no workflow task is pending, so that the workflow's state stays as it is until the next growth. */
  settled = false;

  constructor(
    private readonly changes: Changes,
    private readonly stopping: AbortSignal,
  ) {}

  grown({ settled, hasMessage, onlySignals }: Growth): void {
    this.growths++;
    this.settled = settled;
    if (!onlySignals?.every((name) => name === streamsSignal.name)) this.growthOfMore = this.growths;
    if (hasMessage) this.growthOfMessage = this.growths;
  }

  /** Resolves once the history has grown beyond that number of `growths` and is settled, or when `ms` have passed. */
  async grownSince(growths: number, ms: number, ...signals: AbortSignal[]): Promise<void> {
    await this.changes.until(() => this.growths !== growths && this.settled, ms, this.stopping, ...signals);
  }
}
