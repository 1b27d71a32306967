import { fleetSettings, vpnSettings } from '../../src/worker/settings';
import { configured, TWO_VPNS } from './environment';

// Each variable has a value of its own, and none has its default.
const config = configured({
  ...TWO_VPNS,
  PORTWARD_INSTANCE: 'mine',
  GLUETUN_API_PORT: '8011',
  GLUETUN_PORT_RANGE_1: '19100-19110',
  GLUETUN_PORT_RANGE_2: '19200-19220',
  ACE_HTTPS_RANGE: '46000-46100',
  GLUETUN_HEALTH_CHECK_INTERVAL_S: '7',
  GLUETUN_PORT_CACHE_TTL_S: '61',
  EVICTION_GRACE_S: '3',
  STOP_TIMEOUT_S: '11',
  STARTUP_TIMEOUT_S: '26',
  VPN_UNHEALTHY_RESTART_TIMEOUT_S: '62',
  VPN_RESTART_ENGINES_ON_RECONNECT: 'false',
  PORT_CHANGE_SPACING_MAX_S: '301',
  CIRCUIT_BREAKER_FAILURE_THRESHOLD: '6',
  CIRCUIT_BREAKER_RECOVERY_TIMEOUT_S: '302',
  CIRCUIT_BREAKER_REPLACEMENT_THRESHOLD: '4',
  CIRCUIT_BREAKER_REPLACEMENT_TIMEOUT_S: '181',
  ENGINE_GRACE_PERIOD_S: '33',
  DRAIN_TIMEOUT_S: '12',
  PULL_POLICY: 'never',
  MIN_REPLICAS: '5',
  MIN_FREE_REPLICAS: '2',
  MAX_REPLICAS: '9',
  MAX_ACTIVE_REPLICAS: '8',
  AUTOSCALE_INTERVAL_S: '31',
});

test("the settings of a VPN's workflow follow from the configuration", () => {
  const [, second] = config.vpns;
  if (!second) throw new Error('expected two VPNs');
  expect(vpnSettings(config, second, ['A'])).toMatchObject({
    instance: 'mine',
    vpn: 'gluetun2',
    httpPorts: { first: 19_200, last: 19_220 },
    httpsPorts: { first: 46_000, last: 46_100 },
    reservedPorts: expect.arrayContaining([8_011]),
    checkIntervalMs: 7_000,
    portCacheTtlMs: 61_000,
    evictionGraceMs: 3_000,
    stopTimeoutS: 11,
    startupTimeoutMs: 26_000,
    unhealthyRestartMs: 62_000,
    replaceOnReconnect: false,
    longestBackoffMs: 301_000,
    breakers: {
      general: { threshold: 6, recoveryMs: 302_000 },
      replacement: { threshold: 4, recoveryMs: 181_000 },
    },
    idleGraceMs: 33_000,
    drainMs: 12_000,
    notify: false,
    pullPolicy: 'never',
    searchAttributes: ['A'],
  });
});

test("the settings of the fleet's workflow follow from the configuration", () => {
  expect(fleetSettings(config)).toMatchObject({
    instance: 'mine',
    minReplicas: 5,
    minFreeReplicas: 2,
    maxReplicas: 9,
    maxActiveReplicas: 8,
    autoscaleIntervalMs: 31_000,
    vpns: [
      { vpn: 'gluetun', capacity: 11 },
      { vpn: 'gluetun2', capacity: 21 },
    ],
  });
});
