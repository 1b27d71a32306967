import type { PublicIp } from '../domain/observation';
import { pauseUntil } from '../pause';

export interface PublicIpWatchOptions {
  readonly memory: {
    /** What was read last; null when that failed. */
    publicIp: string | null;
    /** What was read twice in a row. */
    confirmedIp: PublicIp | null;
  };
  readonly read: (signal: AbortSignal) => Promise<string>;
  readonly vpnIsHealthy: () => boolean | null;
  readonly signal: AbortSignal;
  readonly changed: () => void;
}

const EVERY_MS = 60_000;
const RETRY_MS = 5_000;
const LOOK_AT_HEALTH_EVERY_MS = 200;
/** A provider may show another of its addresses at each question, which says nothing of the tunnel. */
const CONFIRM_AFTER_MS = 1_000;
const CONFIRM_TIMES = 3;

/** Reads a VPN's public address while it is healthy. Another one in the same run of its container means that it has reconnected. */
export class PublicIpWatch {
  private poke = new AbortController();

  constructor(private readonly options: PublicIpWatchOptions) {}

  /** Something has happened after which it may be another one. */
  readNow(): void {
    this.poke.abort();
  }

  async run(): Promise<void> {
    const { memory, vpnIsHealthy, signal, changed } = this.options;
    let candidate: string | null = null;
    let unconfirmed = 0;
    while (!signal.aborted) {
      this.poke = new AbortController();
      const healthy = vpnIsHealthy();
      if (healthy !== true) {
        if (healthy === false) {
          memory.publicIp = null;
          memory.confirmedIp = null;
        }
        await pauseUntil(LOOK_AT_HEALTH_EVERY_MS, signal);
        continue;
      }
      const at = Date.now();
      memory.publicIp = await this.read();
      const { publicIp: address } = memory;
      const isConfirmed = address !== null && [candidate, memory.confirmedIp?.address].includes(address);
      candidate = address;
      unconfirmed = isConfirmed || address === null ? 0 : unconfirmed + 1;
      if (isConfirmed) {
        memory.confirmedIp = { address, at };
        changed();
      }
      const isAskedAgain = unconfirmed > 0 && unconfirmed < CONFIRM_TIMES;
      const pause = address === null ? RETRY_MS : isAskedAgain ? CONFIRM_AFTER_MS : EVERY_MS;
      await pauseUntil(pause, signal, this.poke.signal);
    }
  }

  private async read(): Promise<string | null> {
    const { read, signal } = this.options;
    try {
      return await read(signal);
    } catch {
      // Shown where it is known. Gluetun knows none while its tunnel is down.
      return null;
    }
  }
}
