import { createServer } from 'node:net';
import { codeOf } from './error-code';

export class PortTakenError extends Error {
  override readonly name = 'PortTakenError';

  constructor(
    readonly port: number,
    readonly setting: string,
    what: string,
  ) {
    super(
      `Port ${port} for ${what} is taken by another program. Stop that program, or set ${setting} to a free port and start again.`,
    );
  }
}

/** Throws where `start-dev` would only say 'address already in use' in its log. */
export async function assertPortFree(ip: string, port: number, setting: string, what: string): Promise<void> {
  const probe = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      probe.once('error', reject).listen({ host: ip, port, exclusive: true }, resolve);
    });
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EADDRINUSE') throw new PortTakenError(port, setting, what);
    throw new Error(
      `Portward cannot listen on ${ip}:${port} for ${what} (${String(code)}); ${setting} sets the port.`,
      {
        cause: error,
      },
    );
  }
  await new Promise((resolve) => {
    probe.close(resolve);
  });
}
