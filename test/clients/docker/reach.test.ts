import type { ContainerDetails } from '../../../src/clients/docker/docker-host';
import { howToReach } from '../../../src/clients/docker/reach/how-to-reach';
import { inWords } from '../../../src/lib/problem';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { detectReach, forgetAddress, locate, resolve, type Reach } from '../../../src/clients/docker/reach/reach';
import { Unreachable } from '../../../src/clients/docker/reach/unreachable';
import { url } from '../../../src/clients/engine/engine-api';

type Networks = Readonly<Record<string, string>>;

const GATEWAYS: Networks = { proxy: '172.18.0.1', vpn: '172.19.0.1' };

/** The details of a container that its reach depends on. */
function container(networks: Networks, published: Readonly<Record<string, string>> = {}, mode = 'bridge') {
  const details = {
    Id: 'a'.repeat(64),
    Name: '/gluetun',
    HostConfig: { NetworkMode: mode },
    NetworkSettings: {
      Networks: Object.fromEntries(
        Object.entries(networks).map(([name, address]) => [
          name,
          {
            IPAddress: address.includes(':') ? '' : address,
            GlobalIPv6Address: address.includes(':') ? address : '',
            Gateway: GATEWAYS[name] ?? '',
          },
        ]),
      ),
      Ports: Object.fromEntries(
        Object.entries(published).map(([port, HostPort]) => [`${port}/tcp`, [{ HostIp: '0.0.0.0', HostPort }]]),
      ),
    },
  };
  return details as unknown as ContainerDetails;
}

const reach = (change: Partial<Reach>): Reach => ({
  ...{ kind: 'network', host: '127.0.0.1', ownNetworks: null, answeringNetworks: new Map(), isNear: () => false },
  ...change,
});
const overNetwork = (...ownNetworks: string[]) => reach({ ownNetworks });
const published = (host = '127.0.0.1') => reach({ kind: 'published', host });
/** A process with an address in each of these networks. */
const near = (...beginnings: string[]) => reach({ isNear: (a) => beginnings.some((b) => a.startsWith(b)) });

const outside = { setting: 'auto', platform: 'linux', dockerHost: undefined, own: null } as const;

describe('how this process reaches containers', () => {
  test.each([
    ['on Linux, over their networks', outside, ['network', '127.0.0.1']],
    [
      'with Docker Desktop on a Mac, by published ports',
      { ...outside, platform: 'darwin' as const },
      ['published', '127.0.0.1'],
    ],
    [
      'with Docker Desktop on Windows, by published ports',
      { ...outside, platform: 'win32' as const },
      ['published', '127.0.0.1'],
    ],
    [
      'inside a container, over its own networks',
      { ...outside, own: container({ proxy: '172.18.0.5', vpn: '172.19.0.5' }) },
      ['network', '172.18.0.1'],
    ],
    [
      'with Docker on another host, by published ports there',
      { ...outside, dockerHost: 'tcp://nas:2375' },
      ['published', 'nas'],
    ],
    [
      'with Docker at an IPv6 address, by published ports there',
      { ...outside, dockerHost: 'tcp://[fd00::7]:2375' },
      ['published', 'fd00::7'],
    ],
    [
      'with Docker on a local port of IPv6, over their networks',
      { ...outside, dockerHost: 'tcp://[::1]:2375' },
      ['network', '127.0.0.1'],
    ],
    [
      'with Docker over ssh, by published ports there',
      { ...outside, dockerHost: 'ssh://me@nas' },
      ['published', 'nas'],
    ],
    [
      'with another socket, over their networks',
      { ...outside, dockerHost: 'unix:///run/docker.sock' },
      ['network', '127.0.0.1'],
    ],
    [
      'with Docker on a local port, over their networks',
      { ...outside, dockerHost: 'tcp://127.0.0.1:2375' },
      ['network', '127.0.0.1'],
    ],
    [
      'inside a container, over its networks, even with Docker behind a filtering proxy',
      {
        ...outside,
        own: container({ internal: '172.21.0.5', vpn: '172.19.0.5' }),
        dockerHost: 'tcp://dockerproxy:2375',
      },
      ['network', '172.19.0.1'],
    ],
    [
      'inside a container, as CONTAINER_REACH says, published at its gateway',
      { ...outside, own: container({ vpn: '172.19.0.5' }), setting: 'published' as const },
      ['published', '172.19.0.1'],
    ],
    [
      "inside a container with the host's network, over all of them",
      { ...outside, own: container({ host: '' }, {}, 'host') },
      ['network', '127.0.0.1'],
    ],
    ['as CONTAINER_REACH says, published', { ...outside, setting: 'published' as const }, ['published', '127.0.0.1']],
    [
      'as CONTAINER_REACH says, network',
      { ...outside, setting: 'network' as const, platform: 'darwin' as const },
      ['network', '127.0.0.1'],
    ],
  ])('%s', (_how, options, expected) => {
    const { kind, host } = detectReach(options);
    expect([kind, host]).toEqual(expected);
  });
});

