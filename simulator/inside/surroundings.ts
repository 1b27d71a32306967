import type { LookupFunction, Server } from 'node:net';

/** What a simulated program gets from its container, which may be a real one or one in the simulated Docker. */
export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly args: readonly string[];
  readonly print: (line: string, output?: 'stdout' | 'stderr') => void;
  /** Resolves when the server listens. Rejects with Node's EADDRINUSE if the port is taken in this network. */
  readonly listen: (server: Server, port: number) => Promise<void>;
  /** Ends the program. In the simulated Docker its code may still run afterwards, but has no effect. */
  readonly exit: (code: number) => void;
  /** Handles SIGTERM and SIGINT. Without a handler they do nothing, as with the first process of any container. */
  readonly onStopSignal: (handler: (signal: NodeJS.Signals) => void) => void;
  /** The address at which the program reaches others in its network. */
  readonly loopback: string;
  /** False if the container that owns the network was stopped: then only loopback is left. */
  readonly hasNetwork: () => boolean;
  /** Files stay for all runs of the container. */
  readonly readFile: (path: string) => string | null;
  readonly writeFile: (path: string, text: string) => void;
  /** Name resolution; undefined: the system's. */
  readonly lookup: LookupFunction | undefined;
}

export type Log = (message: string) => void;

/** Prints a line with its time, so that `docker logs` can be compared with Portward's log. */
export function logOf({ print }: Pick<Surroundings, 'print'>): Log {
  return (message) => print(`${new Date().toISOString()} ${message}`);
}
