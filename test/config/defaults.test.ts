import { homedir } from 'node:os';
import { join } from 'node:path';
import { configured } from './environment';

test('with only the VPN set, every value is that of the contract and the design', () => {
  const { dataDir, ...config } = configured({ HOME: '/home/user' });
  expect(dataDir).toBe('/home/user/.local/share/portward');
  expect(config).toEqual({
    instance: 'default',
    api: {
      host: '0.0.0.0',
      port: 8000,
      keys: [],
      allowUnauthenticated: false,
      origins: [],
      changesPerMinute: 120,
      wrongKeysPerMinute: 10,
      enginesLagMs: 600,
      enginesStaleLimitMs: 30_000,
      advertisedHost: null,
      statsHistoryMax: 720,
    },
    vpns: [
      {
        name: 'gluetun',
        httpPorts: { first: 19_000, last: 19_999 },
        targetEngines: 1,
        gluetunAuth: { kind: 'none' },
        apiPort: null,
        portIndex: 0,
      },
    ],
    gluetun: { timeoutMs: 5_000 },
    metrics: { host: '127.0.0.1', port: 0 },
    everyVpn: {
      checkIntervalMs: 5_000,
      portCacheTtlMs: 60_000,
      unhealthyRestartMs: 60_000,
      portLostMs: 60_000,
      replaceOnReconnect: true,
      longestBackoffMs: 300_000,
      breakers: {
        general: { threshold: 5, recoveryMs: 300_000 },
        replacement: { threshold: 3, recoveryMs: 180_000 },
      },
      httpsPorts: { first: 45_000, last: 49_999 },
      drainMs: 0,
      evictionGraceMs: 3_000,
      stopTimeoutS: 10,
      startupTimeoutMs: 25_000,
    },
    containerLabel: 'ondemand.app=myservice',
    reach: 'auto',
    pool: {
      minReplicas: 1,
      minFreeReplicas: 1,
      maxReplicas: 20,
      maxActiveReplicas: 20,
      autoscaleIntervalMs: 30_000,
      idleGraceMs: 30_000,
    },
    collectIntervalMs: 5_000,
    engine: {
      variantName: 'krinkuto11-amd64',
      variant: expect.objectContaining({ image: 'ghcr.io/krinkuto11/acestream-http-proxy:latest' }),
      pullPolicy: 'missing',
      healthCheckIntervalMs: 20_000,
      healthFailureThreshold: 3,
    },
    notify: null,
    temporal: { address: null, port: 7233, uiPort: 8233 },
    secretKey: null,
    log: { debug: false, debugDir: './debug_logs', format: 'auto' },
  });
});

test('an empty value counts as not set, since Compose passes unset variables on as empty', () => {
  const names = ['API_KEY', 'APP_PORT', 'VPN_MODE', 'GLUETUN_PORT_RANGE_1', 'GLUETUN_API_KEY', 'TEMPORAL_ADDRESS'];
  const empty = Object.fromEntries(names.map((name, i) => [name, i % 2 === 0 ? '' : '  ']));
  expect(configured(empty)).toEqual(configured());
});

