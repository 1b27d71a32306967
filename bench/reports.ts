// Stream events as a proxy sends them.
import { request, type Agent } from 'node:http';
import type { ProxyEngine } from '../simulator/proxy-engine';

export const LIMIT_MS = 10_000;

/** An engine's answer to a request for a stream. */
export interface Session {
  readonly playback_session_id: string;
  readonly stat_url: string;
  readonly command_url: string;
}

export function startedReport({ host, port }: ProxyEngine, key: string, session: Session): object {
  const { playback_session_id, stat_url, command_url } = session;
  return {
    engine: { host, port },
    stream: { key_type: 'infohash', key },
    session: { playback_session_id, stat_url, command_url, is_live: 1 },
    labels: { stream_id: streamId(key, session) },
  };
}

export function streamId(key: string, { playback_session_id: session }: Session): string {
  return `${key}|${session}`;
}

/** Resolves with the HTTP status. */
export function post(url: string, body: object, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const text = JSON.stringify(body);
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const asked = request(url, { method: 'POST', agent, headers, timeout: LIMIT_MS }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    asked.on('timeout', () => asked.destroy(new Error(`POST ${url}: no answer in ${LIMIT_MS} ms`)));
    asked.on('error', reject);
    asked.end(text);
  });
}
