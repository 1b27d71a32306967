import { setTimeout as sleep } from 'node:timers/promises';
import { httpGet, keptConnections } from './http-get';
import { decodeEngines, type ProxyEngine } from './proxy-engine';

const ASK_EVERY_MS = 20;
const ANSWER_LIMIT_MS = 3_000;

interface Waiting {
  readonly holds: (engines: readonly ProxyEngine[]) => boolean;
  readonly seen: (at: number) => void;
}

/** A client that polls `/engines`, to find when a list first fulfils a condition. */
export class EnginesWatch {
  /** The latest list; null before the first one, and after an answer without a list. */
  engines: readonly ProxyEngine[] | null = null;
  private readonly agent = keptConnections();
  private readonly waiting = new Set<Waiting>();
  private readonly asking: Promise<void>;
  private stopping = false;

  constructor(
    private readonly url: string,
    private readonly heard: (engines: readonly ProxyEngine[]) => void = () => {},
  ) {
    this.asking = this.ask();
  }

  /** Resolves when an answer fulfils `holds`, with the time of that answer in ms since the epoch. @param what for the error text */
  until(
    what: string,
    holds: (engines: readonly ProxyEngine[]) => boolean,
    { limitMs, signal }: { limitMs: number; signal?: AbortSignal },
  ): Promise<number> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        this.waiting.delete(entry);
      };
      const abort = (): void => {
        end();
        reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
      };
      const entry = {
        holds,
        seen: (at: number) => {
          end();
          resolve(at);
        },
      };
      const timer = setTimeout(() => {
        end();
        reject(new Error(`expected in /engines within ${limitMs / 1000} s: ${what}; found ${this.summary()}`));
      }, limitMs);
      signal?.addEventListener('abort', abort, { once: true });
      this.waiting.add(entry);
      if (signal?.aborted === true) abort();
    });
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.asking;
    this.agent.destroy();
  }

  private summary(): string {
    if (this.engines === null) return 'no list';
    const entries = this.engines.map((e) => `${e.container_name} forwarded=${e.forwarded} p2p=${e.p2p_port}`);
    return entries.length === 0 ? 'no engine' : entries.join('; ');
  }

  private async ask(): Promise<void> {
    while (!this.stopping) {
      try {
        const { status, body } = await httpGet(`${this.url}/engines`, { agent: this.agent, limitMs: ANSWER_LIMIT_MS });
        const at = Date.now();
        this.engines = status === 200 ? decodeEngines(body) : null;
        if (this.engines) this.tell(this.engines, at);
      } catch {
        this.engines = null;
      }
      await sleep(ASK_EVERY_MS);
    }
  }

  private tell(engines: readonly ProxyEngine[], at: number): void {
    this.heard(engines);
    for (const entry of this.waiting) if (entry.holds(engines)) entry.seen(at);
  }
}
