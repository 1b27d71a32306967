import { setTimeout as sleep } from 'node:timers/promises';
import { NoStream, type Chosen, type ProxyStream, type StrictProxyClient } from '../../simulator/proxy-client-strict';
import { meanwhile } from '../program/meanwhile';

/** Shorter than EVICTION_GRACE_S less the 2 s for which a proxy keeps its list. */
const WATCH_MS = 300;

export interface Seen {
  readonly outcome: 'played' | 'cut' | 'nothing';
  readonly engine: Chosen | null;
  readonly reason: string | null;
}

/** Viewers behind one proxy: some keep changing channels (zap), some stay with one stream. */
export class Audience {
  readonly seen: Seen[] = [];
  private readonly zapping: { stop: () => Promise<void> }[] = [];
  private readonly staying: ProxyStream[] = [];

  constructor(private readonly proxy: StrictProxyClient) {}

  zap(people: number): void {
    for (let person = 0; person < people; person++) {
      let zaps = 0;
      this.zapping.push(meanwhile(() => this.watch(`zap-${person}-${zaps++}`, WATCH_MS)));
    }
  }

  /** Resolves when all of them have a stream. */
  async stay(people: number): Promise<readonly ProxyStream[]> {
    for (let person = 0; person < people; person++) {
      const stream = await this.proxy.open(`stay-${person}`);
      this.staying.push(stream);
      void stream.over.then((end) => this.note(end.by === 'viewer' ? 'played' : 'cut', stream.engine, end));
    }
    return this.staying;
  }

  /** All viewers leave; resolves when the end of every stream has been reported. */
  async leave(): Promise<void> {
    await Promise.all(this.zapping.map(({ stop }) => stop()));
    for (const { playback, over } of this.staying) {
      await playback.stop();
      await over;
    }
  }

  private async watch(key: string, forMs: number): Promise<void> {
    try {
      const { engine, playback, over } = await this.proxy.open(key);
      await Promise.race([sleep(forMs), playback.ended]);
      const end = await playback.stop();
      await over;
      this.note(end.by === 'viewer' ? 'played' : 'cut', engine, end);
    } catch (error) {
      if (!(error instanceof NoStream)) throw error;
      this.note('nothing', error.engine, { reason: error.message });
      await sleep(WATCH_MS);
    }
  }

  private note(outcome: Seen['outcome'], engine: Chosen | null, end: object): void {
    this.seen.push({ outcome, engine, reason: 'reason' in end ? String(end.reason) : null });
  }
}
