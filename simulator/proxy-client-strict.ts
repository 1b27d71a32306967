// A proxy that uses the orchestrator's whole contract: it decodes strictly, gives up after 3 s, reports its streams, and requests an
// engine when it has none.
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
  /** The address at which this process reaches an engine's `host`. An engine that the proxy has requested has `localhost`. */
  readonly addressOf: (host: string) => string;
  /** The most streams on one engine. */
  readonly room?: number;
  readonly statusEveryMs?: number;
  readonly afterProvisioningMs?: number;
}

/** The engine of a stream. `id` is null for an engine that the proxy has requested: then it knows only host and port. */
export interface Chosen {
  readonly id: string | null;
  readonly host: string;
  readonly port: number;
}

export interface ProxyStream {
  readonly id: string;
  readonly engine: Chosen;
  readonly playback: Playback;
  /** Whether the orchestrator has accepted the report. */
  readonly isReported: boolean;
  /** Resolves when the end has been reported. */
  readonly over: Promise<PlaybackEnd>;
}

/** The viewer got no stream. The proxy does not try again. */
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
/** The proxy's own name, which it sends as `container_id`; it is not an engine's. */
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
    // The proxy waits for the report, but the viewer gets the stream even if the report fails.
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

  /** Reads the streams of one engine after the other, never from a cache. An engine without an answer is left out. */
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
      throw new NoStream(null, `no engine, and none may be requested: ${provisioning?.blocked_reason ?? 'no status'}`);
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
    throw new NoStream(null, `no engine, and the request for one failed: ${reason}`);
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

  /** The proxy tries this only once. */
  private async reportEnd(id: string, end: PlaybackEnd): Promise<void> {
    const body = { container_id: OWN_NAME, stream_id: id, reason: end.by === 'viewer' ? 'client left' : end.reason };
    await this.requests.send({ method: 'POST', path: '/events/stream_ended', body, answers: StreamEnded });
  }

  private async pollStatus(): Promise<void> {
    const answers = OrchestratorStatus;
    const poll = { method: 'GET', path: '/orchestrator/status', answers, statusPoll: true } as const;
    // After a failed poll the last status stays valid.
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
