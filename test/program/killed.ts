import { createInterface } from 'node:readline';
import type Docker from 'dockerode';

export interface Killing {
  /** When Docker sent the first signal to the container's process, or found it ended; ms since the epoch. */
  readonly at: Promise<number>;
}

/** Listens from the moment when this resolves: Docker keeps old events only for a short time. */
export async function listenForKilling(docker: Docker, container: string): Promise<Killing> {
  const stream = await docker.getEvents({ filters: { container: [container], event: ['kill', 'die'] } });
  return { at: firstTime(stream) };
}

async function firstTime(stream: NodeJS.ReadableStream): Promise<number> {
  for await (const line of createInterface({ input: stream })) {
    const { timeNano } = JSON.parse(line) as { timeNano: number };
    if ('destroy' in stream && typeof stream.destroy === 'function') stream.destroy();
    return timeNano / 1e6;
  }
  throw new Error("Docker's events ended before the container did");
}
