import type { Server } from 'node:net';
import type { Surroundings } from '../inside/surroundings';

/** What Portward's design calls the sign of a second engine on a port: the first keeps it, the second goes. */
export const PORT_TAKEN_EXIT_CODE = 98;

/** Resolves when the server listens. A taken port ends the program, as it ends an engine. */
export async function listening(server: Server, port: number, purpose: string, around: Surroundings): Promise<void> {
  try {
    await around.listen(server, port);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    around.print(`EADDRINUSE: ${purpose} port ${port} is taken in this network namespace`, 'stderr');
    around.exit(PORT_TAKEN_EXIT_CODE);
    // Nothing comes after the end.
    await new Promise(() => {});
  }
}
