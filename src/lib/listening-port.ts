import { once } from 'node:events';
import { createServer } from 'node:net';
import { ProblemError } from './problem';
import { codeOf } from './errors';

/** An address to listen at, and the variables that set it. */
export interface ListeningPlace {
  readonly host: string;
  readonly port: number;
  readonly what: string;
  readonly portSetting: string;
  /** Null: the address can't be configured. */
  readonly hostSetting: string | null;
}

export class PortTakenError extends ProblemError {
  override readonly name = 'PortTakenError';

  constructor(
    readonly port: number,
    readonly setting: string,
    what: string,
  ) {
    super({
      what: `Port ${port} for ${what} is taken by another program`,
      todo: `stop that program, or set ${setting} to a free port and start again`,
    });
  }
}

/**
 * Checks that a port is free before anything is started. Without this check `start-dev` would say 'address already in
 * use' in its log only.
 * @throws the error of `listeningError`
 */
export async function assertCanListen(place: ListeningPlace): Promise<void> {
  const { host, port } = place;
  const probe = createServer((socket) => socket.destroy());
  try {
    await once(probe.listen({ host, port, exclusive: true }), 'listening');
  } catch (error) {
    throw listeningError(error, place);
  }
  await once(probe.close(), 'close');
}

/** An error that says which variable to set, and to what. */
export function listeningError(
  error: unknown,
  { host, port, what, portSetting, hostSetting }: ListeningPlace,
): ProblemError {
  const where = `Portward can't listen on ${host}, port ${port}, for ${what}`;
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return new PortTakenError(port, portSetting, what);
    case 'EACCES':
      return new ProblemError(
        { what: `${where}, since this user may not use that port`, todo: `set ${portSetting} to 1024 or higher` },
        { cause: error },
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EINVAL':
    case 'EAFNOSUPPORT':
      if (hostSetting === null) break;
      return new ProblemError(
        {
          what: `${where}, since that is not an address of this machine`,
          todo: `set ${hostSetting} to one, such as 0.0.0.0 or 127.0.0.1`,
        },
        { cause: error },
      );
  }
  return new ProblemError(
    { what: `${where} (${String(codeOf(error))})`, todo: `set ${portSetting} to another port` },
    { cause: error },
  );
}
