import { join } from 'node:path';
import type { LogEntry, Logger as TemporalLogger } from '@temporalio/worker';
import pino, { type Logger, type StreamEntry } from 'pino';
import pretty from 'pino-pretty';
import { isWorkerStopping } from '../activities/worker-stopping';
import type { Config } from '../config/config';
import { LogFile } from './log-file';
import { loggerOnce } from '../worker/once';

/** The file name in DEBUG_LOG_DIR. */
export const DEBUG_LOG = 'portward.jsonl';

/** When the event of the present line happened, if that was not just now. */
let eventTime: number | null = null;

/**
 * A logger with one line for each event: readable on a terminal, else JSON. With DEBUG_MODE everything also goes into
 * a file, as JSON lines.
 */
export function createLogger(log: Config['log']): Logger {
  const readable = log.format === 'pretty' || (log.format === 'auto' && process.stdout.isTTY);
  const main = readable
    ? pretty({
        sync: true,
        colorize: process.stdout.isTTY,
        // On a terminal the time is enough, but in a file the date is needed.
        translateTime: process.stdout.isTTY ? 'SYS:HH:MM:ss.l' : 'SYS:yyyy-mm-dd HH:MM:ss.l',
        ignore:
          'pid,hostname,event,workflowId,runId,replacement,engine,port,seconds,from,to,vpn,reading,attempt,kind,failures',
      })
    : pino.destination({ dest: 1, sync: true });
  // A log that can't be written, because the disk is full or its reader is gone, must not end the program.
  main.on('error', () => {});
  const streams: StreamEntry[] = [{ level: 'info', stream: main }];
  if (log.debug) {
    const path = join(log.debugDir, DEBUG_LOG);
    const onLoss = (why: string) => process.stderr.write(`Lines are missing in ${path}: ${why}\n`);
    streams.push({ level: 'debug', stream: new LogFile(path, onLoss) });
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

/**
 * A logger for the SDK, which writes the lines of workflows and of the SDK in the same form. Of the SDK's own lines
 * users see only warnings and errors.
 */
export function temporalLogger(log: Logger): TemporalLogger {
  return loggerOnce('INFO', (entry: LogEntry) => {
    // Lines of workflows arrive some 100 ms late, but a log has to show what came first.
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
    // The replacement of a failed activity logs the failure, once and with its VPN.
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
