import { beginPlayback, type Playback } from '../../simulator/proxy-client-playback';

export interface Report {
  readonly container_id?: unknown;
  readonly engine: object;
  readonly stream: object;
  readonly session: object;
  readonly labels?: object;
}

/** A proxy's report of a playback on the engine at `host:port`. */
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

/** Plays on an engine. The caller has to send the report. @param address where this process reaches the engine */
export async function playOn(address: string, engine: { host: string; port: number }, key: string): Promise<Reported> {
  const playback = await beginPlayback(`${address}:${engine.port}`, key);
  const id = `${key}|${playback.session.playback_session_id}`;
  return { id, playback, report: startReport({ host: engine.host, port: engine.port }, key, playback) };
}
