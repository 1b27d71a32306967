import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply } from 'fastify';

/** Often enough for proxies in between, and for the server's own limit on silence. */
const KEEP_ALIVE_MS = 15_000;
/** Not yet taken by a client; one that is further behind is let go, and may come back for the rest. */
const UNREAD_BYTES_AT_MOST = 256 * 1024;

export const eventStreamHeaders = { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' };

/** One client that reads Server-Sent Events. */
export interface OpenStream {
  /** @param text whole events */
  readonly say: (text: string) => void;
  /** Aborted when it reads no more. */
  readonly left: AbortSignal;
  /** The answer, once what it begins with has been said. */
  readonly answer: () => FastifyReply;
}

/** Answers of Server-Sent Events, which have no end. */
export class EventStreams {
  private readonly streams = new Set<Readable>();

  constructor(
    fastify: FastifyInstance,
    private readonly unreadBytesAtMost = UNREAD_BYTES_AT_MOST,
  ) {
    // Before connections are cut: who listens is told that it is over, and comes back.
    fastify.addHook('preClose', async () => {
      for (const stream of this.streams) stream.push(null);
      this.streams.clear();
    });
  }

  open(reply: FastifyReply): OpenStream {
    const stream = new Readable({ read: () => undefined });
    const left = new AbortController();
    this.streams.add(stream);
    const say = (text: string) => {
      if (!this.streams.has(stream)) return;
      if (stream.readableLength > this.unreadBytesAtMost) stream.destroy();
      else stream.push(text);
    };
    const keepAlive = setInterval(() => say(': keep-alive\n\n'), KEEP_ALIVE_MS);
    stream.once('close', () => {
      clearInterval(keepAlive);
      this.streams.delete(stream);
      left.abort();
    });
    // Who leaves before the first byte leaves no stream to close.
    reply.raw.once('close', () => stream.destroy());
    const answer = () => (stream.destroyed ? reply.hijack() : reply.headers(eventStreamHeaders).send(stream));
    return { say, left: left.signal, answer };
  }
}
