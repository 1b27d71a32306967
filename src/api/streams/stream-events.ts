import { noAnswerOf, temporalFailure } from '../../temporal/failure-words';
import { reportedReason } from '../../domain/streams/end-reason';
import type { Stream, StreamEvent } from '../../domain/streams/stream';
import { CATCH_UP_WITHIN_MS } from '../reads/reads';
import type { VpnFollower } from '../reads/vpn-follower';
import { engineOfEvent, isNamed, type KnownEngine } from './stream-events-engine';
import { StreamEventQueue, streamOf, withEvents } from './stream-events-queue';

/** A workflow has handled a report by then, unless no worker runs. Without a worker the report is stored all the same. */
const HANDLED_WITHIN_MS = 1_000;

export interface StartedReport {
  readonly engine: { readonly host: string; readonly port: number; readonly containerId: string | null };
  readonly stream: Omit<Stream, 'containerId' | 'startedAt' | 'endedAt' | 'endReason'>;
}

/** Without a stream id it means the newest running stream on the container. */
export interface EndedReport {
  readonly streamId: string | null;
  readonly containerId: string | null;
  readonly reason: string | null;
}

/** The engine or stream of a report does not exist. */
export class EngineOrStreamNotFound extends Error {}

/** The report was not stored, or may not have been. It may be sent again. */
export class ReportNotStored extends Error {}

/**
 * Takes proxies' reports of streams. A report is answered when the server has stored it and this process shows it. A waiting report
 * counts already when further reports name its stream. Requests that may remove engines first call `flush`, which sends waiting reports.
 */
export class StreamEvents {
  private readonly vpns: readonly VpnReports[];

  constructor(followers: readonly VpnFollower[]) {
    this.vpns = followers.map((follower) => new VpnReports(follower));
  }

  /**
   * Adds a stream. A stream with an id that exists already, even one that has ended, stays as it is.
   * @throws EngineOrStreamNotFound, ReportNotStored
   */
  async started({ engine: named, stream }: StartedReport): Promise<Stream> {
    const unknown = () =>
      new EngineOrStreamNotFound(
        `no engine of Portward has port ${named.port}${named.containerId ? ` or is container '${named.containerId}'` : ''}`,
      );
    const found = await this.find(() => {
      const there = this.byId(stream.id);
      if (there) return there;
      const engine = engineOfEvent(
        named,
        this.vpns.flatMap((v) => v.engines),
      );
      const reports = this.vpns.find((v) => v.vpn === engine?.vpn);
      return engine && reports ? { reports, engine } : null;
    });
    if (!found) throw unknown();
    const { reports } = found;
    if ('stream' in found) {
      await reports.settled('started', stream.id);
      return found.stream;
    }
    const begun = {
      ...stream,
      containerId: found.engine.id,
      startedAt: Date.now(),
      endedAt: null,
      endReason: null,
    };
    const shown = await reports.report({ kind: 'started', stream: begun });
    if (!shown || reports.stream(begun.id)) return begun;
    // The engine was released before the workflow had the report.
    if (!reports.engines.some((e) => e.id === found.engine.id)) throw unknown();
    throw new ReportNotStored(`VPN '${reports.vpn}' has the largest number of streams that is kept for one VPN`);
  }

  /** @throws EngineOrStreamNotFound, ReportNotStored */
  async ended({ streamId, containerId, reason: given }: EndedReport): Promise<{ updated: boolean; stream: Stream }> {
    const found = await this.find(() => {
      if (streamId !== null) return this.byId(streamId);
      return containerId === null ? null : this.newestOn(containerId);
    });
    if (!found) {
      throw new EngineOrStreamNotFound(
        streamId !== null ? `there is no stream '${streamId}'` : `no stream runs on container '${containerId}'`,
      );
    }
    const { reports, stream } = found;
    if (stream.endedAt !== null) {
      await reports.settled('ended', stream.id);
      return { updated: false, stream };
    }
    const at = Date.now();
    const reason = reportedReason(given);
    await reports.report({ kind: 'ended', id: stream.id, at, reason });
    return { updated: true, stream: { ...stream, endedAt: at, endReason: reason } };
  }

