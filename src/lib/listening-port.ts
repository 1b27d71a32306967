import { once } from 'node:events';
import { createServer } from 'node:net';
import { ProblemError } from './problem';
import { codeOf } from './errors';

/** Where something is to listen, and the variables that say so. */
export interface ListeningPlace {
  readonly host: string;
  readonly port: number;
  readonly what: string;
  readonly portSetting: string;
  /** Null: the address is not for anybody to choose. */
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
 * Before anything is started that would have to be stopped again; `start-dev` would only say 'address already in use' in
 * its log. @throws what `listeningError` makes
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

/** Says which variable is to be set, and to what. */
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
        { what: `${where}, since this user may not use that port`, todo: `set ${portSetting} to one from 1024 on` },
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
          what: `${where}, since that is no address of this machine`,
          todo: `set ${hostSetting} to one that is, such as 0.0.0.0 or 127.0.0.1`,
        },
        { cause: error },
      );
  }
  return new ProblemError(
    { what: `${where} (${String(codeOf(error))})`, todo: `see whether another port does, which ${portSetting} sets` },
    { cause: error },
  );
}
