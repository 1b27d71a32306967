import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply } from 'fastify';

/** Shorter than the timeouts of proxies in between, and of the server itself (`connectionTimeout`). */
const KEEP_ALIVE_MS = 15_000;
/** A client with more unread bytes than this is disconnected. It may reconnect for the rest. */
const UNREAD_BYTES_AT_MOST = 256 * 1024;

export const eventStreamHeaders = { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' };

/** One client that reads Server-Sent Events. */
export interface OpenStream {
  /** Sends text to the client. @param text complete events */
  readonly say: (text: string) => void;
  /** Aborted when the client has disconnected. */
  readonly left: AbortSignal;
  /** Begins the answer. To be called after the first events have been sent. */
  readonly answer: () => FastifyReply;
}

/** The open answers with Server-Sent Events, each of which lasts until its client disconnects. */
export class EventStreams {
  private readonly streams = new Set<Readable>();

  constructor(
    fastify: FastifyInstance,
    private readonly unreadBytesAtMost = UNREAD_BYTES_AT_MOST,
  ) {
    // Answers end before the server closes its connections, so that clients see a regular end and reconnect.
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
    // A client that disconnects before the first byte does not close the stream.
    reply.raw.once('close', () => stream.destroy());
    const answer = () => (stream.destroyed ? reply.hijack() : reply.headers(eventStreamHeaders).send(stream));
    return { say, left: left.signal, answer };
  }
}
