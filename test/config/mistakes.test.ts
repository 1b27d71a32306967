import { loadConfig } from '../../src/config/config';
import { configError, configured, mistakes, ONE_VPN, TWO_VPNS } from './environment';

test('all mistakes are in one message, those of single variables and those of their combination', () => {
  const error = configError({
    APP_PORT: '70000',
    PULL_POLICY: 'sometimes',
    GLUETUN_PORT_RANGE_1: '19000',
    GLUETUN_USER: 'portward',
    VPN_MODE: 'redundant',
    GLUETUN_CONTAINER_NAME_2: 'gluetun2',
    MIN_REPLICAS: '30',
    EVICTION_GRACE_S: '2',
    ENGINE_VARIANT: 'mips',
  });
  const about = [
    "APP_PORT: expected a whole number from 1 to 65535, got '70000'",
    "PULL_POLICY: expected missing or always or never, got 'sometimes'",
    'GLUETUN_CONTAINER_NAME: expected the name',
    "ENGINE_VARIANT: expected one of krinkuto11-amd64, jopsis-amd64, jopsis-arm32, jopsis-arm64, custom, got 'mips'",
    'EVICTION_GRACE_S: expected more than 2.6',
    'MIN_REPLICAS: expected at most MAX_REPLICAS (20), got 30',
  ];
  for (const text of about) expect(error.message).toContain(text);
  expect(error.mistakes).toHaveLength(about.length);
  expect(error.message).toMatch(/^Configuration is wrong in 6 places:\n {2}- /);
});

test('the minimum is at most each of the two maxima', () => {
  expect(mistakes({ ...ONE_VPN, MIN_REPLICAS: '30', MAX_REPLICAS: '40' })).toEqual([
    'MIN_REPLICAS: expected at most MAX_ACTIVE_REPLICAS (20), got 30',
  ]);
});

test('listeners of one process need different ports if their addresses may conflict', () => {
  const same = { ...ONE_VPN, APP_PORT: '8233' };
  expect(mistakes(same)).toEqual(['PORTWARD_TEMPORAL_UI_PORT: expected another port than APP_PORT, got 8233 for both']);
  const three = { ...ONE_VPN, PORTWARD_METRICS_PORT: '7233', PORTWARD_TEMPORAL_UI_PORT: '7233' };
  expect(mistakes(three)).toHaveLength(2);
  for (const fine of [
    { ...same, TEMPORAL_ADDRESS: 'temporal:7233' },
    { ...same, APP_HOST: '192.168.1.5' },
    { ...same, APP_PORT: '8000' },
  ])
    expect(() => configured(fine)).not.toThrow();
  expect(() => loadConfig({ ...ONE_VPN, PORTWARD_METRICS_PORT: '8000' }, ['worker'])).not.toThrow();
  expect(() => loadConfig(same, ['api'])).not.toThrow();
});

test('an invalid value is not compared with other values', () => {
  expect(mistakes({ ...ONE_VPN, EVICTION_GRACE_S: 'x', ENGINES_MAX_AGE_MS: '5000' })).toHaveLength(1);
  expect(mistakes({ ...ONE_VPN, MIN_REPLICAS: '30', MAX_REPLICAS: 'x' })).toHaveLength(1);
  expect(mistakes({ ...TWO_VPNS, GLUETUN_PORT_RANGE_1: 'x', GLUETUN_PORT_RANGE_2: '19000-19099' })).toHaveLength(1);
  expect(mistakes({ ...TWO_VPNS, PORT_RANGE_HOST: 'x', GLUETUN_PORT_RANGE_2: '19500-19600' })).toHaveLength(1);
});

test.each([
  ['APP_HOST', ['http://0.0.0.0', '0.0.0.0:8000', '[::1]', 'a b', '-x']],
  [
    'CORS_ORIGINS',
    [
      ...[
        'dashboard.example',
        'https://dashboard.example/path',
        'https://dashboard.example?x',
        'ftp://dashboard.example',
      ],
      ...['https://*.example', 'null', 'https://user@dashboard.example', 'https://'],
    ],
  ],
  ['TEMPORAL_ADDRESS', ['http://temporal:7233', 'temporal:7233/', 'temporal:port', ':7233', 'a b']],
  ['APP_PORT', ['0', '65536', '80.5', 'x', '-1']],
  ['GLUETUN_API_PORT', ['0', 'x']],
  ['GLUETUN_API_PORT_1', ['0', '65536', 'x']],
  ['GLUETUN_HEALTH_CHECK_INTERVAL_S', ['0', '-5', 'x', 'Infinity', 'NaN']],
  ['GLUETUN_PORT_CACHE_TTL_S', ['-1', 'x']],
  ['ENGINES_MAX_AGE_MS', ['-1', '10001', '1.5']],
  ['MIN_REPLICAS', ['-1', '1.5', 'many']],
  ['PORT_RANGE_HOST', ['19000', '19999-19000', '0-10', '1-65536', 'a-b', '1-2-3']],
  ['ACE_HTTPS_RANGE', ['45000']],
  ['GLUETUN_PORT_RANGE_1', ['19000:19010']],
  ['VPN_MODE', ['triple']],
  ['CONTAINER_LABEL', ['novalue', 'a=', '=b', 'a=b=c', 'a b=c']],
  ['PORTWARD_INSTANCE', ['a b', '-a', 'x'.repeat(33)]],
  ['ALLOW_UNAUTHENTICATED', ['maybe']],
  ['GLUETUN_CONTAINER_NAME', ['glue/tun', '-x']],
  ['LOG_FORMAT', ['xml']],
])('%s refuses %j, with what was expected and what was found', (name, values) => {
  for (const value of values) {
    const [mistake, ...more] = mistakes({ ...ONE_VPN, [name]: value });
    expect(more).toEqual([]);
    expect(mistake).toMatch(/expected/);
    expect(mistake).toContain(`got '${value}'`);
  }
});

