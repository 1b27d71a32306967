import type { PortCommands } from './port-commands';
import type { PortLog } from './port-log';
import type { UpHook } from './up-hook';

/**
 * The ports that the provider forwards, guarded as Gluetun guards them: whoever runs the up- or down-command holds the
 * lock that a reader needs too, which is why a GET hangs meanwhile (portMutex in internal/portforward/service).
 */
export class ForwardedPort {
  #ports: number[] = [];
  #running: Promise<void> | null = null;

  constructor(
    private readonly commands: PortCommands,
    private readonly hook: UpHook,
    private readonly log: PortLog,
  ) {}

  /** Without waiting; for the admin server. */
  get now(): number[] {
    return this.#ports;
  }

  /** As a GET sees it: after the command that is running, if one is. */
  async read(): Promise<number[]> {
    while (this.#running !== null) await this.#running;
    return this.#ports;
  }

  /** The same ports as the provider lists them in another order: no change, so no command runs. */
  reorder(ports: number[]): void {
    this.#ports = ports;
  }

  /** The down-command with the old ports, and then none. Resolves with the time at which they were gone. */
  async drop(signal: AbortSignal): Promise<number> {
    const hadPorts = this.#ports.length > 0;
    if (hadPorts) await this.#holding(this.commands.run('down', this.#ports, signal));
    this.#ports = [];
    if (hadPorts) this.log.cleared();
    return Date.now();
  }

  /** The new ports, and then the up-command. Resolves with the time at which they were set. */
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
