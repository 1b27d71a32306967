// A process that requests one URL over several connections. Each connection sends its next request as soon as it has an answer.
// The process parses as little of an answer as possible, so that it measures the server and not itself.
import { connect } from 'node:net';
import { parseArgs } from 'node:util';

const HEAD_END = Buffer.from('\r\n\r\n');

/** All times in ms. */
export interface LoadResult {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly answers: number;
  /** Answers with the header X-Portward-Stale. */
  readonly stale: number;
  readonly otherThan200: number;
  readonly bytes: number;
}

const times: number[] = [];
let stale = 0;
let otherThan200 = 0;
let bytes = 0;

/** One connection. Resolves when the time is over. */
function client({ hostname, port, pathname }: URL, end: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const question = `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`;
    let askedAt = 0;
    let received = 0;
    /** The length of the whole answer; null until its head is complete. */
    let length: number | null = null;
    let head: Buffer = Buffer.alloc(0);
    const ask = (): void => {
      received = 0;
      length = null;
      head = Buffer.alloc(0);
      askedAt = performance.now();
      socket.write(question);
    };
    socket.on('connect', ask);
    socket.on('error', reject);
    socket.on('close', () => resolve());
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (length === null) {
        head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
        const at = head.indexOf(HEAD_END);
        if (at < 0) return;
        length = at + HEAD_END.length + read(head.toString('latin1', 0, at));
      }
      if (received < length) return;
      bytes = length;
      const now = performance.now();
      times.push(now - askedAt);
      if (now < end) ask();
      else socket.destroy();
    });
  });
}

/** Counts the answer by its head. @returns the length of the body in bytes */
function read(head: string): number {
  if (!head.startsWith('HTTP/1.1 200 ')) otherThan200++;
  if (/\r\nx-portward-stale:/i.test(head)) stale++;
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length === undefined) throw new Error(`expected an answer with Content-Length, found ${head}`);
  return Number(length);
}

function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { connections: { type: 'string', default: '1' }, seconds: { type: 'string', default: '1' } },
  });
  const url = new URL(positionals[0] ?? '');
  const began = performance.now();
  const end = began + Number(values.seconds) * 1000;
  await Promise.all(Array.from({ length: Number(values.connections) }, () => client(url, end)));
  const seconds = (performance.now() - began) / 1000;
  const sorted = times.toSorted((a, b) => a - b);
  const result: LoadResult = {
    perSecond: times.length / seconds,
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    answers: times.length,
    stale,
    otherThan200,
    bytes,
  };
  process.stdout.write(JSON.stringify(result));
}

void main();
