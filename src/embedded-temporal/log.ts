/** The little that this folder needs of a logger; pino's satisfies it. */
export interface Log {
  info(message: string): void;
  warn(message: string): void;
}
