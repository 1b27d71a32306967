// What a simulated VPN is asked for through its admin server: port changes, and every bad day of a real one.
import { askAdmin } from './admin-client';
import type { Auth, ChangeTimes, DeadTunnel, Fault, LoggedRequest, PortChange, Route, VpnState } from './vpn/messages';

export abstract class VpnRequests {
  protected abstract get adminUrl(): string;
  /** For an answer; undefined: as long as any may take. */
  protected abstract get adminLimitMs(): number | undefined;

  /** For when the container is made again, since it forgets them. */
  protected abstract rememberPorts(ports: number[]): void;

  /**
   * Done in Gluetun's order: down-command, 0, new ports, up-command. Resolves when the up-command has ended. Rejects while
   * the VPN is stopped or its port lost.
   */
  async changePort(port: number, ...more: number[]): Promise<PortChange> {
    const ports = [port, ...more];
    const change = await this.put<PortChange>('/port', { ports });
    this.rememberPorts(ports);
    return change;
  }

  /** The provider gives the ports that it gave before: 0 in between, and both commands run, as in any change. */
  async repeatPorts(): Promise<PortChange> {
    return this.put<PortChange>('/port', { ports: (await this.state()).ports });
  }

  /** The same ports in another order: no 0, no command. Rejects when they are not the same. */
  async reorderPorts(...ports: number[]): Promise<void> {
    await this.put('/port-order', { ports });
    this.rememberPorts(ports);
  }

  /** What the next reconnection, restart or re-creation brings; nothing changes now. */
  async setNextPort(port: number, ...more: number[]): Promise<void> {
    const ports = [port, ...more];
    await this.put('/next-port', { ports });
    this.rememberPorts(ports);
  }

  /** Under which the VPN is seen after its next reconnection, until the container is made again; of several the next one at each question. */
  async setNextAddresses(address: string, ...more: string[]): Promise<void> {
    await this.put('/next-addresses', { addresses: [address, ...more] });
  }

  /**
   * How changes go from now on, until a restart: how long the port is 0, and how long the commands take, during which a
   * GET of the port hangs. What is left out stays.
   */
  async setChangeTimes(times: ChangeTimes): Promise<void> {
    await this.put('/times', times);
  }

  /** null ends any fault but 'lost' and 'deadlock'. */
  async setFault(fault: Fault | null): Promise<void> {
    await this.put('/fault', fault ?? { kind: null });
  }

  /** The control server answers nothing for so long, on every route or one, and then what it was asked meanwhile. */
  async hang(forMs: number, route?: Route): Promise<void> {
    await this.setFault({ kind: 'hang', forMs, ...(route === undefined ? {} : { route }) });
  }

  /** The port is 0 for good, while Docker calls the VPN healthy and it calls itself running. Cured by a reconnection. */
  async losePort(): Promise<void> {
    await this.setFault({ kind: 'lost' });
  }

  /**
   * Told to stop, the VPN is `stopping` for ever: its control server says port 0 and does not answer to anything about the
   * VPN's status, and Docker calls it healthy. Cured by a restart of the container.
   */
  async deadlockAtStop(): Promise<void> {
    await this.setFault({ kind: 'deadlock' });
  }

  /**
   * Nothing passes through the tunnel, and engines say that they are not connected. The control server tells the old
   * port until `portLostAfterMs` (157 s), Docker says healthy until `unhealthyAfterMs` (178 s). Until `reviveTunnel`, a
   * reconnection or a restart.
   */
  async killTunnel(how: DeadTunnel = {}): Promise<void> {
    await this.put('/tunnel', { alive: false, ...how });
  }

  /** It works again, in the same session. A port that was lost meanwhile stays so. */
  async reviveTunnel(): Promise<void> {
    await this.put('/tunnel', { alive: true });
  }

  /** As `PUT /v1/vpn/status` stopped: the port is 0, Docker still says healthy. Resolves when it is stopped. */
  async stopVpn(): Promise<void> {
    await this.put('/status', { status: 'stopped' });
  }

  /** As `PUT /v1/vpn/status` running, which does nothing unless it is stopped. Resolves when it runs; the port comes later. */
  async runVpn(): Promise<void> {
    await this.put('/status', { status: 'running' });
  }

  /** Stopped and run again inside the container, with the ports that the provider gives next: by default the same. */
  async reconnect(): Promise<void> {
    await this.stopVpn();
    await this.runVpn();
  }

  /** Docker follows at its next probe: see untilHealth. */
  async setHealth(healthy: boolean): Promise<void> {
    await this.put('/health', { healthy });
  }

  async setAuth(auth: Auth): Promise<void> {
    await this.put('/auth', auth);
  }

  async state(): Promise<VpnState> {
    return this.ask<VpnState>('/state', {});
  }

  /** What the control server was asked since the process started, oldest first. */
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
