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
/** The state of the VPN inside its container, as Gluetun reports it. */
export type VpnStatus = (typeof VPN_STATUSES)[number];
const StatusAnswer = Type.Object({ status: Type.Union(VPN_STATUSES.map((status) => Type.Literal(status))) });
const StatusOutcome = Type.Object({
  outcome: Type.String({ pattern: `^(already )?(${VPN_STATUSES.join('|')})$` }),
});
const STATUS = { route: '/v1/vpn/status', olderRoute: '/v1/openvpn/status' };

/**
 * Client of Gluetun's control server. Everything but a clear answer is an error that says what was answered instead
 * (I7).
 */
export class GluetunClient {
  private readonly controlServer: ControlServer;

  constructor(private readonly options: GluetunClientOptions) {
    this.controlServer = new ControlServer(options.auth);
  }

  /**
   * The port that is forwarded now, 1 to 65535; of several ports the one to follow.
   * @throws NoPortForwarded if the control server says that there is none right now; GluetunError if it can't be
   * asked or its answer not be understood
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

  /** The state of the VPN inside the container, which Docker's health does not show. @throws GluetunError */
  async vpnStatus(base: URL, signal: AbortSignal, timeoutMs = this.options.timeoutMs): Promise<VpnStatus> {
    const request = { base, ...STATUS, answer: StatusAnswer };
    return (await this.controlServer.ask(request, { timeoutMs, signal })).status;
  }

  /**
   * Checks whether the credentials permit `reconnect`. It asks for a status that does not exist, which changes
   * nothing.
   * @throws GluetunError; NotAccepted `unauthorized` if the credentials do not permit it
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
   * Restarts the VPN inside its container, where engines keep their network. Resolves when Gluetun says that the VPN
   * runs; the port comes later. It may be repeated at any point. After `signal` is aborted it may take another fifth
   * of `reconnectTimeoutMs`, so that it does not leave the VPN stopped.
   * @param mayBeStopped an earlier reconnection may have left the VPN stopped; otherwise somebody wants it stopped
   * @throws GluetunError; VpnStopped and NotAccepted if nothing was changed; ControlServerHangs
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
