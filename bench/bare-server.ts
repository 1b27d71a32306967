import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface BareServer {
  /** The address of its route. */
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** Starts a Fastify server that does as little as possible, for comparison with `/engines` in the same run. */
export async function startBareServer(url: string): Promise<BareServer> {
  const child = spawn(process.execPath, [join(__dirname, 'bare-server-process.js'), url], {
    // It ends when this pipe closes, however this process ends.
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const gone = once(child, 'exit');
  const [address] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    gone.then(() => Promise.reject(new Error('the bare server has ended'))),
  ]);
  return {
    url: `${String(address)}/engines`,
    stop: async () => {
      child.stdin.end();
      await gone;
    },
  };
}
