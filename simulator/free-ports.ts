import { createServer } from 'node:net';

/**
 * Below the range of outgoing connections (32768 and up on Linux), in which a free port may be taken by a connection at any
 * moment.
 */
const FIRST = 20_000;
const COUNT = 3_000;
/** Each of jest's workers has a part of its own. */
const PARTS = 4;
const first = FIRST + ((Number(process.env['JEST_WORKER_ID'] ?? 1) - 1) % PARTS) * COUNT;

/** Ports that this process was given: nobody may listen on them yet. */
const given = new Set<number>();

/** Different TCP ports on which nobody listens now. They are random, so that two runs do not choose the same ones. */
export async function freePorts(count: number): Promise<number[]> {
  const found: number[] = [];
  while (found.length < count) {
    const port = first + Math.floor(Math.random() * COUNT);
    if (await take(port)) found.push(port);
  }
  return found;
}

/** A range of free ports, for a VPN container that publishes them. */
export async function freePortRange(count: number): Promise<{ from: number; to: number }> {
  for (;;) {
    const from = first + Math.floor(Math.random() * (COUNT - count));
    const ports = Array.from({ length: count }, (_, i) => from + i);
    const taken = await Promise.all(ports.map(take));
    if (taken.every(Boolean)) return { from, to: from + count - 1 };
  }
}

/** @returns false if the port was given before, or somebody listens on it */
async function take(port: number): Promise<boolean> {
  if (given.has(port)) return false;
  given.add(port);
  return isFree(port);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
