import { setTimeout as sleep } from 'node:timers/promises';
import { RefusedRequest } from '../inside/json-exchange';
import type { Log } from '../inside/surroundings';
import type { ForwardedPort } from './forwarded-port';
import type { DeadTunnel, PortChange, TunnelStatus } from './messages';
import type { PortLog } from './port-log';
import type { Provider } from './provider';
import { Tunnel } from './tunnel';

export type VpnTimes = { startDelayMs: number; reconnectMs: number; portGapMs: number };

/** The tunnel and the provider behind it. Everything that changes the ports runs one after the other. */
export class Vpn {
  #status: TunnelStatus = 'starting';
  #lost = false;
  #cameUp = false;
  #deadlock: 'none' | 'at the next stop' | 'now' = 'none';
  #changes: Promise<unknown> = Promise.resolve();
  readonly #tunnel = new Tunnel();
  #addresses: string[] = [];
  readonly #stopping = new AbortController();

  constructor(
    readonly forwarded: ForwardedPort,
    readonly provider: Provider,
    readonly times: VpnTimes,
    private readonly log: Log,
    private readonly portLog: PortLog,
  ) {}

  get status(): TunnelStatus {
    return this.#status;
  }

  get lost(): boolean {
    return this.#lost;
  }

  /** Requests for the VPN's status, or to change it, get no answer any more. */
  get deadlocked(): boolean {
    return this.#deadlock === 'now';
  }

  /** The next stop never ends, as with v3.41.1 when it is told to stop at the moment of a renewal. Only a new process helps. */
  deadlockAtStop(): void {
    this.#deadlock = 'at the next stop';
  }

  /** Whether anything passes through the tunnel. */
  get alive(): boolean {
    return this.#status === 'running' && !this.#tunnel.dead;
  }

  /** '' while there is no tunnel, as in Gluetun. With several addresses each request gets the next one. */
  publicIp(): string {
    const [first = '', ...others] = this.#addresses;
    this.#addresses = [...others, first];
    return this.#status === 'running' ? first : '';
  }

  /** The result of Gluetun's health check. Docker says 'starting' until the tunnel has been up once. */
  get seemsHealthy(): boolean {
    return this.#cameUp && !this.#tunnel.noticedDead;
  }

  begin(): void {
    void this.#inTurn(() => this.#raise(this.times.startDelayMs));
    void this.#inTurn(() => this.#askForPorts());
  }

  /** Does what Gluetun's `PUT /v1/vpn/status` does; resolves with its `outcome` (internal/loopstate/apply.go). */
  async apply(wanted: 'running' | 'stopped'): Promise<string> {
    if (this.#deadlock === 'at the next stop' && wanted === 'stopped') {
      this.#deadlock = 'now';
      this.#status = 'stopping';
      await this.forwarded.drop(this.#stopping.signal);
    }
    if (this.deadlocked) return new Promise(() => {});
    const from = wanted === 'running' ? 'stopped' : 'running';
    if (this.#status !== from) return `already ${this.#status}`;
    this.#status = wanted === 'running' ? 'starting' : 'stopping';
    this.log(`INFO [vpn] ${this.#status}`);
    if (wanted === 'running') {
      await this.#inTurn(() => this.#raise(this.times.reconnectMs));
      // Not awaited: Gluetun answers when the tunnel is up, and asks for ports afterwards.
      void this.#inTurn(() => this.#askForPorts());
    } else {
      await this.#inTurn(() => this.#lower());
    }
    return this.#status;
  }

  /** Throws RefusedRequest while there is no tunnel or the port is lost. */
  changePorts(ports: number[], gapMs = this.times.portGapMs): Promise<PortChange> {
    return this.#inTurn(async () => {
      if (this.#status !== 'running') throw new RefusedRequest(409, `expected a running VPN, found ${this.#status}`);
      if (this.#lost) throw new RefusedRequest(409, 'the port is lost: stop the VPN and start it first');
      const before = this.forwarded.now;
      const oldPortDroppedAt = await this.forwarded.drop(this.#stopping.signal);
      this.portLog.changed(before, ports);
      this.portLog.starting();
      await sleep(gapMs);
      this.provider.change(ports);
      const newPortSetAt = await this.forwarded.set(ports, this.#stopping.signal);
      return { oldPortDroppedAt, newPortSetAt, finishedAt: Date.now() };
    });
  }

  /** The provider lists the ports in another order. Throws RefusedRequest if they are other ports. */
  reorder(ports: number[]): Promise<void> {
    return this.#inTurn(async () => {
      const now = this.forwarded.now;
      if (sorted(ports) !== sorted(now)) {
        throw new RefusedRequest(409, `expected the ports ${now.join(', ')} in any order, found ${ports.join(', ')}`);
      }
      this.provider.change(ports);
      this.forwarded.reorder(ports);
    });
  }

  /** The tunnel dies, and Gluetun does not notice at once. It ends with `revive` or a new tunnel. */
  die(how: DeadTunnel): void {
    this.#tunnel.die(how, () => void this.lose());
  }

  revive(): void {
    this.#tunnel.revive();
  }

  /** A renewal is refused, as can happen with v3.41.1: the port is gone, and Gluetun asks for no other. */
  lose(): Promise<void> {
    return this.#inTurn(async () => {
      this.#lost = true;
      await this.forwarded.drop(this.#stopping.signal);
    });
  }

  /** For `docker stop`: aborts what is under way and runs the down-command. */
  async shutDown(): Promise<void> {
    this.#stopping.abort();
    await this.forwarded.read();
    await this.forwarded.drop(new AbortController().signal);
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.#changes.then(change);
    this.#changes = turn.catch(() => undefined);
    return turn;
  }

  async #raise(delayMs: number): Promise<void> {
    await sleep(delayMs);
    this.#status = 'running';
    this.#addresses = [...this.provider.addresses];
    this.#cameUp = true;
    this.#lost = false;
    this.#tunnel.revive();
    this.log(`INFO [ip getter] Public IP address is ${this.#addresses[0]} (Nowhere - source: ipinfo)`);
  }

  async #lower(): Promise<void> {
    if (this.forwarded.now.length > 0) this.portLog.stopping();
    await this.forwarded.drop(this.#stopping.signal);
    this.#status = 'stopped';
    // Without a tunnel, Gluetun's health check finds no dead one.
    this.#tunnel.revive();
  }

  async #askForPorts(): Promise<void> {
    if (this.#status !== 'running' || this.#lost) return;
    this.portLog.starting();
    await this.forwarded.set(this.provider.ports, this.#stopping.signal);
  }
}

function sorted(ports: number[]): string {
  return ports.toSorted((a, b) => a - b).join();
}
