import type { Config } from '../config/config';
import type { VpnConfig } from '../config/vpns';
import { CONTROL_PORT } from '../clients/gluetun/container-environment';
import type { FleetSettings } from '../domain/fleet/fleet';
import type { VpnSettings } from '../domain/settings';

/** Ports that Gluetun itself may use in its network: DNS, HTTP proxy, Shadowsocks, health server. */
const GLUETUN_PORTS = [53, 8888, 8388, 9999];

/** The part of the configuration that goes into workflow state. `VpnSettings` says what must not. */
export function vpnSettings(config: Config, vpn: VpnConfig, searchAttributes: readonly string[]): VpnSettings {
  const { variant, pullPolicy } = config.engine;
  // Refuses to compile with a name that VpnSettings does not have: it would be shown in Temporal all the same.
  const everyVpn: Pick<VpnSettings, keyof Config['everyVpn']> = config.everyVpn;
  return {
    ...everyVpn,
    instance: config.instance,
    vpn: vpn.name,
    targetEngines: vpn.targetEngines,
    httpPorts: vpn.httpPorts,
    reservedPorts: [...GLUETUN_PORTS, vpn.apiPort ?? CONTROL_PORT],
    idleGraceMs: config.pool.idleGraceMs,
    notify: config.notify !== null,
    image: variant.image,
    oneAtATime: variant.oneAtATime,
    pullPolicy,
    searchAttributes,
  };
}

/** The part of the configuration that the fleet's workflow needs. */
export function fleetSettings({ instance, vpns, pool: { idleGraceMs: _, ...pool } }: Config): FleetSettings {
  // Refuses to compile with a name that FleetSettings does not have, as above.
  const ofPool: Pick<FleetSettings, keyof typeof pool> = pool;
  return {
    instance,
    ...ofPool,
    vpns: vpns.map(({ name, httpPorts, targetEngines }) => ({
      vpn: name,
      capacity: httpPorts.last - httpPorts.first + 1,
      initialTarget: targetEngines,
    })),
  };
}
