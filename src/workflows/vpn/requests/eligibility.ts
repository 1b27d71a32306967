import { REQUESTED } from '../../../domain/vpn/breaker';
import { isAmong, obstacleTo, type Eligibility } from '../../../domain/vpn/eligibility';
import type { Instant } from '../../../domain/engine';
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
export function standstillOf(data: VpnData): Eligibility['standstill'] {
  if (data.unreachable !== null) return { kind: 'unreachable', problem: data.unreachable.problem };
  return standsAside(data) ? { kind: 'another Portward' } : null;
}

/** The view by which it is decided whether an engine that somebody asks for can be brought up. */
export function eligibilityOf(data: VpnData): Eligibility {
  const { httpPorts, image, pullPolicy } = data.settings;
  const lack = lackOf(data.snapshot);
  return {
    standstill: standstillOf(data),
    down: lack === 'healthy VPN' ? recoveryOf(data) : null,
    missingImage: lack === 'image' ? { image, pulled: pullPolicy !== 'never' } : null,
    breaker: {
      failures: data.breakers[REQUESTED.role][REQUESTED.kind].failures,
      trialAt: trialAt(data, REQUESTED),
      isTried: guardedBy(data, REQUESTED).length > 0,
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
  if (data.retired) return `VPN '${vpn}' is not looked after any more`;
  const obstacle = obstacleTo(eligibilityOf(data), httpPort, [], now);
  switch (obstacle?.kind) {
    case undefined:
      return null;
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
      return `the circuit breaker of VPN '${vpn}' is open; the next engine is tried at ${new Date(obstacle.trialAt).toISOString()}`;
    case 'port taken':
      return `port ${httpPort} of VPN '${vpn}' is taken, or reserved`;
    case 'no room':
      return new PortRangeUsedUp(data.settings.httpPorts, 'HTTP').message;
  }
}
