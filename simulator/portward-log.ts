/** One line that Portward printed. */
export interface LogLine {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** pino's level; 'output' for a line that is not JSON, for example of a crash. */
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'output';
  readonly text: string;
  /** The other fields of the line. */
  readonly fields: Readonly<Record<string, unknown>>;
}

const LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'] as const;

/** @param line as printed with LOG_FORMAT=json */
export function parseLogLine(line: string): LogLine {
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed === 'object' && parsed !== null) {
      const { time, level, msg, ...fields } = parsed as Record<string, unknown>;
      const known = LEVELS.find((name) => name === level);
      if (known && typeof time === 'string' && typeof msg === 'string') {
        return { at: Date.parse(time), level: known, text: msg, fields };
      }
    }
  } catch {
    // Not JSON: keep the line as it is.
  }
  return { at: Date.now(), level: 'output', text: line, fields: {} };
}
