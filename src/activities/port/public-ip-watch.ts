import type { PublicIp } from '../../domain/vpn/observation';
import { GluetunError } from '../../clients/gluetun/client';
import { pauseUntil } from '../../lib/pause';

export interface PublicIpWatchOptions {
  readonly memory: {
    /** The address that was read last; null if that read failed. */
    publicIp: string | null;
    /** The logged reason why the control server refuses to tell the address; null once it tells it. */
    publicIpRefusal: string | null;
    /** The last address that was read twice in a row. */
    confirmedIp: PublicIp | null;
  };
  readonly read: (signal: AbortSignal) => Promise<string>;
  readonly vpnIsHealthy: () => boolean | null;
  readonly signal: AbortSignal;
  readonly changed: () => void;
  /** Called once for each reason why the control server does not tell the address. */
  readonly refused: (reason: string) => void;
}

const EVERY_MS = 60_000;
const RETRY_MS = 5_000;
/**
 * A provider may show one of several addresses each time, without a new tunnel. So an address counts once it was read
 * twice in a row.
 */
const CONFIRM_AFTER_MS = 1_000;
const CONFIRM_TIMES = 3;

/**
 * Reads a VPN's public address while the VPN is healthy. Another address in the same session means that the VPN has
 * reconnected.
 */
export class PublicIpWatch {
  private waker = new AbortController();
  private waitsForHealth = false;

  constructor(private readonly options: PublicIpWatchOptions) {}

  /** Reads the address at once, since it may have changed. */
  readNow(): void {
    this.waker.abort();
  }

  /** The VPN's health may have changed. */
  healthSeen(): void {
    if (this.waitsForHealth) this.waker.abort();
  }

  async run(): Promise<void> {
    const { memory, vpnIsHealthy, signal, changed } = this.options;
    let candidate: string | null = null;
    let unconfirmed = 0;
    while (!signal.aborted) {
      this.waker = new AbortController();
      const healthy = vpnIsHealthy();
      if (healthy !== true) {
        if (healthy === false) {
          memory.publicIp = null;
          memory.confirmedIp = null;
        }
        this.waitsForHealth = true;
        await pauseUntil(Infinity, signal, this.waker.signal);
        this.waitsForHealth = false;
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
      await pauseUntil(pause, signal, this.waker.signal);
    }
  }

  private async read(): Promise<string | null> {
    const { read, signal, memory, refused } = this.options;
    try {
      const address = await read(signal);
      memory.publicIpRefusal = null;
      return address;
    } catch (error) {
      // Gluetun knows no address while its tunnel is down. A refusal does not go away by itself.
      if (
        error instanceof GluetunError &&
        error.failure === 'unauthorized' &&
        error.message !== memory.publicIpRefusal
      ) {
        memory.publicIpRefusal = error.message;
        refused(error.message);
      }
      return null;
    }
  }
}
