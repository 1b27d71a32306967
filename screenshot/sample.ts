import { loadConfig } from '../src/config/config';
import type { ListedEngine } from '../src/domain/engine';
import { engineName, replacementWorkflowId, newIncarnation } from '../src/domain/names';
import type { NumberedEvent } from '../src/domain/event-log';
import type { Replacement } from '../src/domain/replacement';
import type { VpnSettings } from '../src/domain/settings';
import type { Stream } from '../src/domain/streams/stream';
import { noPort as no, type EndedRecord, type StateRecord } from '../src/domain/vpn/timeline';
import { vpnSettings } from '../src/worker/settings';
import { newVpnData, noPort, type VpnData } from '../src/workflows/vpn/data';
import { SAMPLE_NOW, type SampleVpn } from './household';

// Makes the workflow data of the sample VPNs.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const ago = (hours: number) => SAMPLE_NOW - hours * HOUR;

export function sampleData(vpn: SampleVpn): VpnData {
  const incarnation = newIncarnation(ago(180), 'a3f1');
  const settings = sampleSettings(vpn);
  const port = vpn.states.at(-1)?.[1] ?? 0;
  const engines = sampleEngines(vpn, incarnation, port);
  const change = portChange(vpn, incarnation, engines);
  const ended = vpn.ended.map(([hours, cause, ready, end], i): EndedRecord => {
    return [i + 3, Math.floor(ago(hours) / 1_000), ready, end, cause];
  });
  const since = ago(vpn.states.find(([, state]) => state === no.down) ? 13.7 : 150);
  const engineOf = (i: number) => engines[i];
  return {
    ...newVpnData(settings, incarnation),
    current: true,
    snapshot: {
      kind: 'snapshot',
      at: SAMPLE_NOW,
      vpn: {
        kind: 'present',
        id: vpn.name,
        startedAt: since,
        running: true,
        health: 'healthy',
        portForwarding: true,
      },
      liveEngines: null,
      port: { kind: 'known', port },
      publicIp: { address: vpn.address, at: SAMPLE_NOW },
      engines: [],
      found: [],
      complete: true,
      imagePresent: true,
    },
    port: { ...noPort, last: port, knownSince: ago(vpn.states.at(-1)?.[0] ?? 0) },
    healthySince: since,
    fleetTarget: engines.length,
    engines,
    streams: vpn.streams.flatMap((engine, i) => sampleStreams(vpn, engineOf(engine), i)),
    replacements: [change],
    events: sampleEvents(vpn, change),
    timeline: {
      states: vpn.states.map(([hours, state]): StateRecord => [Math.floor(ago(hours) / 1_000), state]),
      ended: [...ended, [20, Math.floor(change.startedAt / 1_000), 1.4, 5.1, change.cause]],
      seenAt: SAMPLE_NOW / 1_000,
    },
  };
}

function sampleEngines(vpn: SampleVpn, incarnation: string, port: number): ListedEngine[] {
  return Array.from({ length: vpn.plainEngines + 1 }, (_, i) => {
    const isForwarded = i === 0;
    const role = isForwarded ? ('forwarded' as const) : ('plain' as const);
    const since = isForwarded ? ago(vpn.states.at(-1)?.[0] ?? 0) : ago(13 - i);
    const httpPort = vpn.firstPort + i;
    return {
      id: `${vpn.name}-${i}`.padEnd(64, '0'),
      name: engineName(role, vpn.name, incarnation, isForwarded ? 20 : i + 3, 1),
      role,
      httpPort,
      httpsPort: httpPort + 26_000,
      p2pPort: isForwarded ? port : null,
      labels: {},
      firstSeen: since + 1_400,
      ready: true,
      health: 'healthy' as const,
      run: since + 400,
      lastUsedAt: null,
      cutOff: false,
      forwarded: isForwarded,
      streams: [],
    };
  });
}

const CONTENTS = [
  'dd1e67078381739d14beca697356ab76d49d1a2d',
  '8c40f5d6c1b85cd97f0f3f30a1f43e6a5b7de2c9',
  '3f9b2e7a40d6518cc24dd0b98ee7175cd0a6f431',
];

