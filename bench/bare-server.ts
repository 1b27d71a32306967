import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface BareServer {
  /** Where it sends the bytes. */
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** The least that a Fastify can do: what `/engines` is held against in the same run, on the same machine. */
export async function startBareServer(url: string): Promise<BareServer> {
  const child = spawn(process.execPath, [join(__dirname, 'bare-server-process.js'), url], {
    // It ends with the pipe from us, however we end.
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