describe("the address of a container's port", () => {
  test.each([
    ['its address in its network', overNetwork(), container({ vpn: '172.19.0.2' }), '172.19.0.2', 8000],
    [
      'its address in the network that it shares with this process',
      overNetwork('proxy'),
      container({ other: '172.18.0.2', proxy: '172.20.0.2' }),
      '172.20.0.2',
      8000,
    ],
    [
      "its address in a network of this process, whatever the network's name",
      near('172.20.'),
      container({ other: '172.18.0.2', renamed: '172.20.0.2' }),
      '172.20.0.2',
      8000,
    ],
    ['its IPv6 address, if it has no other', near('fd00:'), container({ vpn: 'fd00::2' }), 'fd00::2', 8000],
    [
      'its first address, if it shares no network with this process',
      overNetwork('elsewhere'),
      container({ off: '', vpn: '172.19.0.2' }),
      '172.19.0.2',
      8000,
    ],
    [
      'the port that it publishes',
      published(),
      container({ vpn: '172.19.0.2' }, { 8000: '32768' }),
      '127.0.0.1',
      32_768,
    ],
    ['the port that it publishes on a remote host', published('nas'), container({}, { 8000: '8001' }), 'nas', 8001],
    [
      "the host's, where it has the host's network",
      overNetwork(),
      container({ host: '' }, {}, 'host'),
      '127.0.0.1',
      8000,
    ],
    [
      "the host's as seen from a container, where it has the host's network",
      reach({ host: '172.18.0.1' }),
      container({ host: '' }, {}, 'host'),
      '172.18.0.1',
      8000,
    ],
    ["the remote host's, where it has that host's network", published('nas'), container({}, {}, 'host'), 'nas', 8000],
  ])('is %s', (_where, from, details, host, port) => {
    expect(resolve(from, details, 8000)).toEqual({ host, port });
  });

  test('does not exist if only another port is published, and the error says what to do', () => {
    expect(() => resolve(published(), container({}, { 9000: '9000' }), 8000)).toThrow(
      new Unreachable("container 'gluetun' does not publish port 8000, so it can't be reached from here: publish it"),
    );
  });

  const at = (...addresses: string[]) => {
    const details = container({});
    const bindings = addresses.map((HostIp, i) => ({ HostIp, HostPort: String(8001 + i) }));
    details.NetworkSettings.Ports = { '8000/tcp': bindings };
    return details;
  };

  test.each<[what: string, from: Reach, details: ContainerDetails, expected: string]>([
    ['one address of the host', published(), at('172.20.0.1'), 'http://172.20.0.1:8001/'],
    ['every address', published(), at(''), 'http://127.0.0.1:8001/'],
    ['every address, and every one of IPv6', published(), at('::', '0.0.0.0'), 'http://127.0.0.1:8002/'],
    ['every address of IPv6 alone', published(), at('::'), 'http://[::1]:8001/'],
    ['an IPv6 address', published(), at('fd00::7'), 'http://[fd00::7]:8001/'],
    ['an IPv6 address and one of IPv4', published(), at('fd00::7', '172.20.0.1'), 'http://172.20.0.1:8002/'],
    ['one address and loopback', published(), at('172.20.0.1', '127.0.0.1'), 'http://127.0.0.1:8002/'],
    ['an address of a remote host', published('nas'), at('127.0.0.1', '192.168.1.5'), 'http://192.168.1.5:8002/'],
    ['every address of a remote host with IPv6', published('fd00::7'), at('0.0.0.0'), 'http://[fd00::7]:8001/'],
  ])('published at %s is that address', (_what, from, details, expected) => {
    expect(String(url(resolve(from, details, 8000)))).toBe(expected);
  });

  test("does not exist if the port is published only at a remote host's loopback address", () => {
    expect(() => resolve(published('nas'), at('127.0.0.1'), 8000)).toThrow(
      new Unreachable(
        "container 'gluetun' publishes port 8000 at 127.0.0.1 of the Docker host only, so it can't be reached from here: publish it at another address",
      ),
    );
  });

  test('does not exist after a stop, since Docker has removed it', () => {
    expect(() => resolve(overNetwork(), container({ vpn: '' }), 8000)).toThrow(
      new Unreachable("container 'gluetun' has no address on a Docker network"),
    );
  });
});

