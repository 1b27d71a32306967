import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Lag, type Sample } from './lag';

const TICK_MS = 20;

/**
 * Measures all the time how late this machine is: in this process, which dates all facts, and in a thread that does nothing
 * else.
 */
export class LagMeter {
  readonly lag = new Lag();
  private readonly probe: Worker;
  private readonly ticking: NodeJS.Timeout;

  constructor() {
    let due = performance.now() + TICK_MS;
    this.ticking = setInterval(() => {
      const now = performance.now();
      this.lag.keep({ at: Date.now(), late: Math.max(0, now - due), slowness: 1 });
      due = now + TICK_MS;
    }, TICK_MS);
    this.probe = new Worker(join(__dirname, 'lag-probe.js'));
    this.probe.on('message', (sample: Sample) => this.lag.keep(sample));
  }

  async stop(): Promise<void> {
    clearInterval(this.ticking);
    await this.probe.terminate();
  }
}
