import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Delivery {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly status: number;
}

/** A receiver of events over real HTTP: it keeps what arrives, and answers as the test says. */
export class Receiver {
  readonly deliveries: Delivery[] = [];
  /** The statuses of the next answers; after them 200. */
  readonly statuses: number[] = [];
  readonly answerHeaders: Record<string, string> = {};

  private constructor(private readonly server: ReturnType<typeof createServer>) {}

  static async start(answer?: RequestListener): Promise<Receiver> {
    const server = createServer();
    const receiver = new Receiver(server);
    server.on('request', (request, response) => {
      if (answer) {
        answer(request, response);
        return;
      }
      let body = '';
      request.on('data', (data: Buffer) => (body += data.toString('utf8')));
      request.on('end', () => {
        const status = receiver.statuses.shift() ?? 200;
        receiver.deliveries.push({ path: request.url ?? '', headers: request.headers, body, status });
        response.writeHead(status, receiver.answerHeaders).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hook`;
  }

  /** The bodies that it has acknowledged. */
  get taken(): Delivery[] {
    return this.deliveries.filter(({ status }) => status === 200);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    if (this.server.listening) await new Promise((resolve) => this.server.close(resolve));
  }
}
