import { noAnswerOf, temporalFailure } from '../../temporal/failure-words';
import { reportedReason } from '../../domain/streams/end-reason';
import type { Stream, StreamEvent } from '../../domain/streams/stream';
import { CATCH_UP_WITHIN_MS } from '../reads/reads';
import type { VpnFollower } from '../reads/vpn-follower';
import { engineOfEvent, isNamed, type KnownEngine } from './stream-events-engine';
import { StreamEventQueue, streamOf, withEvents } from './stream-events-queue';

/** The workflow has taken up a report by then, unless no worker is there. It is written down all the same. */
const TAKEN_UP_WITHIN_MS = 1_000;

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

/**
 * Takes what proxies report of streams, and answers once it is in the VPN's workflow for good and this process shows it. From its arrival
 * on nothing that this process tells the workflow comes before it.
 */
export class StreamEvents {
  private readonly vpns: readonly EventsOfVpn[];

  constructor(followers: readonly VpnFollower[]) {
    this.vpns = followers.map((follower) => new EventsOfVpn(follower));
  }

  /**
   * A stream that is known already, even one that has ended, stays as it is.
   * @throws NothingOfThatName, NotTaken
   */
  async started({ engine: named, stream }: StartedReport): Promise<Stream> {
    const unknown = () =>
      new NothingOfThatName(
        `no engine of ours has port ${named.port}${named.containerId ? ` or is container '${named.containerId}'` : ''}`,
      );
    const found = await this.find(() => {
      const there = this.byId(stream.id);
      if (there) return there;
      const engine = engineOfEvent(
        named,
        this.vpns.flatMap((v) => v.engines),
      );
      const of = this.vpns.find((v) => v.vpn === engine?.vpn);
      return engine && of ? { of, engine } : null;
    });
    if (!found) throw unknown();
    const { of } = found;
    if ('stream' in found) {
      await of.settled('started', stream.id);
      return found.stream;
    }
    const begun = {
      ...stream,
      containerId: found.engine.id,
      startedAt: Date.now(),
      endedAt: null,
      endReason: null,
    };
    const shown = await of.report({ kind: 'started', stream: begun });
    if (!shown || of.stream(begun.id)) return begun;
    // It was let go of before the report came.
    if (!of.engines.some((e) => e.id === found.engine.id)) throw unknown();
    throw new NotTaken(`VPN '${of.vpn}' has as many streams as are kept of one at a time`);
  }

  /** @throws NothingOfThatName, NotTaken */
  async ended({ streamId, containerId, reason: given }: EndedReport): Promise<{ updated: boolean; stream: Stream }> {
    const found = await this.find(() => {
      if (streamId !== null) return this.byId(streamId);
      return containerId === null ? null : this.newestOn(containerId);
    });
    if (!found) {
      throw new NothingOfThatName(
        streamId !== null ? `no stream '${streamId}' is known` : `no stream runs on container '${containerId}'`,
      );
    }
    const { of, stream } = found;
    if (stream.endedAt !== null) {
      await of.settled('ended', stream.id);
      return { updated: false, stream };
    }
    const at = Date.now();
    const reason = reportedReason(given);
    await of.report({ kind: 'ended', id: stream.id, at, reason });
    return { updated: true, stream: { ...stream, endedAt: at, endReason: reason } };
  }

  /** Resolves when all that has been reported until now is written down, or has been refused. */
  async flush(): Promise<void> {
    await Promise.all(this.vpns.map((v) => v.queue.flush()));
  }

  /** Looks into what is known, and once more into what is asked for anew. @throws NotTaken when that can't be had */
  private async find<T extends { readonly of: EventsOfVpn }>(choose: () => T | null): Promise<T | null> {
    const followers = this.vpns.map((v) => v.follower);
    // Of other VPNs, one of which is always behind while much is reported, nothing is asked.
    const concerned = choose()?.of.follower;
    await Promise.all((concerned ? [concerned] : followers).map((f) => f.caughtUp(CATCH_UP_WITHIN_MS)));
    const found = choose();
    if (found) return found;
    await Promise.all(followers.map((f) => f.upToDate(TAKEN_UP_WITHIN_MS)));
    const now = choose();
    const silent = followers.filter((f) => f.read.kind !== 'fresh').map((f) => f.vpn);
    // What a workflow that does not answer may know is not unknown.
    if (!now && silent.length > 0) throw new NotTaken(noAnswerOf(silent));
    return now;
  }

  private byId(id: string): { of: EventsOfVpn; stream: Stream } | null {
    for (const of of this.vpns) {
      const stream = of.stream(id);
      if (stream) return { of, stream };
    }
    return null;
  }

  private newestOn(container: string): { of: EventsOfVpn; stream: Stream } | null {
    const running = this.vpns.flatMap((of) => {
      const ids = new Set(of.engines.filter((e) => isNamed(e, container)).map((e) => e.id));
      const on = of.streams.filter((s) => s.endedAt === null && ids.has(s.containerId));
      return on.map((stream) => ({ of, stream }));
    });
    const [newest] = running.toSorted((a, b) => b.stream.startedAt - a.stream.startedAt);
    return newest ?? null;
  }
}

/** What one VPN's workflow is told. */
class EventsOfVpn {
  readonly vpn: string;
  readonly queue: StreamEventQueue;
  /** By kind and id: those that wait. */
  private readonly waiting = new Map<string, Promise<boolean>>();
  /** Whether the last batch is in what the follower shows. */
  private shown = false;

  constructor(readonly follower: VpnFollower) {
    this.vpn = follower.vpn;
    this.queue = new StreamEventQueue(async (events) => {
      await follower.source.tellStreams(events);
      this.shown = await follower.upToDate(TAKEN_UP_WITHIN_MS);
    });
  }

  /** Listed ones first. */
  get engines(): KnownEngine[] {
    const { vpn, follower } = this;
    const known = follower.last?.engines;
    return known
      ? [...known.engines, ...known.hidden].map(({ id, name, httpPort }) => ({ vpn, id, name, httpPort }))
      : [];
  }

  /** With events that Temporal has yet to accept: it takes them in their order. */
  get streams(): readonly Stream[] {
    return withEvents(this.follower.last?.streams.streams ?? [], this.queue.waiting);
  }

  stream(id: string): Stream | undefined {
    const known = this.follower.last?.streams.streams.filter((s) => s.id === id) ?? [];
    const waiting = this.queue.waiting.filter((event) => streamOf(event) === id);
    return withEvents(known, waiting)[0];
  }

  /** @returns whether the follower shows what came of it @throws NotTaken */
  async report(event: StreamEvent): Promise<boolean> {
    const key = `${event.kind} ${streamOf(event)}`;
    const taken = this.queue.add(event).then(
      () => this.shown,
      (error: unknown) => {
        throw new NotTaken(
          `Temporal did not take it for VPN '${this.vpn}': ${temporalFailure(error)}. Report it again`,
          { cause: error },
        );
      },
    );
    this.waiting.set(key, taken);
    try {
      return await taken;
    } finally {
      if (this.waiting.get(key) === taken) this.waiting.delete(key);
    }
  }

  /** Resolves when that event, if it waits, is accepted: who repeats it learns no more than who reported it first. @throws NotTaken */
  async settled(kind: StreamEvent['kind'], id: string): Promise<void> {
    await this.waiting.get(`${kind} ${id}`);
  }
}
