import type { LookupFunction, Server } from 'node:net';

/** What a simulated program has around it: a container of its own, or one that is itself simulated, beside many others. */
export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly args: readonly string[];
  readonly print: (line: string, output?: 'stdout' | 'stderr') => void;
  /** Resolves when the server listens. Rejects with Node's EADDRINUSE where the port is taken in this network. */
  readonly listen: (server: Server, port: number) => Promise<void>;
  /** The program ends here, though in a process with others code after this is still run: nothing comes of it. */
  readonly exit: (code: number) => void;
  /** SIGTERM and SIGINT. Without a handler they do nothing, as to any first process of a container. */
  readonly onStopSignal: (handler: (signal: NodeJS.Signals) => void) => void;
  /** Where a program reaches others in its network. */
  readonly loopback: string;
  /** False where the container whose network this is was stopped: only loopback is left. */
  readonly hasNetwork: () => boolean;
  /** Files last as long as the container, over all its runs. */
  readonly readFile: (path: string) => string | null;
  readonly writeFile: (path: string, text: string) => void;
  /** Undefined: as the system does. */
  readonly lookup: LookupFunction | undefined;
}

export type Log = (message: string) => void;

/** One line in `docker logs`, dated, so that it can be laid beside Portward's own log. */
export function logOf({ print }: Pick<Surroundings, 'print'>): Log {
  return (message) => print(`${new Date().toISOString()} ${message}`);
}
