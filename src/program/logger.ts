import { join } from 'node:path';
import type { LogEntry, Logger as TemporalLogger } from '@temporalio/worker';
import pino, { type Logger, type StreamEntry } from 'pino';
import pretty from 'pino-pretty';
import { isWorkerStopping } from '../activities/worker-stopping';
import type { Config } from '../config/config';
import { LogFile } from './log-file';
import { loggerOnce } from '../worker/once';

/** The file in DEBUG_LOG_DIR. */
export const DEBUG_LOG = 'portward.jsonl';

/** When what is being logged happened, if that was not just now. */
let eventTime: number | null = null;

/** One line an event: readable on a terminal, JSON otherwise; with DEBUG_MODE everything also as JSON lines in a file. */
export function createLogger(log: Config['log']): Logger {
  const readable = log.format === 'pretty' || (log.format === 'auto' && process.stdout.isTTY);
  const main = readable
    ? pretty({
        sync: true,
        colorize: process.stdout.isTTY,
        // A terminal shows today; what is kept is read days later.
        translateTime: process.stdout.isTTY ? 'SYS:HH:MM:ss.l' : 'SYS:yyyy-mm-dd HH:MM:ss.l',
        ignore:
          'pid,hostname,event,workflowId,runId,replacement,engine,port,seconds,from,to,vpn,reading,attempt,kind,failures',
      })
    : pino.destination({ dest: 1, sync: true });
  // A log that can't be written, because its disk is full or its reader gone, must not end the program.
  main.on('error', () => {});
  const streams: StreamEntry[] = [{ level: 'info', stream: main }];
  if (log.debug) {
    const path = join(log.debugDir, DEBUG_LOG);
    const told = (why: string) => process.stderr.write(`Lines are missing in ${path}: ${why}\n`);
    streams.push({ level: 'debug', stream: new LogFile(path, told) });
  }
  return pino(
    {
      level: log.debug ? 'debug' : 'info',
      base: undefined,
      timestamp: () => `,"time":"${new Date(eventTime ?? Date.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.multistream(streams),
  );
}

/** What workflows and the SDK log, in the same form; of the SDK's own lines only warnings and errors are for users. */
export function temporalLogger(log: Logger): TemporalLogger {
  return loggerOnce('INFO', (entry: LogEntry) => {
    // Workflows' lines arrive some 100 ms after the fact; a log is read for what came first.
    eventTime = Number(entry.timestampNanos / 1_000_000n);
    try {
      write(entry);
    } finally {
      eventTime = null;
    }
  });

  function write(entry: LogEntry): void {
    const meta = entry.meta ?? {};
    const fromWorkflow = meta['sdkComponent'] === 'workflow';
    const { error } = meta;
    const { workflowId, runId, event, replacement, engine, port, seconds, from, to, attempt, kind, failures } = meta;
    const fields = { workflowId, runId, event, replacement, engine, port, seconds, from, to, attempt, kind, failures };
    const detail = fromWorkflow || !(error instanceof Error) ? '' : `: ${error.message}`;
    const message = `${entry.message}${detail}`;
    if (isWorkerStopping(error)) return;
    // The replacement whose activity it was says what failed, once and in which VPN.
    if (meta['sdkComponent'] === 'activity' || entry.message === 'Activity failed') {
      log.debug(fields, message);
      return;
    }
    if (entry.level === 'ERROR') log.error(fields, message);
    else if (entry.level === 'WARN') log.warn(fields, message);
    else if (fromWorkflow) log.info(fields, message);
    else log.debug(fields, message);
  }
}
