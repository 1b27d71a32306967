import { Type } from '@sinclair/typebox';
import type { Port } from '../../domain/engine';
import type { GluetunAuth } from './auth';
import { ControlServer } from './control-server';
import { followedPort, PortAnswer, type FollowedPort } from './port-answer';
import { NotAccepted } from './gluetun-error';
import { reconnect } from './reconnect';

export type { GluetunAuth } from './auth';
export { ControlServerHangs, GluetunError, NoPortForwarded, NotAccepted, VpnStopped } from './gluetun-error';
export type { FollowedPort } from './port-answer';

export interface GluetunClientOptions {
  readonly auth: GluetunAuth;
  /** For a whole exchange, redirects included. A control server hangs while its own commands run. */
  readonly timeoutMs: number;
  /** For a whole reconnection. Default 30 s. */
  readonly reconnectTimeoutMs?: number;
}

const RECONNECT_TIMEOUT_MS = 30_000;
const FIRST: FollowedPort = { index: 0, current: null };

const PublicIpAnswer = Type.Object({ public_ip: Type.String({ minLength: 2, maxLength: 45 }) });
const VPN_STATUSES = ['starting', 'running', 'stopping', 'stopped', 'crashed', 'completed'] as const;
/** What Gluetun says of the VPN inside its container. */
export type VpnStatus = (typeof VPN_STATUSES)[number];
const StatusAnswer = Type.Object({ status: Type.Union(VPN_STATUSES.map((status) => Type.Literal(status))) });
const StatusOutcome = Type.Object({
  outcome: Type.String({ pattern: `^(already )?(${VPN_STATUSES.join('|')})$` }),
});
const STATUS = { route: '/v1/vpn/status', olderRoute: '/v1/openvpn/status' };

/** Client of Gluetun's control server. Anything but a clear answer is an error that says what came instead (I7). */
export class GluetunClient {
  private readonly controlServer: ControlServer;

  constructor(private readonly options: GluetunClientOptions) {
    this.controlServer = new ControlServer(options.auth);
  }

  /**
   * The port forwarded now, 1 to 65535; of several, the one followed.
   * @throws NoPortForwarded when the control server says that there is none right now; GluetunError when it can't be
   * asked or understood
   */
  async forwardedPort(base: URL, signal: AbortSignal, follow: FollowedPort = FIRST): Promise<Port> {
    const { timeoutMs } = this.options;
    const answer = await this.controlServer.ask(
      { base, route: '/v1/portforward', olderRoute: '/v1/openvpn/portforwarded', answer: PortAnswer },
      { timeoutMs, signal },
    );
    return followedPort(answer, follow);
  }

  /** @throws GluetunError */
  async publicIp(base: URL, signal: AbortSignal): Promise<string> {
    const { timeoutMs } = this.options;
    const request = { base, route: '/v1/publicip/ip', answer: PublicIpAnswer };
    return (await this.controlServer.ask(request, { timeoutMs, signal })).public_ip;
  }

  /** How the VPN inside the container is, whatever Docker says of its health. @throws GluetunError */
  async vpnStatus(base: URL, signal: AbortSignal, timeoutMs = this.options.timeoutMs): Promise<VpnStatus> {
    const request = { base, ...STATUS, answer: StatusAnswer };
    return (await this.controlServer.ask(request, { timeoutMs, signal })).status;
  }

  /**
   * Whether `reconnect` would be let do its work: asks for a status that there is none of, which changes nothing.
   * @throws GluetunError; NotAccepted `unauthorized` when the credentials do not permit it
   */
  async mayReconnect(base: URL, signal: AbortSignal): Promise<void> {
    const { timeoutMs } = this.options;
    const request = { base, ...STATUS, put: { status: 'asked by portward doctor' }, answer: StatusOutcome };
    try {
      await this.controlServer.ask(request, { timeoutMs, signal });
    } catch (error) {
      if (!(error instanceof NotAccepted) || error.failure !== 'error') throw error;
    }
  }

  /**
   * Restarts the VPN inside its container, where engines keep their network. Resolves when Gluetun says that it runs; the
   * port comes after that. Safe to begin again at any point. Once `signal` is aborted it may take another fifth of
   * `reconnectTimeoutMs`, so as not to leave the VPN stopped.
   * @param mayBeStopped an earlier reconnection may have left it stopped; otherwise a stopped VPN is somebody's wish
   * @throws GluetunError; VpnStopped and NotAccepted when nothing has changed; ControlServerHangs
   */
  async reconnect(base: URL, signal: AbortSignal, { mayBeStopped }: { readonly mayBeStopped: boolean }): Promise<void> {
    const { reconnectTimeoutMs = RECONNECT_TIMEOUT_MS } = this.options;
    await reconnect({
      status: () => this.vpnStatus(base, signal),
      put: async (status, timeoutMs, limit) => {
        const request = { base, ...STATUS, put: { status }, answer: StatusOutcome };
        return (await this.controlServer.ask(request, { timeoutMs, signal: limit })).outcome;
      },
      mayBeStopped,
      timeoutMs: reconnectTimeoutMs,
      signal,
    });
  }
}
