import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';

/** One MPEG-TS packet: 188 bytes that begin with 0x47. */
const PACKET = Buffer.alloc(188, 0xff).fill(0x47, 0, 1);
const PACKETS_A_BEAT = 7;
const BEAT_MS = 100;

export type Session = { id: string; content: string; downloaded: number; clients: number };

/** The streams that clients are playing. A stream ends when its client leaves, never by itself. */
export class Streams {
  readonly #sessions = new Map<string, Session>();

  open(content: string): Session {
    const session = { id: randomUUID(), content, downloaded: 0, clients: 0 };
    this.#sessions.set(session.id, session);
    return session;
  }

  find(id: string): Session | undefined {
    return this.#sessions.get(id);
  }

  close(id: string): void {
    this.#sessions.delete(id);
  }

  get clients(): number {
    let sum = 0;
    for (const session of this.#sessions.values()) sum += session.clients;
    return sum;
  }

  /** Sends chunks slowly until the client leaves or the session is closed through its command URL. */
  play(session: Session, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'video/mp2t' });
    session.clients++;
    const beat = setInterval(() => {
      if (!this.#sessions.has(session.id)) {
        response.end();
        return;
      }
      for (let packet = 0; packet < PACKETS_A_BEAT; packet++) response.write(PACKET);
      session.downloaded += PACKET.length * PACKETS_A_BEAT;
    }, BEAT_MS);
    response.on('close', () => {
      clearInterval(beat);
      session.clients--;
      if (session.clients === 0) this.close(session.id);
    });
  }
}

/** The answer of `stat_url`, in the engine's format. */
export function statistics(session: Session): Record<string, unknown> {
  return {
    status: 'dl',
    peers: 3,
    speed_down: Math.round((PACKET.length * PACKETS_A_BEAT * 1000) / BEAT_MS / 1024),
    speed_up: 1,
    downloaded: session.downloaded,
    uploaded: Math.round(session.downloaded / 10),
    playback_session_id: session.id,
    is_live: 1,
  };
}
