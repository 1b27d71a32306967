// Requests to a simulated VPN's admin server: port changes, and all faults that a real VPN can have.
import { askAdmin } from './admin-client';
import type { Auth, ChangeTimes, DeadTunnel, Fault, LoggedRequest, PortChange, Route, VpnState } from './vpn/messages';

export abstract class VpnRequests {
  protected abstract get adminUrl(): string;
  /** Time limit for an answer; undefined: the longest time that any answer may take. */
  protected abstract get adminLimitMs(): number | undefined;

  /** Keeps the ports for a re-creation of the container, which forgets them. */
  protected abstract rememberPorts(ports: number[]): void;

  /**
   * Changes the ports in Gluetun's order: down-command, port 0, new ports, up-command. Resolves when the up-command has ended. Rejects
   * while the VPN is stopped or its port is lost.
   */
  async changePort(port: number, ...more: number[]): Promise<PortChange> {
    const ports = [port, ...more];
    const change = await this.put<PortChange>('/port', { ports });
    this.rememberPorts(ports);
    return change;
  }

  /** A change to the same ports again: port 0 in between, and both commands run, as in any change. */
  async repeatPorts(): Promise<PortChange> {
    return this.put<PortChange>('/port', { ports: (await this.state()).ports });
  }

  /** The provider lists the same ports in another order: no port 0, no command. Rejects if they are other ports. */
  async reorderPorts(...ports: number[]): Promise<void> {
    await this.put('/port-order', { ports });
    this.rememberPorts(ports);
  }

  /** Sets the ports that the next reconnection, restart or re-creation brings; nothing changes now. */
  async setNextPort(port: number, ...more: number[]): Promise<void> {
    const ports = [port, ...more];
    await this.put('/next-port', { ports });
    this.rememberPorts(ports);
  }

  /** Sets the VPN's public addresses from its next reconnection until the container is made again. Each request gets the next one. */
  async setNextAddresses(address: string, ...more: string[]): Promise<void> {
    await this.put('/next-addresses', { addresses: [address, ...more] });
  }

  /**
   * Sets the times of port changes until a restart: how long the port is 0, and how long the commands take, during which a GET of the
   * port hangs. An absent time stays as it is.
   */
  async setChangeTimes(times: ChangeTimes): Promise<void> {
    await this.put('/times', times);
  }

  /** null ends any fault except 'lost' and 'deadlock'. */
  async setFault(fault: Fault | null): Promise<void> {
    await this.put('/fault', fault ?? { kind: null });
  }

  /** The control server answers nothing for so long, on every route or on one. Then it answers the waiting requests. */
  async hang(forMs: number, route?: Route): Promise<void> {
    await this.setFault({ kind: 'hang', forMs, ...(route === undefined ? {} : { route }) });
  }

  /** The port is 0 for good, while Docker calls the VPN healthy and its status is running. Only a reconnection helps. */
  async losePort(): Promise<void> {
    await this.setFault({ kind: 'lost' });
  }

  /**
   * The next stop never ends: the VPN stays `stopping`, its control server says port 0 and answers no request about the VPN's status, and
   * Docker calls it healthy. Only a restart of the container helps.
   */
  async deadlockAtStop(): Promise<void> {
    await this.setFault({ kind: 'deadlock' });
  }

  /**
   * Nothing passes through the tunnel, and engines say that they are not connected. The control server says the old port until
   * `portLostAfterMs` (157 s), Docker says healthy until `unhealthyAfterMs` (178 s). `reviveTunnel`, a reconnection or a restart ends it.
   */
  async killTunnel(how: DeadTunnel = {}): Promise<void> {
    await this.put('/tunnel', { alive: false, ...how });
  }

  /** The tunnel works again, in the same session. If the port was lost meanwhile, it stays lost. */
  async reviveTunnel(): Promise<void> {
    await this.put('/tunnel', { alive: true });
  }

  /** Like `PUT /v1/vpn/status` stopped: the port is 0, Docker still says healthy. Resolves when the VPN is stopped. */
  async stopVpn(): Promise<void> {
    await this.put('/status', { status: 'stopped' });
  }

  /** Like `PUT /v1/vpn/status` running, for a VPN that is stopped. Resolves when the VPN runs; the port comes later. */
  async runVpn(): Promise<void> {
    await this.put('/status', { status: 'running' });
  }

  /** Stops and runs the VPN inside its container. It gets the ports of `setNextPort`, by default the same ones. */
  async reconnect(): Promise<void> {
    await this.stopVpn();
    await this.runVpn();
  }

  /** Docker's health follows at its next check: see untilHealth. */
  async setHealth(healthy: boolean): Promise<void> {
    await this.put('/health', { healthy });
  }

  async setAuth(auth: Auth): Promise<void> {
    await this.put('/auth', auth);
  }

  async state(): Promise<VpnState> {
    return this.ask<VpnState>('/state', {});
  }

  /** The requests to the control server since the process started, oldest first. */
  async requests(): Promise<LoggedRequest[]> {
    return this.ask<LoggedRequest[]>('/log', {});
  }

  private put<Answer>(path: string, body: unknown): Promise<Answer> {
    return this.ask<Answer>(path, { method: 'PUT', body });
  }

  private ask<Answer>(path: string, request: { method?: 'PUT'; body?: unknown }): Promise<Answer> {
    const { adminLimitMs: limitMs } = this;
    return askAdmin<Answer>(`${this.adminUrl}${path}`, limitMs === undefined ? request : { ...request, limitMs });
  }
}
