import { rm } from 'node:fs/promises';
import type { PortwardProcess } from '../simulator/portward-process';
import type { UnexpectedExit } from './checker/facts';

/** Worker and API of a site: one that ends without being told to is told of. */
export class Processes {
  private left = false;
  private readonly expected = new Set<PortwardProcess>();

  constructor(
    readonly worker: PortwardProcess,
    readonly api: PortwardProcess,
    private readonly tell: (exit: UnexpectedExit) => void,
  ) {
    this.mind('worker');
    this.mind('api');
  }

  /** Resolves when it has ended. SIGKILL of the worker leaves the Temporal server running, SIGTERM doesn't. */
  async end(part: 'worker' | 'api', signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const process = this[part];
    this.expected.add(process);
    await (signal === 'SIGTERM' ? process.stop() : process.kill('SIGKILL'));
  }

  async start(part: 'worker' | 'api'): Promise<void> {
    if (this.left) throw new Error('the site is being closed');
    const process = this[part];
    this.expected.delete(process);
    const starting = process.start();
    this.mind(part);
    await starting;
  }

  /** The Temporal server's database is gone, as from a disk that failed. */
  async wipe(): Promise<void> {
    await this.end('worker', 'SIGTERM');
    await rm(this.worker.dataDir, { recursive: true, force: true });
    await this.start('worker');
  }

  /** False when there is none right now. */
  killTemporal(): boolean {
    const pid = this.worker.temporalPid;
    if (pid === null) return false;
    try {
      return process.kill(pid, 'SIGKILL');
    } catch {
      return false;
    }
  }

  /** From now on their end is none of ours, and nobody starts them again. */
  leave(): void {
    this.left = true;
    this.expected.add(this.worker).add(this.api);
  }

  private mind(part: 'worker' | 'api'): void {
    const process = this[part];
    void process.exit.then(({ code, signal }) => {
      if (this.expected.has(process)) return;
      this.tell({
        kind: 'unexpected exit',
        at: Date.now(),
        part,
        how: `${signal ?? `code ${code}`}:\n${process.lastLines()}`,
      });
    });
  }
}
