import { ApplicationFailure, log } from '@temporalio/workflow';
import type { EventBatch } from '../../../activities/notify';
import { notify } from '../../shared/activities';
import { messageOf } from '../../../lib/errors';
import type { VpnState } from '../state';

/**
 * Sends events to NOTIFY_URL, in order and without holding up anything else. One batch is sent at a time, and retried for an hour
 * unless the receiver refuses it; later events wait for the next batch. The state has the number of the last event that was sent, so a
 * batch is sent again if a continue-as-new or a crash has interrupted it.
 */
export class Notifier {
  private sending = false;

  constructor(private readonly state: VpnState) {}

  get isSending(): boolean {
    return this.sending;
  }

  /** Called at each turn of the workflow's loop. */
  keep(): void {
    const { settings, events, notified } = this.state.data;
    const newest = events.at(-1)?.number ?? 0;
    if (newest <= notified) return;
    // Without NOTIFY_URL events count as sent, so a receiver that is set later gets no old ones.
    if (!settings.notify) this.state.update({ notified: newest });
    else if (!this.sending) void this.send();
  }

  private async send(): Promise<void> {
    this.sending = true;
    for (let batch = this.due(); batch !== null; batch = this.due()) {
      const { vpn, events } = batch;
      const last = events.at(-1)?.number ?? 0;
      try {
        await notify.executeWithOptions({ summary: `${vpn}: tell of ${events.length} events` }, [batch]);
      } catch (error) {
        const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
        // The worker has logged the refusal, once for all batches.
        if (!(cause instanceof ApplicationFailure && cause.type === 'Refused')) {
          const reason = messageOf(cause);
          log.error(`[${vpn}] ${events.length} events could not be sent to NOTIFY_URL and are dropped: ${reason}`, {
            event: 'notify failed',
          });
        }
      }
      this.state.update({ notified: last });
    }
    this.sending = false;
  }

  private due(): EventBatch | null {
    const { settings, incarnation, events, notified } = this.state.data;
    const fresh = events.filter((item) => item.number > notified);
    const [first] = fresh;
    if (!settings.notify || first === undefined) return null;
    const { instance, vpn } = settings;
    return { instance, vpn, incarnation, events: fresh, missed: first.number - notified - 1 };
  }
}
