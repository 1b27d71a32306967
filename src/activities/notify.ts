import { ApplicationFailure } from '@temporalio/common';
import type { Logger } from 'pino';
import type { NumberedEvent } from '../domain/event-log';
import { eventId, eventJson } from '../domain/event-json';
import { NotDelivered, type Webhook } from '../clients/webhook';

/** The events of one VPN since the previous batch. */
export interface EventBatch {
  readonly instance: string;
  readonly vpn: string;
  readonly incarnation: string;
  readonly events: readonly NumberedEvent[];
  /** Number of events lost before these, because too many happened while the receiver was unreachable. */
  readonly missed: number;
}

export function batchId({ incarnation, events }: EventBatch): string {
  return `${eventId(incarnation, events[0]?.number ?? 0)}-${events.at(-1)?.number ?? 0}`;
}

/** Sends events to the webhook. A failure is logged once for each reason, however many VPNs it concerns. */
export class Notifications {
  /** Reasons that have been logged since the last delivery. */
  private readonly reasons = new Set<string>();

  constructor(
    /** Null without NOTIFY_URL. */
    private readonly webhook: Webhook | null,
    private readonly log: Logger,
  ) {}

  /** @throws ApplicationFailure of type `Refused` when no retry can succeed, else `NotDelivered` */
  async send(batch: EventBatch, signal: AbortSignal): Promise<void> {
    const { instance, vpn, incarnation, events, missed } = batch;
    const items = events.map((item) => ({ id: eventId(incarnation, item.number), ...eventJson(vpn, item) }));
    try {
      if (this.webhook === null) throw new NotDelivered('it is not set in this worker', 'refused');
      await this.webhook.post(batchId(batch), { instance, vpn, missed, events: items }, signal);
    } catch (error) {
      // A cancelled request is not a failure of the receiver.
      if (signal.aborted || !(error instanceof NotDelivered)) throw error;
      this.failed(error);
      throw failure(error);
    }
    if (this.reasons.size === 0) return;
    this.reasons.clear();
    this.log.info({ event: 'notify works' }, 'Events reach NOTIFY_URL again');
  }

  private failed({ message, outcome }: NotDelivered): void {
    if (this.reasons.has(message)) return;
    this.reasons.add(message);
    const fate =
      outcome === 'refused' ? 'they are dropped until this is fixed: check NOTIFY_URL' : 'they are retried for an hour';
    this.log.warn({ event: 'notify failed' }, `Events can't be sent to NOTIFY_URL: ${message}; ${fate}`);
  }
}

function failure({ message, outcome, retryAfterMs }: NotDelivered): ApplicationFailure {
  if (outcome === 'refused') return ApplicationFailure.nonRetryable(message, 'Refused');
  const nextRetryDelay = retryAfterMs ?? undefined;
  return ApplicationFailure.create({ message, type: 'NotDelivered', nextRetryDelay });
}
