import { EventEmitter, once } from 'node:events';
import { Type, type Static } from '@sinclair/typebox';
import { exchange } from './http-exchange';
import { openGet } from './http-get';
import { decoded } from './proxy-client-shapes';

const Session = Type.Object({
  playback_url: Type.String(),
  stat_url: Type.String(),
  command_url: Type.String(),
  playback_session_id: Type.String({ minLength: 1 }),
  is_live: Type.Integer(),
});
export type EngineSession = Static<typeof Session>;
const SessionAnswer = Type.Object({ response: Session, error: Type.Null() });

export type PlaybackEnd =
  | { readonly by: 'viewer' }
  /** The engine or its network went away during the stream: the viewer has seen only a part. */
  | { readonly by: 'engine'; readonly at: number; readonly reason: string };

const ENGINE_PATIENCE_MS = 3_000;

/** Opens a playback at the engine `host:port` and reads it. Resolves with the first byte. @throws when no byte comes */
export async function beginPlayback(engine: string, key: string): Promise<Playback> {
  const url = `http://${engine}/ace/getstream?format=json&infohash=${encodeURIComponent(key)}`;
  const { status, body } = await exchange({ method: 'GET', url, limitMs: ENGINE_PATIENCE_MS });
  if (status !== 200) throw new Error(`the engine answers ${status}`);
  const playback = new Playback(decoded(SessionAnswer, body).response);
  await playback.begun;
  return playback;
}

/** A stream that is read until the viewer stops it or the engine ends it. */
export class Playback {
  bytes = 0;
  /** Resolves with the first byte; rejects when the stream ends before it. */
  readonly begun: Promise<void>;
  readonly ended: Promise<PlaybackEnd>;
  private readonly viewer = new AbortController();

  constructor(readonly session: EngineSession) {
    const first = new EventEmitter();
    this.begun = once(first, 'byte').then(() => undefined);
    this.ended = this.read(first);
  }

  /** The viewer switches off. The engine gets a stop command, if it is still there. */
  async stop(): Promise<PlaybackEnd> {
    this.viewer.abort();
    const url = `${this.session.command_url}?method=stop`;
    await exchange({ method: 'GET', url, limitMs: ENGINE_PATIENCE_MS }).catch(() => undefined);
    return this.ended;
  }

  private read(first: EventEmitter): Promise<PlaybackEnd> {
    return new Promise((resolve) => {
      const over = (reason: string): void => {
        clearTimeout(patience);
        if (this.bytes === 0) first.emit('error', new Error(reason));
        resolve(this.viewer.signal.aborted ? { by: 'viewer' } : { by: 'engine', at: Date.now(), reason });
      };
      const asked = openGet(this.session.playback_url, {}, (response) => {
        if (response.statusCode !== 200) asked.destroy(new Error(`the engine answers ${response.statusCode}`));
        response.on('data', (chunk: Buffer) => {
          this.bytes += chunk.length;
          patience.refresh();
          first.emit('byte');
        });
        response.on('error', (error) => over(error.message));
        response.on('close', () => over('the engine ended the stream'));
      });
      asked.on('error', (error) => over(error.message));
      this.viewer.signal.addEventListener('abort', () => asked.destroy());
      // If a container is removed with its network, its connections stay open, but nothing ever comes on them.
      const patience = setTimeout(
        () => asked.destroy(new Error(`nothing came for ${ENGINE_PATIENCE_MS} ms`)),
        ENGINE_PATIENCE_MS,
      );
    });
  }
}
