import { setTimeout as sleep } from 'node:timers/promises';
import { accepts } from '../lib/tcp';
import { lazyClient, targetAt } from '../temporal/client';
import { readDatabase } from './database-read';
import { temporalFailure } from '../temporal/failure-words';
import { ensureSearchAttributes, SearchAttributeTypeError, type SearchAttributes } from '../temporal/search-attributes';

const ASK_AGAIN_MS = 25;
const READY_WITHIN_MS = 5_000;

interface ReadinessOptions {
  readonly address: string;
  readonly searchAttributes: SearchAttributes;
  readonly patienceMs: number;
  /** Called between attempts. False ends the wait, because the server has ended. */
  readonly isRunning: () => boolean;
}

export type Readiness = { readonly ready: true } | { readonly ready: false; readonly reason: string };

/**
 * Waits until the default namespace has the search attributes that the workflows set, and workflows can be read:
 * after a SIGKILL a server may answer for its namespaces but never load its workflows.
 */
export async function waitUntilReady(options: ReadinessOptions): Promise<Readiness> {
  const deadline = performance.now() + options.patienceMs;
  let reason = 'it does not listen';
  while (options.isRunning() && performance.now() < deadline) {
    // The port is tried first: gRPC would wait a second after a refused connection, but the server starts in a third
    // of that.
    if (await listens(options.address)) {
      try {
        await prepare(options.address, options.searchAttributes);
        return { ready: true };
      } catch (error) {
        if (error instanceof SearchAttributeTypeError) throw error;
        reason = temporalFailure(error);
      }
    }
    await sleep(ASK_AGAIN_MS);
  }
  return { ready: false, reason };
}

async function prepare(address: string, searchAttributes: SearchAttributes): Promise<void> {
  const { connection } = lazyClient(targetAt(address));
  try {
    await connection.withDeadline(Date.now() + READY_WITHIN_MS, async () => {
      await readDatabase(connection);
      await ensureSearchAttributes(connection, 'default', searchAttributes);
    });
  } finally {
    await connection.close();
  }
}

function listens(address: string): Promise<boolean> {
  const { hostname, port } = new URL(`tcp://${address}`);
  const host = hostname.replace(/^\[|\]$/g, '');
  return accepts({ host, port: Number(port) }, new AbortController().signal);
}
