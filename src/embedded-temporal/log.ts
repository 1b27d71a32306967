/** The part of a logger that this folder uses. pino's logger has it. */
export interface Log {
  info(message: string): void;
  warn(message: string): void;
}
