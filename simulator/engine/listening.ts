import type { Server } from 'node:net';

/** What Portward's design calls the sign of a second engine on a port: the first keeps it, the second goes. */
export const PORT_TAKEN_EXIT_CODE = 98;

/** Resolves when the server listens. A taken port ends the process, as it ends an engine. */
export function listening(server: Server, port: number, purpose: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') {
        reject(error);
        return;
      }
      console.error(`EADDRINUSE: ${purpose} port ${port} is taken in this network namespace`);
      process.exit(PORT_TAKEN_EXIT_CODE);
    });
    // Unspecified, so that peers and the proxy reach it from outside the namespace (`--bind-all`).
    server.listen(port, resolve);
  });
}
