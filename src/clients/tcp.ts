import { once } from 'node:events';
import { connect } from 'node:net';

/** Resolves when a connection was accepted, and closes it at once. */
export async function accepted(
  { host, port }: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<void> {
  const socket = connect({ host, port, signal });
  try {
    await once(socket, 'connect');
  } finally {
    socket.destroy();
  }
}
