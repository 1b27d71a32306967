import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** A shorter one takes as many packets compressed. */
const COMPRESSED_FROM_BYTES = 1_400;

/** JSON as bytes, made once for all who read it: serialising, hashing or compressing it for each would take most of an answer's time. */
export class ReadyBody {
  private tag: string | null = null;
  private compressed: Buffer | null = null;

  constructor(readonly bytes: Buffer) {}

  /** Weak, since it names the compressed bytes as well. */
  get etag(): string {
    return (this.tag ??= `W/"${createHash('sha1').update(this.bytes).digest('base64url')}"`);
  }

  get gzipped(): Buffer {
    return (this.compressed ??= gzipSync(this.bytes));
  }
}

/** Answers with it, as far as the client does not have it yet, in the encoding that it takes. */
export function sendReady({ headers }: FastifyRequest, reply: FastifyReply, body: ReadyBody): FastifyReply {
  const { 'if-none-match': known, 'accept-encoding': encodings } = headers;
  void reply.header('etag', body.etag);
  if (known !== undefined && isNamed(body.etag, known)) return reply.code(304).send();
  void reply.type('application/json; charset=utf-8');
  if (body.bytes.length < COMPRESSED_FROM_BYTES) return reply.send(body.bytes);
  void reply.header('vary', 'accept-encoding');
  if (!takesGzip(encodings)) return reply.send(body.bytes);
  return reply.header('content-encoding', 'gzip').send(body.gzipped);
}

function isNamed(etag: string, ifNoneMatch: string): boolean {
  if (ifNoneMatch.trim() === '*') return true;
  const bare = etag.slice(2);
  return ifNoneMatch.split(',').some((tag) => tag.trim().replace(/^W\//, '') === bare);
}

/** `q=0` refuses it. */
function takesGzip(encodings: string | string[] | undefined): boolean {
  const [, q = '1'] = /(?:^|,)\s*gzip\s*(?:;\s*q=([\d.]+))?/i.exec(String(encodings ?? '')) ?? [null, '0'];
  return Number(q) > 0;
}
