// A simple proxy, which works like acexy: it reads `/engines`, ranks the engines, and opens a stream on the best one.
import { httpGet, keptConnections, openGet } from './http-get';
import { decodeEngines, type ProxyEngine } from './proxy-engine';
import { messageOf } from '../src/lib/errors';

export type { ProxyEngine } from './proxy-engine';

export interface ProxyOptions {
  /** Portward's API. */
  readonly url: string;
  readonly apiKey?: string;
  /** The address at which this process reaches an engine. A real proxy uses `host`, a name in Docker's network. */
  readonly addressOf: (engine: ProxyEngine) => string;
}

/** The outcome of a viewer's request. */
export type StreamOutcome =
  | { readonly kind: 'served'; readonly engine: ProxyEngine; readonly bytes: number }
  /** The engine went away during the stream: the viewer has seen only a part. */
  | { readonly kind: 'cut short'; readonly engine: ProxyEngine; readonly bytes: number; readonly reason: string }
  /** There was no engine, or the chosen one sent no byte. The proxy does not try again. */
  | { readonly kind: 'failed'; readonly engine: ProxyEngine | null; readonly reason: string };

const REQUEST_LIMIT_MS = 3_000;
const LIST_KEPT_MS = 2_000;
/** The most streams that the proxy puts on one engine. */
const ROOM = 1_000;

export class ProxyClient {
  private readonly agent = keptConnections();
  private readonly playing = new Map<string, number>();
  private kept: { readonly engines: ProxyEngine[]; readonly at: number } | null = null;
  private asking: Promise<ProxyEngine[]> | null = null;

  constructor(private readonly options: ProxyOptions) {}

  /** The list, up to 2 s old. @throws when Portward does not answer within 3 s, or with anything but a list */
  async engines(): Promise<ProxyEngine[]> {
    if (this.kept && Date.now() - this.kept.at < LIST_KEPT_MS) return this.kept.engines;
    this.asking ??= this.ask().finally(() => (this.asking = null));
    return this.asking;
  }

  /** The engine that the next viewer gets; null: there is none. This reserves nothing. */
  async choose(): Promise<ProxyEngine | null> {
    const ranked = (await this.engines()).toSorted((a, b) => this.compare(a, b));
    return ranked[0] ?? null;
  }

  /** Plays `content` for a while. Never rejects. */
  async stream(content: string, forMs: number): Promise<StreamOutcome> {
    let engine: ProxyEngine | null;
    try {
      engine = await this.choose();
    } catch (error) {
      return { kind: 'failed', engine: null, reason: messageOf(error) };
    }
    if (!engine) return { kind: 'failed', engine: null, reason: '/engines lists no engine' };
    const { container_id: id } = engine;
    this.playing.set(id, this.streamsOn(id) + 1);
    try {
      return await this.play(engine, content, forMs);
    } finally {
      this.playing.set(id, this.streamsOn(id) - 1);
    }
  }

  close(): void {
    this.agent.destroy();
  }

  private streamsOn(id: string): number {
    return this.playing.get(id) ?? 0;
  }

  private async ask(): Promise<ProxyEngine[]> {
    const { url, apiKey } = this.options;
    const headers: Record<string, string> = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
    const { status, body } = await httpGet(`${url}/engines`, { agent: this.agent, headers, limitMs: REQUEST_LIMIT_MS });
    if (status !== 200) throw new Error(`GET /engines: expected 200, found ${status} ${body.slice(0, 200)}`);
    const engines = decodeEngines(body);
    this.kept = { engines, at: Date.now() };
    return engines;
  }

  /** Has room, then healthy, then fewest streams, then forwarded, then the one that was used longest ago. */
  private compare(a: ProxyEngine, b: ProxyEngine): number {
    const streams = (engine: ProxyEngine) => this.streamsOn(engine.container_id);
    const first = (isBetter: (engine: ProxyEngine) => boolean) => Number(isBetter(b)) - Number(isBetter(a));
    return (
      first((engine) => streams(engine) < ROOM) ||
      first((engine) => engine.health_status === 'healthy') ||
      streams(a) - streams(b) ||
      first((engine) => engine.forwarded === true) ||
      lastUse(a) - lastUse(b)
    );
  }

  private play(engine: ProxyEngine, content: string, forMs: number): Promise<StreamOutcome> {
    return new Promise((resolve) => {
      let bytes = 0;
      let enough = false;
      const endsAt = Date.now() + forMs;
      const end = (reason: string): void => {
        clearTimeout(patience);
        if (enough) resolve({ kind: 'served', engine, bytes });
        else if (bytes > 0) resolve({ kind: 'cut short', engine, bytes, reason: `${nameOf(engine)}: ${reason}` });
        else resolve({ kind: 'failed', engine, reason: `${nameOf(engine)}: ${reason}` });
      };
      const url = `http://${this.options.addressOf(engine)}:${engine.port}/ace/getstream?id=${encodeURIComponent(content)}`;
      const asked = openGet(url, {}, (response) => {
        if (response.statusCode !== 200) asked.destroy(new Error(`answers ${response.statusCode}`));
        response.on('data', (chunk: Buffer) => {
          patience.refresh();
          bytes += chunk.length;
          if (Date.now() < endsAt) return;
          enough = true;
          asked.destroy();
        });
        response.on('error', (error) => end(error.message));
        response.on('close', () => end('ended the stream'));
      });
      asked.on('error', (error) => end(error.message));
      // If a container is removed with its network, its connections stay open, but nothing ever comes on them.
      const patience = setTimeout(
        () => asked.destroy(new Error(`nothing came for ${REQUEST_LIMIT_MS} ms`)),
        REQUEST_LIMIT_MS,
      );
    });
  }
}

function lastUse({ last_stream_usage: at }: ProxyEngine): number {
  return at ? Date.parse(at) : 0;
}

function nameOf(engine: ProxyEngine): string {
  return engine.container_name ?? engine.container_id.slice(0, 12);
}
