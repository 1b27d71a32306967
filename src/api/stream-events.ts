import { noAnswerOf, temporalFailure } from '../temporal/failure-words';
import { reportedReason } from '../domain/end-reason';
import type { Stream, StreamEvent } from '../domain/stream';
import { EventsAhead, withEvents } from './stream-events-ahead';
import { engineOfEvent, isNamed, type KnownEngine } from './stream-events-engine';
import { StreamEventQueue } from './stream-events-queue';

/** One VPN as it is known now. */
export interface VpnStreamsKnown {
  readonly vpn: string;
  /** Listed ones first. */
  readonly engines: readonly KnownEngine[];
  readonly streams: readonly Stream[];
  /** When its lists were asked for, on `performance`'s clock. */
  readonly askedAt: number;
  /** False: its workflow does not answer now, or never has, so that it may have more than this. */
  readonly fresh: boolean;
}

export interface KnownStreams {
  /** Every VPN. */
  read(): Promise<readonly VpnStreamsKnown[]>;
  /** Asked for after this call. */
  readAnew(): Promise<readonly VpnStreamsKnown[]>;
}

export interface StartedReport {
  readonly engine: { readonly host: string; readonly port: number; readonly containerId: string | null };
  readonly stream: Omit<Stream, 'containerId' | 'startedAt' | 'endedAt' | 'endReason'>;
}

/** By id; where there is none, the newest one that runs on the container. */
export interface EndedReport {
  readonly streamId: string | null;
  readonly containerId: string | null;
  readonly reason: string | null;
}

/** What is reported of is not there. */
export class NothingOfThatName extends Error {}

/** It could not be written down, or may not have been; whoever reported it may do so again. */
export class NotTaken extends Error {}

/** Takes what proxies report of streams, and answers once it is in the VPN's workflow for good. */
export class StreamEvents {
  private readonly vpns: ReadonlyMap<string, EventsOfVpn>;

  /** @param tell by VPN; resolves when Temporal has accepted the events */
  constructor(
    private readonly known: KnownStreams,
    tell: ReadonlyMap<string, (events: readonly StreamEvent[]) => Promise<void>>,
  ) {
    this.vpns = new Map([...tell].map(([vpn, send]) => [vpn, new EventsOfVpn(vpn, send)]));
  }

  /** The list with what was accepted since it was asked for. */
  streams({ vpn, streams, askedAt }: Pick<VpnStreamsKnown, 'vpn' | 'streams' | 'askedAt'>): readonly Stream[] {
    return withEvents(streams, this.vpns.get(vpn)?.ahead.since(askedAt) ?? []);
  }

  /** Another one whenever `streams` would make another list of the same one. */
  version(vpn: string, askedAt: number): string {
    return this.vpns.get(vpn)?.ahead.version(askedAt) ?? '';
  }

  /**
   * A stream that is known already, even one that has ended, stays as it is.
   * @throws NothingOfThatName, NotTaken
   */
  async started({ engine: named, stream }: StartedReport): Promise<Stream> {
    const found = await this.find((vpns) => {
      const there = this.byId(vpns, stream.id);
      if (there) return there;
      const engine = engineOfEvent(
        named,
        vpns.flatMap((v) => v.engines),
      );
      return engine && { vpn: engine.vpn, engine };
    });
    if (!found) {
      throw new NothingOfThatName(
        `no engine of ours has port ${named.port}${named.containerId ? ` or is container '${named.containerId}'` : ''}`,
      );
    }
    if ('stream' in found) {
      await this.settled(found.vpn, 'started', stream.id);
      return found.stream;
    }
    const begun = {
      ...stream,
      containerId: found.engine.id,
      startedAt: Date.now(),
      endedAt: null,
      endReason: null,
    };
    await this.vpns.get(found.vpn)?.report({ kind: 'started', stream: begun });
    return begun;
  }

