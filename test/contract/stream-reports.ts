import { beginPlayback, type Playback } from '../../simulator/proxy-client-playback';

export interface Report {
  readonly container_id?: unknown;
  readonly engine: object;
  readonly stream: object;
  readonly session: object;
  readonly labels?: object;
}

/** What a proxy reports of a playback that an engine at `host:port` has opened. */
export function startReport(engine: { host: string; port: number }, key: string, playback: Playback): Report {
  const { playback_session_id, stat_url, command_url } = playback.session;
  return {
    container_id: 'the-proxy-itself',
    engine,
    stream: { key_type: 'infohash', key },
    session: { playback_session_id, stat_url, command_url, is_live: 1 },
    labels: { stream_id: `${key}|${playback_session_id}` },
  };
}

export interface Reported {
  readonly id: string;
  readonly playback: Playback;
  readonly report: Report;
}

/** Plays on an engine, wherever that is reached; to report it is left to the caller. */
export async function playOn(address: string, engine: { host: string; port: number }, key: string): Promise<Reported> {
  const playback = await beginPlayback(`${address}:${engine.port}`, key);
  const id = `${key}|${playback.session.playback_session_id}`;
  return { id, playback, report: startReport({ host: engine.host, port: engine.port }, key, playback) };
}
