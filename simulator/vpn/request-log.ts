import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LoggedRequest, StatusOrder } from './messages';

/** Enough for any test; limited because a demo may run for days. */
const KEPT = 2000;

/** The requests to the control server and the status of their answers. */
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
