import type { MetricCounter } from '@temporalio/common';
import type { Logger } from 'pino';
import type { PortRead, PortReading } from '../../domain/vpn/observation';
import type { LastReported } from '../../domain/vpn/reported';
import { GluetunError, NoPortForwarded, type GluetunClient } from '../../clients/gluetun/client';
import { whyNoPort } from './no-port';
import type { VpnMemory } from '../observe/vpn-memory';

/** How long reads have to fail before the reason is asked for: in every port change there is no port for a moment. */
const ASK_WHY_AFTER_MS = 500;

/** Asks the control server. @throws if it can't be reached, or its answer not be understood */
export type AskControlServer = <T>(signal: AbortSignal, question: (base: URL) => Promise<T>) => Promise<T>;

export interface PortReaderOptions {
  readonly vpn: string;
  /** Index of the forwarded port that is followed; 0 is the first. */
  readonly index: number;
  readonly client: GluetunClient;
  readonly ask: AskControlServer;
  readonly memory: VpnMemory;
  readonly counter: MetricCounter;
  /** What was last reported to the workflow. */
  readonly lastReported: LastReported | null;
  readonly log: Logger;
  /** Called when the control server has begun to refuse connections. */
  readonly refused: () => void;
}

/** Reads the forwarded port from the control server, and records each result in metrics and log. */
export class PortReader {
  constructor(private readonly options: PortReaderOptions) {}

  async read(signal: AbortSignal): Promise<PortRead> {
    const { vpn, index, client, ask, memory, counter, refused } = this.options;
    try {
      const { portRead: last } = memory;
      const follow = { index, current: last?.index === index ? last.port : null };
      const port = await ask(signal, (base) => client.forwardedPort(base, signal, follow));
      memory.portRead = { port, at: Date.now(), index };
      memory.rewordings = 0;
      memory.doubt.controlServerAnswers();
      counter.add(1, { vpn, result: 'ok' });
      return memory.portRead;
    } catch (error) {
      if (signal.aborted) throw error;
      const result = error instanceof GluetunError ? error.failure : 'unreachable';
      counter.add(1, { vpn, result });
      if (result !== 'unreachable' && result !== 'timeout') memory.doubt.controlServerAnswers();
      if (result === 'unreachable' && memory.doubt.controlServerRefuses(performance.now())) refused();
      const { portFailure } = memory;
      const isLasting = portFailure !== null && performance.now() - portFailure.since >= ASK_WHY_AFTER_MS;
      if (!(error instanceof NoPortForwarded) || !isLasting) throw error;
      throw await whyNoPort(error, (withinMs) => ask(signal, (base) => client.vpnStatus(base, signal, withinMs)));
    }
  }

  /** @param before the previous reading */
  log(reading: PortReading, before: PortReading): void {
    const { vpn, lastReported, log } = this.options;
    const text =
      reading.kind === 'known' ? `port ${reading.port}` : `unknown: ${'reason' in reading ? reading.reason : ''}`;
    log.debug({ event: 'port cache updated', vpn, reading }, `[${vpn}] control server: ${text}`);
    if (reading.kind !== 'unknown') return;
    const last = lastReported?.kind === 'snapshot' ? lastReported.port : null;
    if ([before, last].some((earlier) => earlier?.kind === 'unknown' && earlier.reason === reading.reason)) return;
    log.warn({ event: 'port unknown', vpn }, `[${vpn}] Forwarded port unknown: ${reading.reason}`);
  }
}
