const startedAt = Date.now();

/** On stderr, so that the table alone can go into a file. */
export function progress(text: string): void {
  process.stderr.write(`${((Date.now() - startedAt) / 1000).toFixed(0).padStart(5)} s  ${text}\n`);
}
