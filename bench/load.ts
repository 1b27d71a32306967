import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { LoadResult } from './load-process';
import { progress } from './progress';

export type { LoadResult } from './load-process';

export const CLIENTS = 50;
export const LOAD_S = 10;

/** Load before the measurement: code that has just been loaded is slow, and the start of a hundred engines has work left over. */
const WARM_UP_S = 5;

export async function requestsPerSecond(url: string): Promise<number> {
  await load(url, CLIENTS, WARM_UP_S);
  const { perSecond, otherThan200 } = await load(url, CLIENTS, LOAD_S);
  if (otherThan200 > 0) progress(`under load: ${otherThan200} answers other than 200`);
  return perSecond;
}

/** Runs the load in a process of its own: in a shared event loop it would slow down what it measures. */
export async function load(url: string, connections: number, seconds: number): Promise<LoadResult> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(__dirname, 'load-process.js'),
    url,
    `--connections=${connections}`,
    `--seconds=${seconds}`,
  ]);
  return JSON.parse(stdout);
}
