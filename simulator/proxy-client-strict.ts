// A proxy that works with the orchestrator's whole contract, as a user of that contract would write it: it decodes strictly,
// has little patience, reports what it plays, and asks for an engine when it has none.
import { setTimeout as sleep } from 'node:timers/promises';
import { beginPlayback, type Playback, type PlaybackEnd } from './proxy-client-playback';
import { ranked, type Candidate } from './proxy-client-ranking';
import { ProxyRequests } from './proxy-client-requests';
import {
  Engines,
  OrchestratorStatus,
  Provisioned,
  StreamEnded,
  StreamState,
  StreamStates,
  type StrictEngine,
  type StrictProvisioned,
  type StrictStatus,
} from './proxy-client-shapes';
import { messageOf } from '../src/lib/errors';

export interface StrictProxyOptions {
  /** The orchestrator's API. */
  readonly url: string;
  readonly apiKey: string;
  /** Where an engine's `host` is reached from here. An engine that was asked for is `localhost`. */
  readonly addressOf: (host: string) => string;
  /** Streams that it puts on one engine. */
  readonly room?: number;
  readonly statusEveryMs?: number;
  readonly afterProvisioningMs?: number;
}

/** Host and port are all that a proxy says of an engine; `id` is null for one that it has asked for. */
export interface Chosen {
  readonly id: string | null;
  readonly host: string;
  readonly port: number;
}

export interface ProxyStream {
  readonly id: string;
  readonly engine: Chosen;
  readonly playback: Playback;
  /** Whether the orchestrator has taken the report. */
  readonly isReported: boolean;
  /** Resolves when the end has been reported. */
  readonly over: Promise<PlaybackEnd>;
}

/** The viewer got nothing. There is no second try. */
export class NoStream extends Error {
  constructor(
    readonly engine: Chosen | null,
    reason: string,
  ) {
    super(reason);
    this.name = 'NoStream';
  }
}

const LIST_KEPT_MS = 2_000;
const STATUS_EVERY_MS = 30_000;
const PROVISION_TRIES = 3;
const AFTER_PROVISIONING_MS = 5_000;
/** What a proxy calls itself in `container_id`; it is no engine's. */
const OWN_NAME = 'strict-proxy';

export class StrictProxyClient {
  readonly requests: ProxyRequests;
  private kept: { readonly engines: StrictEngine[]; readonly at: number } | null = null;
  private asking: Promise<StrictEngine[]> | null = null;
  private status: StrictStatus | null = null;
  private readonly stopping = new AbortController();
  private polling: Promise<void> = Promise.resolve();

  constructor(private readonly options: StrictProxyOptions) {
    this.requests = new ProxyRequests(options);
  }

  /** Resolves after the first status poll. */
  async start(): Promise<void> {
    await this.pollStatus();
    this.polling = this.keepPolling();
  }

  async close(): Promise<void> {
    this.stopping.abort();
    await this.polling;
    this.requests.close();
  }

  /** Opens a stream for a viewer. @throws NoStream */
  async open(key: string): Promise<ProxyStream> {
    const engine = await this.choose();
    let playback: Playback;
    try {
      playback = await beginPlayback(`${this.options.addressOf(engine.host)}:${engine.port}`, key);
    } catch (error) {
      throw new NoStream(engine, `${engine.host}:${engine.port}: ${messageOf(error)}`);
    }
    const id = `${key}|${playback.session.playback_session_id}`;
    // Waited for, but the viewer gets the stream whatever comes of it.
    const isReported = await this.reportStart(id, key, engine, playback).then(
      () => true,
      () => false,
    );
    const over = playback.ended.then(async (end) => {
      await this.reportEnd(id, end).catch(() => undefined);
      return end;
    });
    return { id, engine, playback, isReported, over };
  }

  private async choose(): Promise<Chosen> {
    const { room = Infinity } = this.options;
    let engines: StrictEngine[];
    try {
      engines = await this.engines();
    } catch (error) {
      throw new NoStream(null, `GET /engines: ${messageOf(error)}`);
    }
    const [best] = ranked(await this.withStreams(engines), room);
    if (!best || best.streams >= room) return this.provision();
    const { container_id: id, host, port } = best.engine;
    return { id, host, port };
  }

  private engines(): Promise<StrictEngine[]> {
    if (this.kept && performance.now() - this.kept.at < LIST_KEPT_MS) return Promise.resolve(this.kept.engines);
    this.asking ??= this.askEngines().finally(() => (this.asking = null));
    return this.asking;
  }

  private async askEngines(): Promise<StrictEngine[]> {
    const engines = await this.requests.send({ method: 'GET', path: '/engines', answers: Engines });
    this.kept = { engines, at: performance.now() };
    return engines;
  }

  /** One after the other, never from a cache. An engine whose streams are not told is left out. */
  private async withStreams(engines: readonly StrictEngine[]): Promise<Candidate[]> {
    const candidates: Candidate[] = [];
    for (const engine of engines) {
      const path = `/streams?container_id=${engine.container_id}&status=started`;
      const streams = await this.requests.send({ method: 'GET', path, answers: StreamStates }).catch(() => null);
      if (streams) candidates.push({ engine, streams: streams.length });
    }
    return candidates;
  }

  private async provision(): Promise<Chosen> {
    const { provisioning } = this.status ?? {};
    if (provisioning?.can_provision !== true) {
      throw new NoStream(null, `no engine, and none may be asked for: ${provisioning?.blocked_reason ?? 'no status'}`);
    }
    const { host_http_port: port } = await this.postForEngine();
    await sleep(this.options.afterProvisioningMs ?? AFTER_PROVISIONING_MS);
    return { id: null, host: 'localhost', port };
  }

  private async postForEngine(): Promise<StrictProvisioned> {
    let reason = '';
    for (let tries = 0; tries < PROVISION_TRIES; tries++) {
      try {
        const body = { labels: {}, env: {} };
        return await this.requests.send({ method: 'POST', path: '/provision/acestream', body, answers: Provisioned });
      } catch (error) {
        reason = messageOf(error);
      }
    }
    throw new NoStream(null, `no engine, and none could be had: ${reason}`);
  }

  private async reportStart(id: string, key: string, { host, port }: Chosen, { session }: Playback): Promise<void> {
    const { playback_session_id, stat_url, command_url, is_live } = session;
    const body = {
      container_id: OWN_NAME,
      engine: { host, port },
      stream: { key_type: 'infohash', key },
      session: { playback_session_id, stat_url, command_url, is_live },
      labels: { stream_id: id },
    };
    await this.requests.send({ method: 'POST', path: '/events/stream_started', body, answers: StreamState });
  }

  /** Tried once. */
  private async reportEnd(id: string, end: PlaybackEnd): Promise<void> {
    const body = { container_id: OWN_NAME, stream_id: id, reason: end.by === 'viewer' ? 'client left' : end.reason };
    await this.requests.send({ method: 'POST', path: '/events/stream_ended', body, answers: StreamEnded });
  }

  private async pollStatus(): Promise<void> {
    const answers = OrchestratorStatus;
    const poll = { method: 'GET', path: '/orchestrator/status', answers, statusPoll: true } as const;
    // What was told last holds until something else is.
    this.status = await this.requests.send(poll).catch(() => this.status);
  }

  private async keepPolling(): Promise<void> {
    const { signal } = this.stopping;
    for (;;) {
      const pause = sleep(this.options.statusEveryMs ?? STATUS_EVERY_MS, undefined, { signal });
      await pause.catch(() => undefined);
      if (signal.aborted) return;
      await this.pollStatus();
    }
  }
}
