import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { progress } from './progress';

export const CLIENTS = 50;
export const LOAD_S = 10;

/** Before it is measured: code that has just been loaded is slow, and starting a hundred engines is work that goes on a while. */
const WARM_UP_S = 5;

/** From a process of its own: load that shares an event loop with what it measures finds too little. */
export async function requestsPerSecond(url: string): Promise<number> {
  await load(url, WARM_UP_S);
  const { requests, errors, non2xx } = await load(url, LOAD_S);
  if (errors + non2xx > 0) progress(`under load: ${errors} errors, ${non2xx} answers other than 200`);
  return requests.average;
}

async function load(
  url: string,
  seconds: number,
): Promise<{ requests: { average: number }; errors: number; non2xx: number }> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [require.resolve('autocannon'), '--json', '--connections', String(CLIENTS), '--duration', String(seconds), url],
    { maxBuffer: 2 ** 24 },
  );
  return JSON.parse(stdout);
}
