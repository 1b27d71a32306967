import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer } from './control-server';

/** The VPN that Gluetun's `PUT /v1/vpn/status` controls, with its outcomes, and with faults for single requests. */
export class VpnLoop {
  status = 'running';
  /** The orders that were carried out, in this order. */
  readonly done: string[] = [];
  private readonly faults: ((wanted: string, request: IncomingMessage, response: ServerResponse) => boolean)[] = [];

  readonly answer: Answer = (response, request) => {
    void this.take(request, response);
  };

  /** The next `times` requests for that status get `answer` and have no effect. */
  refuse(status: string, answer: Answer, times = 1): void {
    this.spoil(status, answer, times, false);
  }

  /** The same, but the orders are carried out. */
  obeyThen(status: string, answer: Answer, times = 1): void {
    this.spoil(status, answer, times, true);
  }

  private spoil(status: string, answer: Answer, times: number, obey: boolean): void {
    let left = times;
    this.faults.push((wanted, request, response) => {
      if (wanted !== status || left === 0) return false;
      left--;
      if (obey) this.apply(wanted);
      answer(response, request);
      return true;
    });
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += String(chunk);
    if (request.method !== 'PUT') {
      response.end(JSON.stringify({ status: this.status }));
      return;
    }
    const { status }: { status: string } = JSON.parse(body);
    if (this.faults.some((fault) => fault(status, request, response))) return;
    response.end(JSON.stringify({ outcome: this.apply(status) }));
  }

  private apply(wanted: string): string {
    const from = wanted === 'running' ? 'stopped' : 'running';
    if (this.status !== from) return `already ${this.status}`;
    this.status = wanted;
    this.done.push(wanted);
    return wanted;
  }
}
