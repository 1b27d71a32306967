const startedAt = Date.now();

/** Prints to stderr, so that stdout has only the table. */
export function progress(text: string): void {
  process.stderr.write(`${((Date.now() - startedAt) / 1000).toFixed(0).padStart(5)} s  ${text}\n`);
}
