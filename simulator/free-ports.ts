import { createServer } from 'node:net';

/**
 * Below the range of outgoing connections (32768 and up on Linux), in which a free port may be taken by a connection at any
 * moment.
 */
const FIRST = 20_000;
const COUNT = 12_000;

/** Different TCP ports on which nobody listens now. They are random, so that two runs do not choose the same ones. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (await isFree(port)) found.add(port);
  }
  return [...found];
}

/** A range of free ports, for a VPN container that publishes them. */
export async function freePortRange(count: number): Promise<{ from: number; to: number }> {
  for (;;) {
    const from = FIRST + Math.floor(Math.random() * (COUNT - count));
    const ports = Array.from({ length: count }, (_, i) => from + i);
    const free = await Promise.all(ports.map(isFree));
    if (free.every(Boolean)) return { from, to: from + count - 1 };
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
