import type { Config } from '../config/config';
import type { VpnConfig } from '../config/vpns';
import { CONTROL_PORT } from '../clients/gluetun/container-environment';
import type { FleetSettings } from '../domain/fleet/fleet';
import type { VpnSettings } from '../domain/settings';

/** Ports that Gluetun itself may use in its network: DNS, HTTP proxy, Shadowsocks, health server. */
const GLUETUN_PORTS = [53, 8888, 8388, 9999];

/** The part of the configuration that goes into workflow state; see VpnSettings for what must not. */
export function vpnSettings(config: Config, vpn: VpnConfig, searchAttributes: readonly string[]): VpnSettings {
  return {
    instance: config.instance,
    vpn: vpn.name,
    targetEngines: vpn.targetEngines,
    httpPorts: vpn.httpPorts,
    httpsPorts: config.httpsPorts,
    reservedPorts: [...GLUETUN_PORTS, vpn.apiPort ?? CONTROL_PORT],
    checkIntervalMs: config.checkIntervalMs,
    portCacheTtlMs: config.portCacheTtlMs,
    evictionGraceMs: config.evictionGraceMs,
    stopTimeoutS: config.stopTimeoutS,
    startupTimeoutMs: config.startupTimeoutMs,
    unhealthyRestartMs: config.unhealthyRestartMs,
    portLostMs: config.portLostMs,
    replaceOnReconnect: config.replaceOnReconnect,
    longestSpacingMs: config.longestSpacingMs,
    breakers: config.breakers,
    idleGraceMs: config.pool.idleGraceMs,
    drainMs: config.drainMs,
    notify: config.notify !== null,
    image: config.engine.variant.image,
    oneAtATime: config.engine.variant.oneAtATime,
    pullPolicy: config.engine.pullPolicy,
    searchAttributes,
  };
}

/** What the fleet's workflow has to know of the configuration. */
export function fleetSettings({ instance, vpns, pool }: Config): FleetSettings {
  return {
    instance,
    ...pool,
    vpns: vpns.map(({ name, httpPorts, targetEngines }) => ({
      vpn: name,
      capacity: httpPorts.last - httpPorts.first + 1,
      initialTarget: targetEngines,
    })),
  };
}
