// Builders for the types of the domain: each makes a complete, ordinary value, and a test gives only the fields that matter to it.
import type { ObserveProgress } from '../src/activities/observe/observe';
import type { BreakerKind } from '../src/domain/vpn/breaker';
import type { ListedEngine } from '../src/domain/engine';
import type { Snapshot, VpnObservation } from '../src/domain/vpn/observation';
import type { Replacement, Target } from '../src/domain/replacement';
import type { VpnSettings } from '../src/domain/settings';
import type { VpnStatusView } from '../src/domain/vpn/status-view';
import { closedBreaker, type Breaker, type Breakers } from '../src/workflows/vpn/decide/breaker';
import { statusView } from '../src/workflows/vpn/views/status-view';
import { newVpnData, noPort, type VpnData } from '../src/workflows/vpn/data';
import { vpnSettings as settingsFrom } from '../src/worker/settings';
import { configured } from './config/environment';

type PresentVpn = Extract<VpnObservation, { kind: 'present' }>;

/** The day on which the simulated world begins, in ms. */
export const DAY = Date.parse('2026-01-02T03:04:05.000Z');

const { vpns, ...config } = configured({
  PORTWARD_INSTANCE: 'test',
  GLUETUN_PORT_RANGE_1: '19000-19099',
  ACE_HTTPS_RANGE: '45000-45099',
  MIN_REPLICAS: '2',
  ENGINE_IMAGE: 'engine:test',
  PULL_POLICY: 'never',
});
const settings = vpns.map((vpn) => settingsFrom({ vpns, ...config }, vpn, []));

/** The settings of VPN `gluetun`, with the defaults except for what is set above. */
export function vpnSettings(change: Partial<VpnSettings> = {}): VpnSettings {
  const [ofFirst] = settings;
  if (!ofFirst) throw new Error('expected a VPN in the configuration, found none');
  return { ...ofFirst, reservedPorts: [8000], ...change };
}

export function plainEngine(httpPort: number, change: Partial<ListedEngine> = {}): ListedEngine {
  return {
    id: `id-${httpPort}`,
    name: `engine-${httpPort}`,
    role: 'plain',
    httpPort,
    httpsPort: httpPort + 26_000,
    p2pPort: null,
    labels: {},
    firstSeen: DAY,
    ready: true,
    health: 'healthy',
    run: DAY,
    lastUsedAt: null,
    cutOff: false,
    forwarded: false,
    streams: [],
    ...change,
  };
}

export function forwardedEngine(httpPort: number, p2pPort: number, change: Partial<ListedEngine> = {}): ListedEngine {
  return plainEngine(httpPort, {
    role: 'forwarded',
    p2pPort,
    forwarded: true,
    ...change,
  });
}

export function presentVpn(change: Partial<PresentVpn> = {}): PresentVpn {
  return {
    kind: 'present',
    id: 'vpn-container',
    startedAt: DAY - 60_000,
    running: true,
    health: 'healthy',
    portForwarding: true,
    ...change,
  };
}

/** A look that shows a healthy VPN with this port, and no engines. */
export function snapshot(port: number, change: Partial<Snapshot> = {}): Snapshot {
  return {
    kind: 'snapshot',
    at: DAY,
    vpn: presentVpn(),
    liveEngines: null,
    port: { kind: 'known', port },
    engines: [],
    found: [],
    complete: true,
    imagePresent: true,
    ...change,
  };
}

/** Both roles' breakers, with these changes in each. */
export function breakers(change: Partial<Record<BreakerKind, Partial<Breaker>>>): Breakers {
  const kinds = {
    general: { ...closedBreaker, ...change.general },
    replacement: { ...closedBreaker, ...change.replacement },
  };
  return { forwarded: kinds, plain: kinds };
}

/** A healthy VPN with its forwarded engine on 65290, as its workflow remembers it. */
export function vpnData(change: Partial<VpnData> = {}): VpnData {
  return {
    ...newVpnData(vpnSettings(), 'abcdef12'),
    snapshot: snapshot(65_290),
    port: { ...noPort, last: 65_290, knownSince: DAY },
    engines: [forwardedEngine(19_000, 65_290)],
    ...change,
  };
}

/** The status view of that VPN. */
export function vpnStatus(change: Partial<VpnData> = {}): VpnStatusView {
  return statusView(vpnData(change));
}

export function target(change: Partial<Target> = {}): Target {
  return {
    generation: 1,
    role: 'forwarded',
    httpPort: 19_001,
    httpsPort: 45_001,
    p2pPort: 40_648,
    waitFor: [],
    callerOptions: null,
    ...change,
  };
}

/** A running replacement, 65290 → 40648. */
export function replacement(change: Partial<Replacement> = {}): Replacement {
  return {
    id: 'replace/test/gluetun/7-abcdef12',
    number: 7,
    cause: 'port changed',
    reason: null,
    requestId: null,
    oldPort: 65_290,
    old: [forwardedEngine(19_000, 65_290)],
    target: target(),
    made: null,
    newEngine: null,
    state: 'running',
    startedAt: DAY,
    readyAt: null,
    endedAt: null,
    failedAttempts: 0,
    lastError: null,
    heldUntil: null,
    draining: [],
    leave: 'never',
    leaveAsked: [],
    ...change,
  };
}

export function observeProgress(change: Partial<ObserveProgress> = {}): ObserveProgress {
  return {
    checkedAt: DAY + 5_000,
    seenAt: DAY + 5_000,
    checkedEngines: {},
    portRead: null,
    publicIp: '203.0.113.7',
    ...change,
  };
}
