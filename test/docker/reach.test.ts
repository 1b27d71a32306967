import type { ContainerDetails } from '../../src/docker/docker-host';
import { detectReach, resolve, type Reach } from '../../src/docker/reach';
import { Unreachable } from '../../src/docker/unreachable';
import { url } from '../../src/engine/engine-api';

type Networks = Readonly<Record<string, string>>;

/** As much of a container's details as its reach depends on. */
function container(networks: Networks, published: Readonly<Record<string, string>> = {}, mode = 'bridge') {
  const details = {
    Name: '/gluetun',
    HostConfig: { NetworkMode: mode },
    NetworkSettings: {
      Networks: Object.fromEntries(Object.entries(networks).map(([name, IPAddress]) => [name, { IPAddress }])),
      Ports: Object.fromEntries(
        Object.entries(published).map(([port, HostPort]) => [`${port}/tcp`, [{ HostIp: '0.0.0.0', HostPort }]]),
      ),
    },
  };
  return details as unknown as ContainerDetails;
}

const overNetwork = (...preferred: string[]): Reach => ({ kind: 'network', preferred });
const published = (host = '127.0.0.1'): Reach => ({ kind: 'published', host });

const outside = { setting: 'auto', platform: 'linux', dockerHost: undefined, own: null } as const;

describe('how this process reaches containers', () => {
  test.each([
    ['on Linux, over their networks', outside, overNetwork()],
    ['with Docker Desktop on a Mac, by published ports', { ...outside, platform: 'darwin' as const }, published()],
    ['with Docker Desktop on Windows, by published ports', { ...outside, platform: 'win32' as const }, published()],
    [
      'inside a container, over the networks that it has itself',
      { ...outside, own: container({ proxy: '172.18.0.5', vpn: '172.19.0.5' }) },
      overNetwork('proxy', 'vpn'),
    ],
    [
      'with Docker on another host, by published ports there',
      { ...outside, dockerHost: 'tcp://nas:2375' },
      published('nas'),
    ],
    [
      'with Docker at an IPv6 address, by published ports there',
      { ...outside, dockerHost: 'tcp://[fd00::7]:2375' },
      published('fd00::7'),
    ],
    [
      'with Docker on a local port of IPv6, over their networks',
      { ...outside, dockerHost: 'tcp://[::1]:2375' },
      overNetwork(),
    ],
    ['with Docker over ssh, by published ports there', { ...outside, dockerHost: 'ssh://me@nas' }, published('nas')],
    ['with another socket, over their networks', { ...outside, dockerHost: 'unix:///run/docker.sock' }, overNetwork()],
    [
      'with Docker on a local port, over their networks',
      { ...outside, dockerHost: 'tcp://127.0.0.1:2375' },
      overNetwork(),
    ],
    ['as CONTAINER_REACH says, published', { ...outside, setting: 'published' as const }, published()],
    [
      'as CONTAINER_REACH says, network',
      { ...outside, setting: 'network' as const, platform: 'darwin' as const },
      overNetwork(),
    ],
  ])('%s', (_how, options, expected) => {
    expect(detectReach(options)).toEqual(expected);
  });
});

describe('where the port of a container is', () => {
  test.each([
    ['its address on its network', overNetwork(), container({ vpn: '172.19.0.2' }), '172.19.0.2', 8000],
    [
      'its address on the network that it shares with us',
      overNetwork('proxy'),
      container({ other: '172.18.0.2', proxy: '172.20.0.2' }),
      '172.20.0.2',
      8000,
    ],
    [
      'its first address, where it shares no network with us',
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
    ["the remote host's, where it has that host's network", published('nas'), container({}, {}, 'host'), 'nas', 8000],
  ])('is %s', (_where, reach, details, host, port) => {
    expect(resolve(reach, details, 8000)).toEqual({ host, port });
  });

  test('that publishes another port only is nowhere, and the text says what to do', () => {
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

  test.each<[what: string, reach: Reach, details: ContainerDetails, expected: string]>([
    ['one address of the host', published(), at('172.20.0.1'), 'http://172.20.0.1:8001/'],
    ['every address', published(), at(''), 'http://127.0.0.1:8001/'],
    ['every address, and every one of IPv6', published(), at('::', '0.0.0.0'), 'http://127.0.0.1:8002/'],
    ['every address of IPv6 alone', published(), at('::'), 'http://[::1]:8001/'],
    ['an IPv6 address', published(), at('fd00::7'), 'http://[fd00::7]:8001/'],
    ['an IPv6 address and one of IPv4', published(), at('fd00::7', '172.20.0.1'), 'http://172.20.0.1:8002/'],
    ['one address and loopback', published(), at('172.20.0.1', '127.0.0.1'), 'http://127.0.0.1:8002/'],
    ['an address of a remote host', published('nas'), at('127.0.0.1', '192.168.1.5'), 'http://192.168.1.5:8002/'],
    ['every address of a remote host with IPv6', published('fd00::7'), at('0.0.0.0'), 'http://[fd00::7]:8001/'],
  ])('published at %s counts with that address', (_what, reach, details, expected) => {
    expect(String(url(resolve(reach, details, 8000)))).toBe(expected);
  });

  test("that is published at a remote host's loopback address only is nowhere", () => {
    expect(() => resolve(published('nas'), at('127.0.0.1'), 8000)).toThrow(
      new Unreachable(
        "container 'gluetun' publishes port 8000 at 127.0.0.1 of the Docker host only, so it can't be reached from here: publish it at another address",
      ),
    );
  });

  test('that has stopped is nowhere, since Docker has taken its address', () => {
    expect(() => resolve(overNetwork(), container({ vpn: '' }), 8000)).toThrow(
      new Unreachable("container 'gluetun' has no address on a Docker network"),
    );
  });
});