  /** @throws NothingOfThatName, NotTaken */
  async ended({ streamId, containerId, reason: given }: EndedReport): Promise<{ updated: boolean; stream: Stream }> {
    const found = await this.find((vpns) => {
      if (streamId !== null) return this.byId(vpns, streamId);
      return containerId === null ? null : this.newestOn(vpns, containerId);
    });
    if (!found) {
      throw new NothingOfThatName(
        streamId !== null ? `no stream '${streamId}' is known` : `no stream runs on container '${containerId}'`,
      );
    }
    const { vpn, stream } = found;
    if (stream.endedAt !== null) {
      await this.settled(vpn, 'ended', stream.id);
      return { updated: false, stream };
    }
    const at = Date.now();
    const reason = reportedReason(given);
    await this.vpns.get(vpn)?.report({ kind: 'ended', id: stream.id, at, reason });
    return { updated: true, stream: { ...stream, endedAt: at, endReason: reason } };
  }

  /** Sends what waits, and from now on does not wait any more. */
  async flush(): Promise<void> {
    await Promise.all([...this.vpns.values()].map((v) => v.queue.flush()));
  }

  /** Looks into what is known, and once more into what is asked for anew. @throws NotTaken when that can't be had */
  private async find<T>(choose: (vpns: readonly VpnStreamsKnown[]) => T | null): Promise<T | null> {
    const found = choose(await this.known.read());
    if (found) return found;
    const anew = await this.known.readAnew();
    const now = choose(anew);
    const silent = anew.filter((v) => !v.fresh).map((v) => v.vpn);
    // What a workflow that does not answer may know is not unknown.
    if (!now && silent.length > 0) throw new NotTaken(noAnswerOf(silent));
    return now;
  }

  private byId(vpns: readonly VpnStreamsKnown[], id: string): { vpn: string; stream: Stream } | null {
    for (const known of vpns) {
      const stream = this.withWaiting(known).find((s) => s.id === id);
      if (stream) return { vpn: known.vpn, stream };
    }
    return null;
  }

  private newestOn(vpns: readonly VpnStreamsKnown[], container: string): { vpn: string; stream: Stream } | null {
    const running = vpns.flatMap((known) => {
      const ids = new Set(known.engines.filter((e) => isNamed(e, container)).map((e) => e.id));
      const on = this.withWaiting(known).filter((s) => s.endedAt === null && ids.has(s.containerId));
      return on.map((stream) => ({ vpn: known.vpn, stream }));
    });
    const [newest] = running.toSorted((a, b) => b.stream.startedAt - a.stream.startedAt);
    return newest ?? null;
  }

  /** With events that Temporal has yet to accept: it takes them in their order. */
  private withWaiting(known: VpnStreamsKnown): readonly Stream[] {
    return withEvents(this.streams(known), this.vpns.get(known.vpn)?.queue.waiting ?? []);
  }

  private settled(vpn: string, kind: StreamEvent['kind'], id: string): Promise<void> {
    return this.vpns.get(vpn)?.settled(kind, id) ?? Promise.resolve();
  }
}

/** What one VPN's workflow is told. */
class EventsOfVpn {
  readonly ahead = new EventsAhead();
  readonly queue: StreamEventQueue;
  /** By kind and id: those that wait. */
  private readonly waiting = new Map<string, Promise<void>>();

  constructor(
    private readonly vpn: string,
    tell: (events: readonly StreamEvent[]) => Promise<void>,
  ) {
    this.queue = new StreamEventQueue({
      send: async (events) => {
        await tell(events);
        this.ahead.add(events, performance.now());
      },
    });
  }

  /** @throws NotTaken */
  async report(event: StreamEvent): Promise<void> {
    const key = `${event.kind} ${event.kind === 'started' ? event.stream.id : event.id}`;
    const taken = this.queue.add(event).catch((error: unknown) => {
      throw new NotTaken(`Temporal did not take it for VPN '${this.vpn}': ${temporalFailure(error)}. Report it again`, {
        cause: error,
      });
    });
    this.waiting.set(key, taken);
    try {
      await taken;
    } finally {
      if (this.waiting.get(key) === taken) this.waiting.delete(key);
    }
  }

  /** Resolves when that event, if it waits, is accepted: who repeats it learns no more than who reported it first. @throws NotTaken */
  async settled(kind: StreamEvent['kind'], id: string): Promise<void> {
    await this.waiting.get(`${kind} ${id}`);
  }
}
