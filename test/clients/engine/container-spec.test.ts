import { engineContainer, type EngineOrder } from '../../../src/activities/engine/spec';
import type { Variant } from '../../../src/clients/engine/variant';
import { target } from '../../builders';

const variant: Variant = {
  image: 'engine:1',
  env: { HTTP_PORT: '{{HTTP_PORT}}', HTTPS_PORT: '{{HTTPS_PORT}}', CACHE_LIMIT: '1' },
  forwardedEnv: { P2P_PORT: '{{P2P_PORT}}' },
  command: null,
  volumes: [],
  health: { type: 'tcp' },
  connectionStatus: false,
  oneAtATime: false,
};
const LABEL = 'ondemand.app=myservice';

function order(change: Partial<EngineOrder> = {}): EngineOrder {
  return { vpn: 'gluetun', instance: 'test', incarnation: 'abcdef12', number: 7, target: target(), ...change };
}

function container(change: Partial<EngineOrder> = {}, vpnId = 'vpn-id', extra: Record<string, string> = {}) {
  return engineContainer(order(change), variant, extra, LABEL, vpnId);
}

const hash = (made: ReturnType<typeof container>) => made.labels['portward.spec'];

test("a forwarded engine's labels are exactly the contract's and Portward's own", () => {
  expect(container().labels).toEqual({
    'ondemand.app': 'myservice',
    'acestream.vpn_container': 'gluetun',
    'acestream.http_port': '19001',
    'acestream.https_port': '45001',
    'host.http_port': '19001',
    'acestream.forwarded': 'true',
    'acestream.p2p_port': '40648',
    'portward.instance': 'test',
    'portward.replacement': 'abcdef12/7',
    'portward.spec': expect.stringMatching(/^[0-9a-f]{16}$/),
  });
});

test('a plain engine has neither a forwarded nor a P2P label', () => {
  const { labels } = container({ target: target({ role: 'plain', p2pPort: null }) });
  expect(Object.keys(labels).toSorted()).toEqual([
    'acestream.http_port',
    'acestream.https_port',
    'acestream.vpn_container',
    'host.http_port',
    'ondemand.app',
    'portward.instance',
    'portward.replacement',
    'portward.spec',
  ]);
});

test("an engine joins the VPN container's network by id, with the image and environment of its variant", () => {
  expect(container()).toMatchObject({
    networkOf: 'vpn-id',
    image: variant.image,
    command: null,
    volumes: [],
    env: expect.arrayContaining(['HTTP_PORT=19001', 'HTTPS_PORT=45001', 'P2P_PORT=40648']),
  });
});

test("an engine's name contains its replacement, its generation and that it is forwarded", () => {
  expect(container().name).toBe('acestream_fwd_gluetun_7_1_abcdef12');
  expect(container({ target: target({ role: 'plain', generation: 3 }) }).name).toBe('acestream_gluetun_7_3_abcdef12');
});

test('no two orders have the same name', () => {
  const names = [
    container(),
    container({ vpn: 'gluetun2' }),
    container({ number: 8 }),
    container({ incarnation: '12abcdef' }),
    container({ target: target({ generation: 2 }) }),
    container({ target: target({ role: 'plain' }) }),
  ].map((made) => made.name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/);
});

test('the same order has the same spec hash, so that a retry recognises its container', () => {
  expect(container()).toEqual(container());
});

test('the spec hash changes with every part of the container', () => {
  const others = [
    container({ target: target({ httpPort: 19_002 }) }),
    container({ target: target({ httpsPort: 45_002 }) }),
    container({ target: target({ p2pPort: 51_234 }) }),
    container({ target: target({ p2pPort: null }) }),
    container({}, 'another-vpn-id'),
    container({}, 'vpn-id', { CACHE_LIMIT: '2' }),
    engineContainer(order(), { ...variant, image: 'another:1' }, {}, LABEL, 'vpn-id'),
    engineContainer(order(), { ...variant, command: ['x'] }, {}, LABEL, 'vpn-id'),
    engineContainer(order(), { ...variant, volumes: ['x:/x'] }, {}, LABEL, 'vpn-id'),
    container({ target: target({ callerOptions: { labels: { stream: 'x' }, sealedEnv: null } }) }),
  ].map(hash);
  expect(new Set([hash(container()), ...others]).size).toBe(others.length + 1);
});

test('every engine has the label CONTAINER_LABEL, whatever that is', () => {
  expect(engineContainer(order(), variant, {}, 'my.app=engines', 'vpn-id').labels).toMatchObject({
    'my.app': 'engines',
  });
});

test("a caller's labels are on the engine, except those that could be taken for Portward's own", () => {
  const labels = {
    stream_id: 'abc|1',
    'ondemand.app': 'other',
    'acestream.forwarded': 'true',
    'acestream.p2p_port': '1',
    'acestream.anything': 'x',
    'host.http_port': '1',
    'portward.instance': 'other',
    'portward.anything': 'x',
  };
  const plain = target({ role: 'plain', p2pPort: null });
  const made = container({ target: { ...plain, callerOptions: { labels, sealedEnv: null } } });
  expect({ ...made.labels, 'portward.spec': '' }).toEqual({
    ...container({ target: plain }).labels,
    stream_id: 'abc|1',
    'portward.spec': '',
  });
});

test("a caller's environment overrides the variant's, and changes the spec hash without showing in it", () => {
  const secret = container({}, 'vpn-id', { TOKEN: 'TOP-SECRET', CACHE_LIMIT: '7' });
  expect(secret.env).toEqual(expect.arrayContaining(['TOKEN=TOP-SECRET', 'CACHE_LIMIT=7']));
  expect(secret.env).not.toContain('CACHE_LIMIT=1');
  expect(hash(secret)).not.toBe(hash(container({}, 'vpn-id', { TOKEN: 'ANOTHER', CACHE_LIMIT: '7' })));
  expect(JSON.stringify(secret.labels)).not.toContain('TOP-SECRET');
});
