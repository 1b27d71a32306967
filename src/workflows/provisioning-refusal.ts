import type { Instant } from '../domain/engine';
import { isHealthy } from '../domain/observation';
import { breakerKey } from './breaker';
import type { ProvisionRequest } from './messages';
import { allocate, PortRangeUsedUp } from './ports';
import { allowance, trialAt } from './provisioning-allowance';
import { standsAside } from './rival';
import type { VpnData } from './vpn-data';

export const REQUESTED = breakerKey('requested', 'plain');

/** Why an engine that someone asks for can't be brought up now, or null. */
export function provisioningRefusal(data: VpnData, { httpPort }: ProvisionRequest, now: Instant): string | null {
  const { sight, settings, blind } = data;
  const { vpn, httpPorts } = settings;
  if (blind !== null) return blind.problem;
  if (standsAside(data)) return `another Portward acts on VPN '${vpn}'`;
  if (data.retired) return `VPN '${vpn}' is not looked after any more`;
  if (sight === null || !isHealthy(sight.vpn)) return `VPN '${vpn}' is not healthy: a new engine could not start`;
  if (!sight.imagePresent) return `image ${settings.image} is not on the Docker host`;
  if (httpPort !== null && (httpPort < httpPorts.first || httpPort > httpPorts.last)) {
    return `port ${httpPort} is not among those of VPN '${vpn}', ${httpPorts.first}-${httpPorts.last}`;
  }
  if (allowance(data, REQUESTED, now) > 0) return portRefusal(data, httpPort);
  const trial = trialAt(data, REQUESTED) ?? now;
  return `the circuit breaker of VPN '${vpn}' is open; the next engine is tried at ${new Date(trial).toISOString()}`;
}

function portRefusal(data: VpnData, httpPort: number | null): string | null {
  try {
    allocate(data, null, data.nextNumber, httpPort);
    return null;
  } catch (error) {
    if (!(error instanceof PortRangeUsedUp)) throw error;
    return httpPort === null ? error.message : `port ${httpPort} of VPN '${data.settings.vpn}' is taken, or reserved`;
  }
}
