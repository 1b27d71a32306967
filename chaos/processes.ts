import { rm } from 'node:fs/promises';
import type { PortwardProcess } from '../simulator/portward-process';
import type { UnexpectedExit } from './checker/facts';

/** The worker and the API process of a site. Reports a process that ends by itself. */
export class Processes {
  private left = false;
  private readonly expected = new Set<PortwardProcess>();

  constructor(
    readonly worker: PortwardProcess,
    readonly api: PortwardProcess,
    private readonly tell: (exit: UnexpectedExit) => void,
  ) {
    this.reportExit('worker');
    this.reportExit('api');
  }

  /** Resolves when the process has ended. After a SIGKILL of the worker the Temporal server runs on; after a SIGTERM it doesn't. */
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
    this.reportExit(part);
    await starting;
  }

  /** Restarts the worker without the Temporal server's database, as after a disk failure. */
  async wipe(): Promise<void> {
    await this.end('worker', 'SIGTERM');
    await rm(this.worker.dataDir, { recursive: true, force: true });
    await this.start('worker');
  }

  /** False: no Temporal server runs right now. */
  killTemporal(): boolean {
    const pid = this.worker.temporalPid;
    if (pid === null) return false;
    try {
      return process.kill(pid, 'SIGKILL');
    } catch {
      return false;
    }
  }

  /** From now on an end is not reported, and `start` throws. */
  leave(): void {
    this.left = true;
    this.expected.add(this.worker).add(this.api);
  }

  private reportExit(part: 'worker' | 'api'): void {
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
