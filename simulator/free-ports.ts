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

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
