import type { PortCommands } from './port-commands';
import type { PortLog } from './port-log';
import type { UpHook } from './up-hook';

/**
 * The ports that the provider forwards, with Gluetun's lock: the up- or down-command holds the lock that a reader needs too, so a GET
 * hangs while the command runs (portMutex in internal/portforward/service).
 */
export class ForwardedPort {
  #ports: number[] = [];
  #running: Promise<void> | null = null;

  constructor(
    private readonly commands: PortCommands,
    private readonly hook: UpHook,
    private readonly log: PortLog,
  ) {}

  /** The ports without waiting for the lock, for the admin server. */
  get now(): number[] {
    return this.#ports;
  }

  /** The ports for a GET, after the end of a running command. */
  async read(): Promise<number[]> {
    while (this.#running !== null) await this.#running;
    return this.#ports;
  }

  /** The provider lists the same ports in another order. That is no change, so no command runs. */
  reorder(ports: number[]): void {
    this.#ports = ports;
  }

  /** Runs the down-command with the old ports and then removes them. Resolves with the time of the removal. */
  async drop(signal: AbortSignal): Promise<number> {
    const hadPorts = this.#ports.length > 0;
    if (hadPorts) await this.#holding(this.commands.run('down', this.#ports, signal));
    this.#ports = [];
    if (hadPorts) this.log.cleared();
    return Date.now();
  }

  /** Sets the new ports and then runs the up-command. Resolves with the time at which the ports were set. */
  async set(ports: number[], signal: AbortSignal): Promise<number> {
    this.log.given(ports);
    this.#ports = ports;
    const setAt = Date.now();
    if (ports.length === 0) return setAt;
    this.hook.call(ports);
    await this.#holding(this.commands.run('up', ports, signal));
    return setAt;
  }

  async #holding(command: Promise<void>): Promise<void> {
    this.#running = command;
    await command;
    this.#running = null;
  }
}