function sampleStreams(vpn: SampleVpn, engine: ListedEngine | undefined, i: number): Stream[] {
  if (!engine) return [];
  const key = CONTENTS[(i + vpn.firstPort) % CONTENTS.length] ?? '';
  const session = `${vpn.name}-${i}`;
  return [
    {
      id: `${key}|${session}`,
      keyType: 'content_id',
      key,
      containerId: engine.id,
      playbackSessionId: session,
      statUrl: `http://${vpn.name}:${engine.httpPort}/ace/stat/${session}`,
      commandUrl: `http://${vpn.name}:${engine.httpPort}/ace/cmd/${session}`,
      isLive: i % 2 === 0,
      startedAt: SAMPLE_NOW - (18 + 23 * i) * MINUTE,
      endedAt: null,
      endReason: null,
    },
  ];
}

/** The latest replacement, with all its details. */
function portChange(vpn: SampleVpn, incarnation: string, [engine]: readonly ListedEngine[]): Replacement {
  const [before, last] = vpn.states.slice(-2);
  const startedAt = ago(last?.[0] ?? 0);
  const old = {
    name: engineName('forwarded', vpn.name, incarnation, 3, 1),
    role: 'forwarded' as const,
    p2pPort: before?.[1] ?? 0,
  };
  return {
    id: replacementWorkflowId('default', vpn.name, incarnation, 20),
    number: 20,
    cause: 'port changed',
    reason: null,
    requestId: null,
    oldPort: old.p2pPort,
    old: [{ ...old, id: 'old'.padEnd(64, '0'), httpPort: vpn.firstPort + 9, httpsPort: null }],
    target: {
      generation: 1,
      role: 'forwarded',
      httpPort: vpn.firstPort,
      httpsPort: vpn.firstPort + 26_000,
      p2pPort: last?.[1] ?? 0,
      waitFor: [],
      callerOptions: null,
    },
    made: engine ? { id: engine.id, name: engine.name } : null,
    madeAt: startedAt + 420,
    newEngine: engine ? { id: engine.id, name: engine.name } : null,
    state: 'completed',
    startedAt,
    readyAt: startedAt + 1_380,
    goneAt: startedAt + 4_890,
    endedAt: startedAt + 5_100,
    failedAttempts: 0,
    lastError: null,
    heldUntil: null,
    draining: [],
    leave: 'never',
    leaveAsked: [],
  };
}

function sampleEvents(
  vpn: SampleVpn,
  { startedAt, old, newEngine, oldPort, target, cause }: Replacement,
): NumberedEvent[] {
  const [gone] = old;
  if (!gone || !newEngine || oldPort === null || !target) return [];
  const engineOf = ({ id, name }: { readonly id: string; readonly name: string }, p2pPort: number | null) => {
    return { engine: id, name, p2pPort, cause };
  };
  const events = [
    { after: 0, event: { kind: 'port_changed', from: oldPort, to: target.p2pPort ?? 0 } },
    { after: 10, event: { kind: 'engine_evicted', ...engineOf(gone, oldPort) } },
    { after: 420, event: { kind: 'engine_provisioned', ...engineOf(newEngine, target.p2pPort) } },
    { after: 1_380, event: { kind: 'engine_ready', ...engineOf(newEngine, target.p2pPort) } },
    { after: 4_890, event: { kind: 'engine_stopped', ...engineOf(gone, oldPort) } },
  ] as const;
  return events.map(({ after, event }, i) => ({ number: vpn.firstPort + i, at: startedAt + after, event }));
}

/** The settings of a VPN, with defaults for everything but these variables. */
function sampleSettings({ name, firstPort, plainEngines }: SampleVpn): VpnSettings {
  const config = loadConfig({
    GLUETUN_CONTAINER_NAME: name,
    GLUETUN_PORT_RANGE_1: `${firstPort}-${firstPort + 24}`,
    ACE_HTTPS_RANGE: `${firstPort + 26_000}-${firstPort + 26_024}`,
    MIN_REPLICAS: String(plainEngines + 1),
  });
  const [vpn] = config.vpns;
  if (!vpn) throw new Error(`expected a VPN in the configuration, ${name}, found none`);
  return vpnSettings(config, vpn, []);
}