test('every value can be set', () => {
  const config = configured({
    PORTWARD_INSTANCE: 'nas',
    APP_HOST: '127.0.0.1',
    APP_PORT: '8080',
    API_KEY: 'one',
    API_KEY_2: ' two ',
    ALLOW_UNAUTHENTICATED: 'yes',
    ENGINES_MAX_AGE_MS: '0',
    ENGINES_STALE_LIMIT_S: '1.5',
    ADVERTISED_HOST: 'nas.local',
    GLUETUN_API_PORT: '8001',
    GLUETUN_TIMEOUT_S: '2',
    GLUETUN_HEALTH_CHECK_INTERVAL_S: '0.5',
    GLUETUN_PORT_CACHE_TTL_S: '0',
    GLUETUN_PORT_RANGE_1: '20000 - 20009',
    CONTAINER_LABEL: 'a=b',
    CONTAINER_REACH: 'Published',
    ACE_HTTPS_RANGE: '46000-46009',
    EVICTION_GRACE_S: '4',
    PROXY_CACHE_S: '1.5',
    STOP_TIMEOUT_S: '0',
    STARTUP_TIMEOUT_S: '60',
    ENGINE_IMAGE: 'my/engine:1',
    PULL_POLICY: 'never',
    HEALTH_CHECK_INTERVAL_S: '1',
    HEALTH_FAILURE_THRESHOLD: '1',
    TEMPORAL_ADDRESS: 'temporal:7233',
    PORTWARD_TEMPORAL_PORT: '7000',
    PORTWARD_TEMPORAL_UI_PORT: '7001',
    PORTWARD_DATA_DIR: '/data',
    LOG_FORMAT: 'json',
    DEBUG_MODE: 'on',
    DEBUG_LOG_DIR: '/logs',
    MIN_REPLICAS: '4',
    MIN_FREE_REPLICAS: '0',
    MAX_REPLICAS: '30',
    MAX_ACTIVE_REPLICAS: '25',
    AUTOSCALE_INTERVAL_S: '1.5',
    ENGINE_GRACE_PERIOD_S: '0',
    DRAIN_TIMEOUT_S: '3600',
    COLLECT_INTERVAL_S: '2.5',
    STATS_HISTORY_MAX: '10',
    ENGINE_VARIANT: 'jopsis-amd64',
    PORTWARD_SECRET_KEY: 'sixteen characters',
    PORTWARD_METRICS_HOST: '0.0.0.0',
    PORTWARD_METRICS_PORT: '9100',
    NOTIFY_URL: 'http://hooks.example',
    NOTIFY_SECRET: 'shared',
  });
  expect(config).toMatchObject({
    instance: 'nas',
    api: {
      host: '127.0.0.1',
      port: 8080,
      keys: ['one', 'two'],
      allowUnauthenticated: true,
      enginesLagMs: 500,
      enginesStaleLimitMs: 1_500,
      advertisedHost: 'nas.local',
      statsHistoryMax: 10,
    },
    vpns: [{ httpPorts: { first: 20_000, last: 20_009 }, targetEngines: 4, apiPort: 8_001 }],
    gluetun: { timeoutMs: 2_000 },
    everyVpn: {
      checkIntervalMs: 500,
      portCacheTtlMs: 0,
      httpsPorts: { first: 46_000, last: 46_009 },
      drainMs: 3_600_000,
      evictionGraceMs: 4_000,
      stopTimeoutS: 0,
      startupTimeoutMs: 60_000,
    },
    containerLabel: 'a=b',
    reach: 'published',
    pool: {
      minReplicas: 4,
      minFreeReplicas: 0,
      maxReplicas: 30,
      maxActiveReplicas: 25,
      autoscaleIntervalMs: 1_500,
      idleGraceMs: 0,
    },
    collectIntervalMs: 2_500,
    engine: {
      variantName: 'jopsis-amd64',
      variant: { image: 'my/engine:1' },
      pullPolicy: 'never',
      healthCheckIntervalMs: 1_000,
      healthFailureThreshold: 1,
    },
    temporal: { address: 'temporal:7233', port: 7000, uiPort: 7001 },
    metrics: { host: '0.0.0.0', port: 9_100 },
    notify: { url: 'http://hooks.example', secret: 'shared' },
    secretKey: 'sixteen characters',
    dataDir: '/data',
    log: { debug: true, debugDir: '/logs', format: 'json' },
  });
});

test.each([
  [{ XDG_DATA_HOME: '/xdg' }, '/xdg/portward'],
  [{ PORTWARD_DATA_DIR: '/own', XDG_DATA_HOME: '/xdg' }, '/own'],
  [{ PORTWARD_DATA_DIR: '', XDG_DATA_HOME: '', HOME: '' }, join(homedir(), '.local/share/portward')],
])('with %j the data folder is %s', (env, dir) => {
  expect(configured(env).dataDir).toBe(dir);
});
