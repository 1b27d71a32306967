import { everyGet } from './every-get';

interface Keys {
  readonly right: string;
  readonly wrong: readonly string[];
}

/** Sends requests to the API and keeps all answers. */
export class Questions {
  readonly answers: string[] = [];
  /** The paths of the latest reads. */
  reads: readonly string[] = [];

  constructor(
    private readonly url: () => string,
    private readonly keys: Keys,
  ) {}

  get keyed(): Record<string, string> {
    return { authorization: `Bearer ${this.keys.right}` };
  }

  async ask(path: string, init: RequestInit = {}, url = this.url()): Promise<Response> {
    const response = await fetch(`${url}${path}`, init);
    this.answers.push(`${response.status} ${JSON.stringify([...response.headers])} ${await response.clone().text()}`);
    return response;
  }

  /** Sends every read, and a change with each wrong key. @param values values for the parameters of the reads */
  async everything(vpn: string, values: Readonly<Record<string, string>>, url = this.url()): Promise<void> {
    this.reads = await everyGet(url, { name: vpn, ...values });
    await Promise.all(
      [...this.reads, '/nothing'].map((path) =>
        path.endsWith('/stream') ? this.events(path, url) : this.ask(path, { headers: this.keyed }, url),
      ),
    );
    const post = `/vpns/${vpn}/replacements`;
    for (const token of [undefined, ...this.keys.wrong]) {
      const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
      await this.ask(post, { method: 'POST', headers }, url);
    }
    await this.ask(`${post}?key=${encodeURIComponent(this.keys.right)}`, { method: 'POST' }, url);
  }

  /** Reads the beginning of the event stream, which has no end. */
  private async events(path: string, url: string): Promise<void> {
    const decoder = new TextDecoder();
    let heard = '';
    try {
      const response = await fetch(`${url}${path}`, {
        headers: { 'last-event-id': 'nobody=a.0' },
        signal: AbortSignal.timeout(2_000),
      });
      heard = `${response.status} ${JSON.stringify([...response.headers])}`;
      for await (const bytes of response.body ?? []) {
        heard += decoder.decode(bytes as Uint8Array, { stream: true });
        if (heard.includes('data: ')) break;
      }
    } catch (error) {
      if (!(error instanceof Error && error.name === 'TimeoutError')) throw error;
    }
    this.answers.push(heard);
  }
}
