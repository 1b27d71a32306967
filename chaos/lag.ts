import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

interface Sample {
  readonly at: number;
  /** How much later than it was due; ms. */
  readonly late: number;
  /** How many times as long work took as it does on this machine at rest. */
  readonly slowness: number;
}

const TICK_MS = 20;
const KEPT_MS = 120_000;
/** More than that can't be blamed on the machine. */
const MOST_MS = 1_500;
/** Of what Portward promises to do in a moment, all is work. */
const WORK_MS = 150;

/**
 * By how much this machine makes things late, measured all the time: in this process, whose clock all facts have, and by a
 * thread that only measures.
 */
export class Lag {
  private readonly samples: Sample[] = [];
  private readonly probe: Worker;
  private readonly ticking: NodeJS.Timeout;

  constructor() {
    let due = performance.now() + TICK_MS;
    this.ticking = setInterval(() => {
      const now = performance.now();
      this.keep({ at: Date.now(), late: Math.max(0, now - due), slowness: 1 });
      due = now + TICK_MS;
    }, TICK_MS);
    this.probe = new Worker(join(__dirname, 'lag-probe.js'));
    this.probe.on('message', (sample: Sample) => this.keep(sample));
  }

  /** What a promise of that time may be late by; ms. */
  between(from: number, to: number): number {
    // What is late is told late.
    const samples = this.samples.filter(({ at, late }) => at >= from && at - late <= to);
    if (samples.length === 0) return 0;
    const late = Math.max(...samples.map((sample) => sample.late));
    const slowness = Math.max(...samples.map((sample) => sample.slowness));
    return Math.min(MOST_MS, late + (slowness - 1) * WORK_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.ticking);
    await this.probe.terminate();
  }

  private keep(sample: Sample): void {
    this.samples.push(sample);
    if (this.samples.length % 1000 !== 0) return;
    const old = this.samples.findIndex(({ at }) => at > sample.at - KEPT_MS);
    this.samples.splice(0, Math.max(0, old));
  }
}