const origins = (CORS_ORIGINS: string) => configured({ CORS_ORIGINS }).api.origins;

test('origins are accepted in the form of browsers; * stands alone', () => {
  expect(origins('https://Dashboard.example:443/, http://192.168.1.5:3000 http://[::1]:80')).toEqual([
    'https://dashboard.example',
    'http://192.168.1.5:3000',
    'http://[::1]',
  ]);
  expect([origins('*'), origins(' '), configured({}).api.origins]).toEqual([['*'], [], []]);
  expect(mistakes({ ...ONE_VPN, CORS_ORIGINS: '*, https://dashboard.example' })).toEqual([
    "CORS_ORIGINS: expected '*' alone, which is any origin, or a list without it",
  ]);
});

test.each(['127.0.0.1', '::', 'localhost', 'nas.home'])('%s is an address to listen on', (APP_HOST) => {
  expect(configured({ APP_HOST }).api.host).toBe(APP_HOST);
});

test('no secret is ever in the message', () => {
  const secret = 'TOP-SECRET';
  const { message } = configError({
    APP_PORT: 'x',
    API_KEY: secret,
    API_KEY_2: secret,
    GLUETUN_API_KEY: secret,
    GLUETUN_API_KEY_1: secret,
    GLUETUN_PASSWORD_2: secret,
    GLUETUN_PASSWORD: secret,
    ...TWO_VPNS,
  });
  expect(message).toContain('APP_PORT');
  expect(message).not.toContain(secret);
});

describe('a secret that is sent in an HTTP header', () => {
  test.each(['API_KEY', 'API_KEY_2', 'GLUETUN_API_KEY', 'GLUETUN_API_KEY_2', 'TEMPORAL_API_KEY'])(
    '%s with characters that can not be sent is refused once and without the secret; surrounding blanks are fine',
    (name) => {
      for (const secret of ['TOP-SECRÉT', 'TOP\nSECRET', 'TOP\u0000SECRET', 'TOP-SECRET🔑']) {
        const found = mistakes({ ...TWO_VPNS, [name]: secret });
        expect(found).toEqual([expect.stringMatching(`^${name}: expected printable ASCII characters.*character \\d+`)]);
        expect(found.join()).not.toContain('TOP');
      }
      expect(() => configured({ ...TWO_VPNS, [name]: ' TOP SECRET~! ' })).not.toThrow();
    },
  );

  test.each([
    ['a colon in the user', { GLUETUN_USER: 'a:TOP', GLUETUN_PASSWORD: 'TOP' }],
    ['a control character in the password', { GLUETUN_USER: 'a', GLUETUN_PASSWORD_1: 'TOP\u0007' }],
  ])('user and password with %s are refused, and any other character is fine', (_what, env) => {
    const found = mistakes({ ...ONE_VPN, ...env });
    expect(found).toEqual([expect.stringMatching(/^GLUETUN_USER and GLUETUN_PASSWORD .*: expected no/)]);
    expect(found.join()).not.toContain('TOP');
    expect(() => configured({ GLUETUN_USER: 'ä', GLUETUN_PASSWORD: 'ö:🔑' })).not.toThrow();
  });
});

test('a grace is refused if a proxy may keep its list longer: PROXY_CACHE_S, ENGINES_MAX_AGE_MS and half a second (I2)', () => {
  expect(configured({ EVICTION_GRACE_S: '2.61' }).everyVpn.evictionGraceMs).toBe(2_610);
  expect(mistakes({ ...ONE_VPN, EVICTION_GRACE_S: '2.6' })).toHaveLength(1);
  expect(mistakes({ ...ONE_VPN, ENGINES_MAX_AGE_MS: '500' })).toHaveLength(1);
  expect(configured({ ENGINES_MAX_AGE_MS: '499' }).api.enginesLagMs).toBe(999);
  expect(configured({ PROXY_CACHE_S: '0', EVICTION_GRACE_S: '0.7' }).everyVpn.evictionGraceMs).toBe(700);
  expect(mistakes({ ...ONE_VPN, PROXY_CACHE_S: '0', EVICTION_GRACE_S: '0.6' })).toHaveLength(1);
  expect(mistakes({ ...ONE_VPN, PROXY_CACHE_S: '5', EVICTION_GRACE_S: '5.6' })).toHaveLength(1);
});

test('no list may be older than the time for which a replacement makes sure that lists are answered (I2)', () => {
  const long = { EVICTION_GRACE_S: '60', ENGINES_MAX_AGE_MS: '10000' };
  expect(() => configured({ ...long, PROXY_CACHE_S: '2' })).not.toThrow();
  expect(mistakes({ ...ONE_VPN, ...long, PROXY_CACHE_S: '2.1' })).toEqual([
    'PROXY_CACHE_S: expected at most 12 with ENGINES_MAX_AGE_MS, got 12.1 together',
  ]);
});

test('without a VPN the error says which variable names one', () => {
  expect(mistakes({})).toEqual([expect.stringMatching(/^GLUETUN_CONTAINER_NAME: expected/)]);
});

test('the redundant mode asks for the second VPN', () => {
  expect(mistakes({ ...ONE_VPN, VPN_MODE: 'redundant' })).toEqual([
    expect.stringMatching(/^GLUETUN_CONTAINER_NAME_2: expected .* VPN_MODE=redundant/),
  ]);
});