  /** Resolves when every report so far is stored or refused. */
  async flush(): Promise<void> {
    await Promise.all(this.vpns.map((v) => v.queue.flush()));
  }

  /**
   * Finds the engine or stream of a report in the known lists. If it is not there, new lists are queried.
   * @throws ReportNotStored when it is in no list, and a workflow does not answer whose list may have it
   */
  private async find<T extends { readonly reports: VpnReports }>(choose: () => T | null): Promise<T | null> {
    const followers = this.vpns.map((v) => v.follower);
    // Waiting for the VPN concerned is enough. With many reports, one of the other VPNs is always behind.
    const concerned = choose()?.reports.follower;
    await Promise.all((concerned ? [concerned] : followers).map((f) => f.lists.caughtUp(CATCH_UP_WITHIN_MS)));
    const found = choose();
    if (found) return found;
    await Promise.all(followers.map((f) => f.lists.upToDate(HANDLED_WITHIN_MS)));
    const now = choose();
    const silent = followers.filter((f) => f.lists.read.kind !== 'fresh').map((f) => f.vpn);
    if (!now && silent.length > 0) throw new ReportNotStored(noAnswerOf(silent));
    return now;
  }

  private byId(id: string): { reports: VpnReports; stream: Stream } | null {
    for (const reports of this.vpns) {
      const stream = reports.stream(id);
      if (stream) return { reports, stream };
    }
    return null;
  }

  private newestOn(container: string): { reports: VpnReports; stream: Stream } | null {
    const running = this.vpns.flatMap((reports) => {
      const ids = new Set(reports.engines.filter((e) => isNamed(e, container)).map((e) => e.id));
      const on = reports.streams.filter((s) => s.endedAt === null && ids.has(s.containerId));
      return on.map((stream) => ({ reports, stream }));
    });
    const [newest] = running.toSorted((a, b) => b.stream.startedAt - a.stream.startedAt);
    return newest ?? null;
  }
}

/** The reports for one VPN's workflow. */
class VpnReports {
  readonly vpn: string;
  readonly queue: StreamEventQueue;
  /** The reports that are not stored yet, by kind and stream id. */
  private readonly waiting = new Map<string, Promise<boolean>>();
  /** Whether the follower shows the last batch. */
  private shown = false;

  constructor(readonly follower: VpnFollower) {
    this.vpn = follower.vpn;
    this.queue = new StreamEventQueue(async (events) => {
      await follower.source.tellStreams(events);
      this.shown = await follower.lists.upToDate(HANDLED_WITHIN_MS);
    });
  }

  /** The VPN's engines, listed ones first. */
  get engines(): KnownEngine[] {
    const { vpn, follower } = this;
    const known = follower.lists.last?.engines;
    return known
      ? [...known.engines, ...known.hidden].map(({ id, name, httpPort }) => ({ vpn, id, name, httpPort }))
      : [];
  }

  /** The VPN's streams, including the reports that are not stored yet. */
  get streams(): readonly Stream[] {
    return withEvents(this.follower.lists.last?.streams.streams ?? [], this.queue.waiting);
  }

  stream(id: string): Stream | undefined {
    const known = this.follower.lists.last?.streams.streams.filter((s) => s.id === id) ?? [];
    const waiting = this.queue.waiting.filter((event) => streamOf(event) === id);
    return withEvents(known, waiting)[0];
  }

  /** @returns whether the follower shows the effect of the report @throws ReportNotStored */
  async report(event: StreamEvent): Promise<boolean> {
    const key = `${event.kind} ${streamOf(event)}`;
    const taken = this.queue.add(event).then(
      () => this.shown,
      (error: unknown) => {
        throw new ReportNotStored(
          `Temporal did not take the report for VPN '${this.vpn}': ${temporalFailure(error)}. Send it again`,
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

  /** Waits until that report is stored, if it is not yet: a repeated report is answered no sooner than the first one. @throws ReportNotStored */
  async settled(kind: StreamEvent['kind'], id: string): Promise<void> {
    await this.waiting.get(`${kind} ${id}`);
  }
}
