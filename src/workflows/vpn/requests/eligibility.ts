import { REQUESTED, type BreakerKey } from '../../../domain/vpn/breaker';
import { isAmong, obstacleTo, type Eligibility, type Obstacle } from '../../../domain/vpn/eligibility';
import type { Instant, Port } from '../../../domain/engine';
import { isHealthy, type Snapshot } from '../../../domain/vpn/observation';
import type { ProvisionRequest } from '../messages';
import { PortRangeUsedUp, unavailablePorts } from '../decide/ports';
import { guardedBy, trialAt } from './provisioning-allowance';
import { recoveryOf } from '../decide/recovery';
import { standsAside } from '../observe/rival';
import type { VpnData } from '../data';

// Whether an engine can be brought up. The workflow decides by it, and its status view shows it.

/** What every new engine needs and is missing; null: nothing. */
export function lackOf(snapshot: Snapshot | null): 'healthy VPN' | 'image' | null {
  if (snapshot === null || !isHealthy(snapshot.vpn)) return 'healthy VPN';
  return snapshot.imagePresent ? null : 'image';
}

/** Why no request can be carried out now; null: requests can. */
function standstillOf(data: VpnData): Eligibility['standstill'] {
  if (data.unreachable !== null) return { kind: 'unreachable', problem: data.unreachable.problem };
  return standsAside(data) ? { kind: 'another Portward' } : null;
}

/**
 * The view by which it is decided whether an engine that somebody asks for can be brought up.
 * @param key the circuit breaker that guards that engine
 */
export function eligibilityOf(data: VpnData, key: BreakerKey = REQUESTED): Eligibility {
  const { httpPorts, image, pullPolicy } = data.settings;
  const lack = lackOf(data.snapshot);
  return {
    standstill: standstillOf(data),
    down: lack === 'healthy VPN' ? recoveryOf(data) : null,
    missingImage: lack === 'image' ? { image, pulled: pullPolicy !== 'never' } : null,
    breaker: {
      failures: data.breakers[key.role][key.kind].failures,
      trialAt: trialAt(data, key),
      isTried: guardedBy(data, key).length > 0,
    },
    httpPorts,
    takenHttpPorts: [...unavailablePorts(data, null)].filter((port) => isAmong(httpPorts, port)),
  };
}

/** Why an engine that somebody asks for can't be brought up now; null: it can. */
export function provisioningRefusal(data: VpnData, request: ProvisionRequest, now: Instant): string | null {
  const { vpn } = data.settings;
  const { httpPort, requestId } = request;
  if (data.replacements.some((r) => r.requestId === requestId)) return null;
  if (data.retired) return `VPN '${vpn}' is not configured any more`;
  const obstacle = obstacleTo(eligibilityOf(data), httpPort, [], now);
  return obstacle && inWords(data, obstacle, httpPort);
}

/** Why an engine can't be brought up. */
export function inWords({ settings }: VpnData, obstacle: Obstacle, httpPort: Port | null = null): string {
  const { vpn } = settings;
  switch (obstacle.kind) {
    case 'unreachable':
      return obstacle.problem;
    case 'another Portward':
      return `another Portward acts on VPN '${vpn}'`;
    case 'down':
      return `VPN '${vpn}' is not healthy: a new engine could not start`;
    case 'other ports': {
      const { first, last } = obstacle.httpPorts;
      return `port ${httpPort} is not among those of VPN '${vpn}', ${first}-${last}`;
    }
    case 'no image':
      return `image ${obstacle.image} is not on the Docker host`;
    case 'breaker':
      if (!obstacle.open)
        return `the circuit breaker of VPN '${vpn}' is half open: one engine is being tried, and others wait for its result`;
      return (
        `the circuit breaker of VPN '${vpn}' is open after ${obstacle.failures} engines in a row that could not be brought up; the next ` +
        `one is tried at ${new Date(obstacle.trialAt).toISOString()}, or once the breaker is reset`
      );
    case 'port taken':
      return `port ${httpPort} of VPN '${vpn}' is taken, or reserved`;
    case 'no room':
      return new PortRangeUsedUp(settings.httpPorts, 'HTTP').message;
  }
}
