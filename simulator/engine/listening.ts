import type { Server } from 'node:net';
import type { Surroundings } from '../inside/surroundings';

/** The exit code of an engine that finds its port taken by another one. */
export const PORT_TAKEN_EXIT_CODE = 98;

/** Resolves when the server listens. If the port is taken, the program ends, as a real engine does. */
export async function listening(server: Server, port: number, purpose: string, around: Surroundings): Promise<void> {
  try {
    await around.listen(server, port);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    around.print(`EADDRINUSE: ${purpose} port ${port} is taken in this network namespace`, 'stderr');
    around.exit(PORT_TAKEN_EXIT_CODE);
    // The caller must not go on after the end of the program.
    await new Promise(() => {});
  }
}
