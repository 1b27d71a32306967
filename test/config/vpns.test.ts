import * as fc from 'fast-check';
import { share } from '../../src/config/vpns';
import { configured, mistakes, ONE_VPN, TWO_VPNS } from './environment';

const names = (env: Record<string, string>) => configured(env).vpns.map((v) => v.name);
const ranges = (env: Record<string, string>) =>
  configured(env).vpns.map(({ httpPorts: { first, last } }) => `${first}-${last}`);
const targets = (total: number) =>
  configured({ ...TWO_VPNS, MIN_REPLICAS: String(total) }).vpns.map((v) => v.targetEngines);
const apiPorts = (env: Record<string, string>) => configured({ ...TWO_VPNS, ...env }).vpns.map((v) => v.apiPort);
const free = (env: Record<string, string>) => configured(env).pool.minFreeReplicas;
const auths = (env: Record<string, string>) => configured(env).vpns.map((v) => v.gluetunAuth);

test('a second VPN counts in redundant mode only', () => {
  expect(configured({ ...TWO_VPNS, VPN_MODE: 'single' })).toMatchObject({
    vpns: [{ name: 'gluetun' }],
  });
  expect(names({ ...TWO_VPNS, VPN_MODE: 'single' })).toEqual(['gluetun']);
  expect(names(TWO_VPNS)).toEqual(['gluetun', 'gluetun2']);
});

test('GLUETUN_CONTAINER_NAMES lists any number of VPNs and overrides the single names', () => {
  const env = { ...TWO_VPNS, VPN_MODE: 'single', GLUETUN_CONTAINER_NAMES: 'a1, b1 ,c1,' };
  expect(names(env)).toEqual(['a1', 'b1', 'c1']);
});

test('a VPN that is named twice is refused', () => {
  expect(mistakes({ ...TWO_VPNS, GLUETUN_CONTAINER_NAME_2: 'gluetun' })).toEqual(
    expect.arrayContaining([expect.stringContaining('expected different ones, got gluetun, gluetun')]),
  );
});

test("a name that Docker does not accept is refused with Docker's rule", () => {
  for (const name of ['v', '-vpn', 'my vpn', 'vpn/1']) {
    expect(mistakes({ GLUETUN_CONTAINER_NAME: name, GLUETUN_PORT_RANGE_1: '19000-19009' })).toEqual([
      `VPN container name: expected a letter or digit, and then at least one letter, digit, '_', '.' or '-', as Docker does; got '${name}'`,
    ]);
  }
});

test('VPNs without a port range of their own share PORT_RANGE_HOST evenly', () => {
  expect(ranges(TWO_VPNS)).toEqual(['19000-19499', '19500-19999']);
  expect(ranges({ GLUETUN_CONTAINER_NAMES: 'a1,b1,c1', PORT_RANGE_HOST: '100-109' })).toEqual([
    '100-102',
    '103-105',
    '106-108',
  ]);
});

test('a VPN with a range of its own leaves the shared one to the others', () => {
  const env = { GLUETUN_CONTAINER_NAMES: 'a1,b1,c1', GLUETUN_PORT_RANGE_2: '30000-30009' };
  expect(ranges(env)).toEqual(['19000-19499', '30000-30009', '19500-19999']);
});

test('overlapping ranges are refused, since two VPN containers cannot publish one port', () => {
  const own = { GLUETUN_PORT_RANGE_1: '19000-19099', GLUETUN_PORT_RANGE_2: '19099-19199' };
  expect(mistakes({ ...TWO_VPNS, ...own })).toEqual([
    expect.stringMatching(/port ranges of gluetun and gluetun2 overlap.*GLUETUN_PORT_RANGE_1, GLUETUN_PORT_RANGE_2/),
  ]);
  expect(mistakes({ ...TWO_VPNS, GLUETUN_PORT_RANGE_1: '19500-19501' })).toHaveLength(1);
  expect(ranges({ ...TWO_VPNS, ...own, GLUETUN_PORT_RANGE_2: '19100-19199' })).toHaveLength(2);
});

test('a range that is too small for all VPNs is refused', () => {
  expect(mistakes({ ...TWO_VPNS, PORT_RANGE_HOST: '19000-19000' })).toEqual(
    expect.arrayContaining([expect.stringContaining('too small to be shared by 2 VPNs')]),
  );
});

test('MIN_REPLICAS counts over all VPNs; each has its share, and at least one engine unless it is 0', () => {
  expect([0, 1, 2, 3, 10].map((total) => targets(total))).toEqual([
    [0, 0],
    [1, 1],
    [1, 1],
    [2, 1],
    [5, 5],
  ]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 50 }), (total, vpns) => {
      const shares = Array.from({ length: vpns }, (_, index) => share(total, vpns, index));
      expect(Math.min(...shares)).toBeGreaterThanOrEqual(1);
      expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
      expect(shares.reduce((a, b) => a + b)).toBe(Math.max(total, vpns));
    }),
  );
});

test('with MIN_REPLICAS=0 no free engines are kept, unless MIN_FREE_REPLICAS says so', () => {
  expect([free({}), free({ MIN_REPLICAS: '0' }), free({ MIN_REPLICAS: '0', MIN_FREE_REPLICAS: '2' })]).toEqual([
    1, 0, 2,
  ]);
});

test('Gluetun is asked without credentials, with an API key, or with user and password', () => {
  expect(auths(ONE_VPN)).toEqual([{ kind: 'none' }]);
  expect(auths({ GLUETUN_API_KEY: 'k' })).toEqual([{ kind: 'api-key', key: 'k' }]);
  expect(auths({ GLUETUN_USER: 'u', GLUETUN_PASSWORD: ' p ' })).toEqual([
    { kind: 'basic', user: 'u', password: ' p ' },
  ]);
});

test("a VPN's own credentials override those for all VPNs, of whatever kind they are", () => {
  expect(auths({ ...TWO_VPNS, GLUETUN_API_KEY: 'all', GLUETUN_API_KEY_2: 'own' })).toEqual([
    { kind: 'api-key', key: 'all' },
    { kind: 'api-key', key: 'own' },
  ]);
  expect(auths({ ...TWO_VPNS, GLUETUN_API_KEY: 'all', GLUETUN_USER_2: 'u', GLUETUN_PASSWORD_2: 'p' })).toEqual([
    { kind: 'api-key', key: 'all' },
    { kind: 'basic', user: 'u', password: 'p' },
  ]);
  expect(auths({ ...TWO_VPNS, GLUETUN_USER: 'u', GLUETUN_PASSWORD_1: 'p1', GLUETUN_PASSWORD_2: 'p2' })).toEqual([
    { kind: 'basic', user: 'u', password: 'p1' },
    { kind: 'basic', user: 'u', password: 'p2' },
  ]);
});

test('a user without a password, or the other way round, is refused', () => {
  expect(mistakes({ ...ONE_VPN, GLUETUN_USER: 'u' })).toHaveLength(1);
  expect(mistakes({ ...TWO_VPNS, GLUETUN_PASSWORD_2: 'p' })).toEqual([expect.stringContaining('_2 at the end')]);
});

test("each control server's port is its own variable, else that for all VPNs, else that of its container", () => {
  expect(apiPorts({})).toEqual([null, null]);
  expect(apiPorts({ GLUETUN_API_PORT: '8001' })).toEqual([8_001, 8_001]);
  expect(apiPorts({ GLUETUN_API_PORT: '8001', GLUETUN_API_PORT_2: '8002' })).toEqual([8_001, 8_002]);
  expect(apiPorts({ GLUETUN_API_PORT_2: '8002' })).toEqual([null, 8_002]);
});
