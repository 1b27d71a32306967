import type { Engine, Instant } from '../domain/engine';
import type { ObservedEngine, Sight } from '../domain/observation';
import type { PortKnowledge, VpnData } from './vpn-data';

// What a look at the world says, taken into what was known before.

export function adopt(observed: ObservedEngine): Engine {
  const { id, name, role, httpPort, httpsPort, p2pPort, labels, createdAt, health } = observed;
  const ready = health === 'healthy';
  return { id, name, role, httpPort, httpsPort, p2pPort, labels, firstSeen: createdAt, ready, health };
}

/** @param run when the run of its container began that was seen last; Docker may have revived it since */
export function refreshed(
  engine: Engine,
  observed: ObservedEngine | undefined,
  run: Instant | null | undefined,
): Engine {
  if (!observed) return engine;
  const revived = run !== undefined && run !== null && observed.startedAt !== null && observed.startedAt !== run;
  if (revived) return { ...engine, health: observed.health, ready: observed.health === 'healthy' };
  if (observed.health === 'unknown') return engine;
  return { ...engine, health: observed.health, ready: engine.ready || observed.health === 'healthy' };
}

export function learn(port: PortKnowledge, sight: Sight): PortKnowledge {
  const reading = sight.port;
  if (reading.kind === 'known') return { last: reading.port, unknownSince: null, reason: null };
  if (reading.kind === 'unknown') {
    return { ...port, unknownSince: port.unknownSince ?? reading.since, reason: reading.reason };
  }
  return port;
}

export function problemOf({ vpn, imagePresent }: Sight, { settings, pullError }: VpnData): string | null {
  const { vpn: name, image, pullPolicy } = settings;
  if (vpn.kind === 'absent') return `VPN container '${name}' not found: start it, or correct GLUETUN_CONTAINER_NAME`;
  if (!vpn.running) return `VPN container '${name}' is not running`;
  if (vpn.health === 'unhealthy') return `VPN container '${name}' is unhealthy: its engines are hidden`;
  if (imagePresent) return null;
  if (pullError !== null) return `image ${image} could not be pulled: ${pullError}`;
  const remedy = pullPolicy === 'never' ? 'pull it, or set PULL_POLICY=missing' : 'it is being pulled';
  return `image ${image} is not on the Docker host: ${remedy}`;
}
