import type { BreakerJson, EngineJson, ReplacementJson, VpnJson, VpnStatusJson } from '../schemas/engines';
import type { StreamJson, StreamSampleJson } from '../schemas/streams';
import type { TimelineJson } from '../schemas/timeline';

// The example answers in the OpenAPI document. All of them show the same port change.

const CHECKED_AT = '2026-11-23T03:51:04.121Z';
const VPN = 'gluetun';
const PORT = 40_648;

export const engineExample: EngineJson = {
  container_id: '37dde0b9071e269445157389a80d7c8288de9be4a7a885cb7f5ab468247f68a3',
  container_name: 'acestream_fwd_gluetun_5_1_59bee501',
  host: VPN,
  port: 19_002,
  labels: {
    'ondemand.app': 'myservice',
    'acestream.vpn_container': VPN,
    'acestream.http_port': '19002',
    'acestream.https_port': '45002',
    'host.http_port': '19002',
    'acestream.forwarded': 'true',
    'acestream.p2p_port': String(PORT),
  },
  forwarded: true,
  first_seen: '2026-11-23T03:50:59.066Z',
  last_seen: CHECKED_AT,
  streams: [],
  health_status: 'healthy',
  last_health_check: '2026-11-23T03:51:00.402Z',
  last_stream_usage: null,
  last_cache_cleanup: null,
  cache_size_bytes: null,
  vpn_container: VPN,
  p2p_port: PORT,
};

const breakerExample: BreakerJson = {
  state: 'closed',
  failure_count: 0,
  failure_threshold: 5,
  last_failure_time: null,
  last_success_time: '2026-11-23T03:50:42.701Z',
  recovery_timeout: 300,
};

const seen = {
  enabled: true,
  status: 'running',
  container_name: VPN,
  container: VPN,
  health: 'healthy',
  connected: true,
  forwarded_port: PORT,
  last_check: CHECKED_AT,
  last_check_at: CHECKED_AT,
} as const;

const vpnExample: VpnJson = {
  ...seen,
  forwarding: 'forwarded',
  port_problem: null,
  last_port: { port: PORT, read_at: '2026-11-23T03:51:03.870Z' },
  problem: null,
  remedy: null,
  circuit_breakers: { general: breakerExample, replacement: { ...breakerExample, failure_threshold: 3 } },
  engines: 2,
  replacements_running: 0,
  stale_seconds: null,
  workflow_id: 'vpn/default/gluetun',
};

export const vpnStatusExample: VpnStatusJson = {
  mode: 'single',
  ...seen,
  vpn1: vpnExample,
  vpn2: null,
  vpns: [vpnExample],
};

export const replacementExample: ReplacementJson = {
  id: 'replace/default/gluetun/5-59bee501',
  vpn: VPN,
  cause: 'port changed',
  reason: null,
  state: 'completed',
  old_port: 65_290,
  new_port: PORT,
  old_engine: {
    container_id: 'eb5ec0cd2b3f4a7bd12f8f94cb1f4ce44b6fd3ea1ab4e7a2a8b06b1bd8f6f1c0',
    container_name: 'acestream_fwd_gluetun_1_1_59bee501',
  },
  new_engine: { container_id: engineExample.container_id, container_name: 'acestream_fwd_gluetun_5_1_59bee501' },
  started_at: '2026-11-23T03:50:41.336Z',
  made_at: '2026-11-23T03:50:41.702Z',
  ready_at: '2026-11-23T03:50:42.701Z',
  gone_at: '2026-11-23T03:50:44.612Z',
  ended_at: '2026-11-23T03:50:44.790Z',
  failed_attempts: 0,
  last_error: null,
};

export const timelineExample: TimelineJson = {
  vpn: VPN,
  since: '2026-11-20T18:02:11.000Z',
  states: [
    { from: '2026-11-20T18:02:11.000Z', state: 'forwarded', port: 65_290 },
    { from: '2026-11-22T21:14:50.000Z', state: 'down', port: null },
    { from: '2026-11-22T21:15:32.000Z', state: 'forwarded', port: 65_290 },
    { from: '2026-11-23T03:50:41.000Z', state: 'forwarded', port: PORT },
  ],
  replacements: [
    {
      number: 5,
      cause: 'port changed',
      started_at: '2026-11-23T03:50:41.000Z',
      ready_at: '2026-11-23T03:50:42.400Z',
      ended_at: '2026-11-23T03:50:44.500Z',
    },
  ],
};

export const streamExample: StreamJson = {
  id: 'dd1e67078381739d14beca697356ab76d49d1a2d|5dc2f2d0',
  key_type: 'infohash',
  key: 'dd1e67078381739d14beca697356ab76d49d1a2d',
  container_id: engineExample.container_id,
  playback_session_id: '5dc2f2d0',
  stat_url: 'http://gluetun:19002/ace/stat/5dc2f2d0',
  command_url: 'http://gluetun:19002/ace/cmd/5dc2f2d0',
  is_live: true,
  started_at: '2026-11-23T03:51:02.300Z',
  ended_at: null,
  status: 'started',
  peers: 12,
  speed_down: 812,
  speed_up: 96,
  downloaded: 48_234_496,
  uploaded: 5_242_880,
};

/** A stream that has just started, so that there are no statistics yet. */
export const startedStreamExample: StreamJson = {
  ...streamExample,
  peers: null,
  speed_down: null,
  speed_up: null,
  downloaded: null,
  uploaded: null,
};

export const endedStreamExample: StreamJson = {
  ...streamExample,
  ended_at: '2026-11-23T04:36:40.912Z',
  status: 'ended',
};

export const sampleExample: StreamSampleJson = {
  ts: '2026-11-23T03:51:05.100Z',
  peers: 12,
  speed_down: 812,
  speed_up: 96,
  downloaded: 48_234_496,
  uploaded: 5_242_880,
  status: 'dl',
};
