import type { ClientRequest, IncomingHttpHeaders } from 'node:http';
import { openGet } from '../../simulator/http-get';

export interface ReceivedEvent {
  readonly id: string;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Reads Server-Sent Events as a browser does: https://html.spec.whatwg.org/multipage/server-sent-events.html */
export class EventClient {
  readonly events: ReceivedEvent[] = [];
  lastEventId = '';
  comments = 0;
  ended = false;
  failed = false;
  private text = '';

  private constructor(
    private readonly request: ClientRequest,
    readonly headers: IncomingHttpHeaders,
  ) {}

  static open(url: string, lastEventId?: string): Promise<EventClient> {
    return new Promise((resolve, reject) => {
      const headers: Record<string, string> = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
      const request = openGet(url, { headers }, (response) => {
        if (response.statusCode !== 200) reject(new Error(`GET ${url}: ${response.statusCode}`));
        const client = new EventClient(request, response.headers);
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => client.read(chunk));
        response.on('error', () => (client.failed = true));
        response.on('close', () => (client.ended = true));
        resolve(client);
      });
      request.on('error', reject);
    });
  }

  close(): void {
    this.request.destroy();
  }

  private read(chunk: string): void {
    this.text += chunk;
    for (let end = this.text.indexOf('\n\n'); end >= 0; end = this.text.indexOf('\n\n')) {
      this.block(this.text.slice(0, end));
      this.text = this.text.slice(end + 2);
    }
  }

  private block(block: string): void {
    let event = 'message';
    let data: string | null = null;
    for (const line of block.split('\n')) {
      const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
      if (field === '') this.comments++;
      else if (field === 'id') this.lastEventId = value;
      else if (field === 'event') event = value;
      else if (field === 'data') data = value;
    }
    if (data !== null)
      this.events.push({ id: this.lastEventId, event, data: JSON.parse(data) as ReceivedEvent['data'] });
  }
}