async function listening(host: string): Promise<{ port: number; stop: () => Promise<void> }> {
  const server = createServer();
  await new Promise<void>((listens) => server.listen(0, host, listens));
  const { port } = server.address() as AddressInfo;
  return { port, stop: async () => void (await new Promise((closed) => server.close(closed))) };
}

describe('if both are in several networks', () => {
  const never = new AbortController().signal;

  test('the network that accepts connections is used for every port, until the container leaves it or it is forgotten', async () => {
    const { port, stop } = await listening('127.0.0.1');
    const from = near('127.0.0.');
    const details = container({ first: '127.0.0.2', second: '127.0.0.1', far: '10.9.9.9' });
    expect(resolve(from, details, port).host).toBe('127.0.0.2');
    expect(await locate(from, details, port, never)).toEqual({ host: '127.0.0.1', port });
    expect(resolve(from, details, 19_000)).toEqual({ host: '127.0.0.1', port: 19_000 });
    expect(resolve(from, container({ first: '127.0.0.2', third: '127.0.0.3' }), 19_000).host).toBe('127.0.0.2');
    forgetAddress(from, details);
    await stop();
    expect((await locate(from, details, port, never)).host).toBe('127.0.0.2');
  });
});

describe('the advice about a container that accepts no connection', () => {
  test.each<[what: string, from: Reach, details: ContainerDetails, says: RegExp]>([
    [
      'different networks',
      overNetwork('proxy', 'web'),
      container({ vpn: '172.19.0.2' }),
      /^container 'gluetun' is in network vpn and Portward in network proxy and web: put both in one network, or set CONTAINER_REACH$/,
    ],
    [
      'a shared network',
      overNetwork('vpn'),
      container({ vpn: '172.19.0.2' }),
      /network vpn and .* see CONTAINER_REACH/,
    ],
    [
      'Portward outside of containers',
      reach({}),
      container({ vpn: '1.2.3.4' }),
      /network vpn: set CONTAINER_REACH=published/,
    ],
    ['a published port', published(), container({}), /at its published port: see CONTAINER_REACH/],
    ["the host's network", overNetwork('vpn'), container({}, {}, 'host'), /has the network of the Docker host/],
  ])('with %s', (_what, from, details, says) => {
    expect(inWords(howToReach(from, details))).toMatch(says);
  });
});
