/** One line in `docker logs`, dated, so that it can be laid beside Portward's own log. */
export function logLine(message: string): void {
  console.log(`${new Date().toISOString()} ${message}`);
}
