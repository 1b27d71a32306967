import { lookup as resolveName } from 'node:dns';
import type { LookupFunction, Server } from 'node:net';
import type { Surroundings } from '../inside/surroundings';
import type { NetworkNamespace } from './network';
import type { Output } from './output';
import type { Program } from './programs';

/** Docker's exit code for a process that SIGKILL has ended. */
const KILLED = 137;

export interface ProcessOptions {
  readonly program: Program;
  readonly env: NodeJS.ProcessEnv;
  readonly args: readonly string[];
  readonly namespace: NetworkNamespace;
  readonly files: Map<string, string>;
  readonly output: Output;
}

/** One run of a simulated program. Its code runs in this process; after its end it has no effect outside any more. */
export class ProgramProcess {
  /** Resolves with the exit code. */
  readonly ended: Promise<number>;
  private end: ((code: number) => void) | null = null;
  private readonly servers = new Set<Server>();
  private stopHandler: ((signal: NodeJS.Signals) => void) | null = null;
  private readonly program: { readonly isHealthy: () => boolean };
  private isOver = false;

  constructor(private readonly options: ProcessOptions) {
    this.ended = new Promise((resolve) => (this.end = resolve));
    this.program = options.program(this.surroundings(), (error) => {
      options.output.write(error instanceof Error ? (error.stack ?? error.message) : String(error), 'stderr');
      this.exit(1);
    });
  }

  get isHealthy(): boolean {
    return this.program.isHealthy();
  }

  signal(signal: NodeJS.Signals): void {
    if (this.isOver) return;
    if (signal === 'SIGKILL') this.exit(KILLED);
    else this.stopHandler?.(signal);
  }

  private exit(code: number): void {
    if (this.isOver) return;
    this.isOver = true;
    for (const server of this.servers) this.options.namespace.close(server);
    this.end?.(code);
  }

  private surroundings(): Surroundings {
    const { env, args, namespace, files, output } = this.options;
    return {
      env,
      args,
      print: (line, to = 'stdout') => {
        if (!this.isOver) output.write(line, to);
      },
      listen: async (server, port) => {
        if (this.isOver) return;
        await namespace.listen(server, port);
        this.servers.add(server);
        if (this.isOver) namespace.close(server);
      },
      exit: (code) => this.exit(code),
      onStopSignal: (handler) => (this.stopHandler = handler),
      loopback: namespace.address,
      hasNetwork: () => !namespace.isCut,
      readFile: (path) => files.get(path) ?? null,
      writeFile: (path, text) => {
        if (!this.isOver) files.set(path, text);
      },
      lookup: (name, options, found) => {
        if (this.isOver) found(Object.assign(new Error('its program has ended'), { code: 'ENOTFOUND' }), '', 4);
        else lookup(name, options, found);
      },
    };
  }
}

/** Resolves names as in a container with `host.docker.internal:host-gateway`. */
const lookup: LookupFunction = (name, options, found) => {
  resolveName(name === 'host.docker.internal' ? '127.0.0.1' : name, options, found);
};
