import { createServer } from 'node:net';

/**
 * Below the ports that the system gives out by itself (32768 and up on Linux), where one that is free now could be
 * somebody's connection in the next moment.
 */
const FIRST = 20_000;
const COUNT = 12_000;

/** TCP ports that nobody listens on right now, all different, chosen at random so that two runs don't meet. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (await isFree(port)) found.add(port);
  }
  return [...found];
}

/** So many in a row, as a VPN container publishes them. */
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
