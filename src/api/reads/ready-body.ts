import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** A shorter body fits into one network packet anyway. */
const COMPRESSED_FROM_BYTES = 1_400;

/** JSON as bytes, made once for all readers. To serialize, hash or compress it for each reader would take most of an answer's time. */
export class ReadyBody {
  private tag: string | null = null;
  private compressed: Buffer | null = null;

  constructor(readonly bytes: Buffer) {}

  /** Weak, because it stands for the compressed bytes as well. */
  get etag(): string {
    return (this.tag ??= `W/"${createHash('sha1').update(this.bytes).digest('base64url')}"`);
  }

  get gzipped(): Buffer {
    return (this.compressed ??= gzipSync(this.bytes));
  }
}

/** Sends the body, compressed if the client accepts gzip, or 304 if the client has it already. */
export function sendReady({ headers }: FastifyRequest, reply: FastifyReply, body: ReadyBody): FastifyReply {
  const { 'if-none-match': known, 'accept-encoding': encodings } = headers;
  void reply.header('etag', body.etag);
  if (known !== undefined && matches(body.etag, known)) return reply.code(304).send();
  void reply.type('application/json; charset=utf-8');
  if (body.bytes.length < COMPRESSED_FROM_BYTES) return reply.send(body.bytes);
  void reply.header('vary', 'accept-encoding');
  if (!acceptsGzip(encodings)) return reply.send(body.bytes);
  return reply.header('content-encoding', 'gzip').send(body.gzipped);
}

function matches(etag: string, ifNoneMatch: string): boolean {
  if (ifNoneMatch.trim() === '*') return true;
  const bare = etag.slice(2);
  return ifNoneMatch.split(',').some((tag) => tag.trim().replace(/^W\//, '') === bare);
}

/** `q=0` refuses it. */
function acceptsGzip(encodings: string | string[] | undefined): boolean {
  const [, q = '1'] = /(?:^|,)\s*gzip\s*(?:;\s*q=([\d.]+))?/i.exec(String(encodings ?? '')) ?? [null, '0'];
  return Number(q) > 0;
}
