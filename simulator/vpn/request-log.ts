import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LoggedRequest, StatusOrder } from './messages';

/** Enough for any test, and no leak in a demo that is left running for days. */
const KEPT = 2000;

/** What the control server was asked, and what it answered. */
export class RequestLog {
  readonly entries: LoggedRequest[] = [];
  readonly orders: StatusOrder[] = [];

  add(request: IncomingMessage, response: ServerResponse): void {
    const entry: LoggedRequest = {
      at: Date.now(),
      method: request.method ?? '',
      path: request.url ?? '',
      status: null,
      answeredAt: null,
    };
    this.entries.push(entry);
    if (this.entries.length > KEPT) this.entries.shift();
    response.on('finish', () => {
      entry.status = response.statusCode;
      entry.answeredAt = Date.now();
    });
  }
}
