import { DockerUnreachable } from '../../src/docker/docker-error';
import { judgeAccess } from '../../src/doctor/checks/control-server/access';
import { judgePort } from '../../src/doctor/checks/control-server/forwarded-port';
import { judgeRoutes } from '../../src/doctor/checks/control-server/routes';
import { judgeEvents } from '../../src/doctor/checks/docker/events';
import { judgeEngines } from '../../src/doctor/checks/docker/left-over-engines';
import { judgeFailure, judgeVersion } from '../../src/doctor/checks/docker/reachable';
import { judgeImage } from '../../src/doctor/checks/engine/image';
import { judgePlatform } from '../../src/doctor/checks/engine/platform';
import { judgeClock } from '../../src/doctor/checks/machine/clock';
import { judgeFolder } from '../../src/doctor/checks/machine/data-folder';
import { judgeSpace } from '../../src/doctor/checks/machine/free-space';
import { judgeInstance } from '../../src/doctor/checks/portward/one-instance';
import { judgeStatus } from '../../src/doctor/checks/portward/running';
import { judgeCli, judgeMissing } from '../../src/doctor/checks/temporal/cli';
import { judgeRetention } from '../../src/doctor/checks/temporal/retention';
import { judgeAttributes } from '../../src/doctor/checks/temporal/search-attributes';
import { judgeFailure as judgeTemporal, judgeServer } from '../../src/doctor/checks/temporal/server';
import { judgeAbsent, judgePresent } from '../../src/doctor/checks/vpn/container';
import { judgeHealth } from '../../src/doctor/checks/vpn/health';
import { judgeRedirection } from '../../src/doctor/checks/vpn/listening-port';
import { judgeOutgoing } from '../../src/doctor/checks/vpn/outgoing-ports';
import { judgeForwarding } from '../../src/doctor/checks/vpn/port-forwarding';
import { judgePublished, type PublishedFacts } from '../../src/doctor/checks/vpn/published-ports';
import { judgeTaken } from '../../src/doctor/checks/vpn/taken-ports';
import { judgeHints } from '../../src/doctor/checks/vpn/up-command';
import { forwardingSettings } from '../../src/gluetun/container-environment';
import { inRanges } from '../../src/doctor/ports-in-words';
import { said } from './said';

// What each check makes of what it has seen.

type Case = [what: string, judged: Parameters<typeof said>[0], words: RegExp];

describe('Docker', () => {
  test.each<Case>([
    ['a release of today', judgeVersion('27.3.1', 'tcp://d:2375'), /^ok: release 27.3.1 answers at tcp:\/\/d:2375$/],
    ['an old release', judgeVersion('19.03.15', 'x'), /^warning: release 19.03.15 .*before 20.10.*update/],
    ['a proxy that keeps the release back', judgeVersion(null, 'x'), /^ok: .*keeps its version back/],
    [
      'a socket that may not be read',
      judgeFailure(new DockerUnreachable('connect EACCES /var/run/docker.sock', 'EACCES')),
      /^wrong: Docker is not reachable: connect EACCES .*member of its group|DOCKER_GID/,
    ],
    ['events', judgeEvents('open'), /^ok: /],
    ['events that are refused', judgeEvents(403), /^warning: they are refused \(403\).*EVENTS=1/],
    ['events that are kept back', judgeEvents('kept back'), /^warning: nothing comes.*pass each event on at once/],
  ])('%s', (_what, judged, words) => expect(said(judged)).toMatch(words));

  const engine = (name: string, vpn: string, instance?: string) => ({
    name,
    labels: { 'acestream.vpn_container': vpn, ...(instance === undefined ? {} : { 'portward.instance': instance }) },
  });
  test('engines of a VPN that is not configured are left over, those of another instance are not ours', () => {
    const found = [
      engine('a', 'gluetun', 'default'),
      engine('b', 'gone', 'default'),
      engine('c', 'gone'),
      engine('d', 'gone', 'other'),
    ];
    const options = { instance: 'default', vpns: ['gluetun'] };
    expect(said(judgeEngines(found, options))).toMatch(/^warning: engines b, c of gone, .*docker rm -f b c$/);
    expect(said(judgeEngines([engine('a', 'gluetun')], options))).toMatch(/^ok: /);
  });
});

describe('the container of a VPN', () => {
  const down = { state: 'exited', exitCode: 1, outOfMemory: false, error: null } as const;
  test.each<Case>([
    ['that runs', judgePresent('gluetun', 'qmcgaw/gluetun', null), /^ok: it runs, of image qmcgaw\/gluetun$/],
    [
      'that has ended',
      judgePresent('gluetun', 'x', down),
      /^wrong: .*not running \(exit code 1\): `docker logs gluetun`/,
    ],
    [
      'that is not there',
      judgeAbsent('gluetun', []),
      /^wrong: .*not found: start it, or correct GLUETUN_CONTAINER_NAME/,
    ],
    [
      'that is named by its Compose service',
      judgeAbsent('gluetun', ['app-gluetun-1']),
      /Compose service .* app-gluetun-1: give the service 'container_name: gluetun'/,
    ],
    ['that is healthy', judgeHealth('gluetun', 'healthy'), /^ok: /],
    ['that is unhealthy', judgeHealth('gluetun', 'unhealthy'), /^wrong: .*engines are hidden.*docker logs gluetun/],
    ['that starts', judgeHealth('gluetun', 'starting'), /^warning: /],
    ['without a health check', judgeHealth('gluetun', 'none'), /^warning: it has no health check/],
    [
      'that redirects the port',
      judgeRedirection('gluetun', [6881]),
      /^wrong: .*redirects its forwarded port to 6881.*remove VPN_PORT_FORWARDING_LISTENING_PORT/,
    ],
    ['that does not', judgeRedirection('gluetun', []), /^ok: /],
  ])('%s', (_what, judged, words) => expect(said(judged)).toMatch(words));
});

describe('port forwarding', () => {
  test.each<[string, string[], RegExp]>([
    ['on', ['VPN_PORT_FORWARDING=on', 'VPN_SERVICE_PROVIDER=protonvpn'], /^ok: VPN_PORT_FORWARDING is on$/],
    [
      'on by an older name',
      ['PORT_FORWARDING=on'],
      /^ok: PORT_FORWARDING is on; newer releases call it VPN_PORT_FORWARDING/,
    ],
    ["on by a provider's name", ['PRIVATE_INTERNET_ACCESS_VPN_PORT_FORWARDING=on'], /^ok: PRIVATE_INTERNET_ACCESS_/],
    [
      'not set',
      ['VPN_TYPE=wireguard', 'PORT_FORWARD_ONLY=on'],
      /^wrong: VPN_PORT_FORWARDING is not set.*set VPN_PORT_FORWARDING=on/,
    ],
    ['off', ['VPN_PORT_FORWARDING=off'], /^wrong: VPN_PORT_FORWARDING is off/],
    ['a word that Gluetun does not take', ['VPN_PORT_FORWARDING=1'], /^wrong: .*'1', which Gluetun does not take/],
    [
      'under a name that Gluetun does not know',
      ['VPN_PORTFORWARDING=on'],
      /^wrong: it has VPN_PORTFORWARDING, which Gluetun does not know/,
    ],
    [
      'with a provider that has none',
      ['VPN_PORT_FORWARDING=on', 'VPN_SERVICE_PROVIDER=mullvad'],
      /^warning: .*provider 'mullvad'.*VPN_PORT_FORWARDING_PROVIDER/,
    ],
    [
      "with another provider's way",
      ['VPN_PORT_FORWARDING=on', 'VPN_SERVICE_PROVIDER=custom', 'VPN_PORT_FORWARDING_PROVIDER=ProtonVPN'],
      /^ok: /,
    ],
  ])('%s', (_what, env, words) => expect(said(judgeForwarding(forwardingSettings(env)))).toMatch(words));
});

describe('the control server', () => {
  const failed = (failure: 'unreachable' | 'unauthorized' | 'timeout' | 'garbage', reason: string) =>
    judgeAccess({ kind: 'failed', failure, reason });
  const route = (name: string, refusal: string | null) => ({ name, without: 'something is lost', refusal });
  test.each<Case>([
    ['that answers', judgeAccess({ kind: 'known', port: 1 }), /^ok: /],
    ['that answers without a port', judgeAccess({ kind: 'none', reason: 'none' }), /^ok: /],
    ['at another port', failed('unreachable', "can't be reached"), /^wrong: can't be reached.*GLUETUN_API_PORT/],
    [
      'with another key',
      failed('unauthorized', 'refuses access (401): set GLUETUN_API_KEY'),
      /^wrong: refuses access \(401\): set GLUETUN_API_KEY/,
    ],
    ['that hangs', failed('timeout', 'no answer'), /^wrong: no answer.*restart the container/],
    ['that is none', failed('garbage', 'not JSON'), /^wrong: not JSON.*GLUETUN_API_PORT/],
    ['with a port', judgePort('gluetun', { kind: 'known', port: 40_648 }), /^ok: it is 40648$/],
    [
      'without one',
      judgePort('gluetun', { kind: 'none', reason: 'no port is forwarded' }),
      /^warning: no port is forwarded.*PORT_FORWARD_ONLY/,
    ],
    [
      'that permits all',
      judgeRoutes([route('GET /a', null), route('PUT /b', null)]),
      /^ok: GET \/a, PUT \/b are permitted$/,
    ],
    [
      'whose role lacks a route',
      judgeRoutes([
        route('GET /a', null),
        route('PUT /b', 'it refuses PUT /b (401): in its auth configuration give their role routes = ["PUT /b"]'),
      ]),
      /^warning: it refuses PUT \/b \(401\), something is lost, in Gluetun's auth configuration give their role routes = \["PUT \/b"\]$/,
    ],
  ])('%s', (_what, judged, words) => expect(said(judged)).toMatch(words));
});

describe('published ports', () => {
  const facts = (published: Record<number, string>, change: Partial<PublishedFacts> = {}): PublishedFacts => ({
    range: { first: 19_000, last: 19_002 },
    bindings: Object.fromEntries(
      Object.entries(published).map(([port, at]) => {
        const [HostIp = '', HostPort = port] = at.split(' ');
        return [`${port}/tcp`, [{ HostIp, HostPort }]];
      }),
    ),
    isNeeded: false,
    advertisedHost: null,
    setting: 'GLUETUN_PORT_RANGE_1',
    ...change,
  });
  const all = (at: string) => ({ 19000: at, 19001: at, 19002: at });
  test.each<[string, PublishedFacts, RegExp]>([
    ['all, to this machine', facts(all('127.0.0.1')), /^ok: it publishes 19000-19002 at 127.0.0.1$/],
    ['none, with a proxy in the network', facts({}), /^warning: it publishes none of 19000-19002/],
    [
      'none, where Portward needs them',
      facts({}, { isNeeded: true }),
      /^wrong: it publishes none.*publish '127.0.0.1:19000-19002:19000-19002'/,
    ],
    [
      'some',
      facts({ 19000: '127.0.0.1' }),
      /^warning: it does not publish 19001-19002, which GLUETUN_PORT_RANGE_1 gives/,
    ],
    [
      'under other numbers',
      facts({ ...all('127.0.0.1'), 19001: '127.0.0.1 29001' }),
      /^wrong: it publishes 19001 under other numbers.*number for number/,
    ],
    [
      'to this machine, while others are sent there',
      facts(all('127.0.0.1'), { advertisedHost: '192.168.1.5' }),
      /^warning: .*this machine only, while ADVERTISED_HOST is 192.168.1.5/,
    ],
    ['to everybody', facts(all('0.0.0.0')), /^warning: .*every network.*no|password/],
  ])('%s', (_what, found, words) => expect(said(judgePublished(found))).toMatch(words));

  test('are told as ranges', () => {
    expect(inRanges([19_000, 19_001, 19_002, 19_005, 19_007, 19_008])).toBe('19000-19002, 19005, 19007-19008');
  });
});

describe('ports in the network of a VPN', () => {
  const taken = (ports: number[], by: string | null = "container 'torrent'") =>
    judgeTaken({ vpn: 'gluetun', forwardedPort: 40_648, taken: ports, by });
  const outgoing = (sysctl: string | null, forwardedPort: number | null = null) =>
    judgeOutgoing({
      sysctl,
      forwardedPort,
      httpPorts: { first: 19_000, last: 19_024 },
      httpsPorts: { first: 45_000, last: 49_999 },
    });
  test.each<Case>([
    ['that nobody has', taken([]), /^ok: /],
    [
      'the forwarded one, which something else has',
      taken([40_648]),
      /^wrong: port 40648 is taken in the network of VPN 'gluetun', by container 'torrent', no engine can/,
    ],
    [
      'some of the range',
      taken([19_000, 19_001]),
      /^warning: something else listens on 19000-19001 in its network: container 'torrent'/,
    ],
    [
      'both',
      taken([19_000, 40_648], null),
      /^wrong: port 40648 is taken .*; warning: something else listens on 19000 in/,
    ],
    [
      'of outgoing connections, as Linux has them',
      outgoing(null),
      /^warning: .*32768-60999, among them the engines' HTTPS ports 45000-49999.*sysctl/,
    ],
    [
      'of outgoing connections, among them the forwarded one',
      outgoing(null, 40_648),
      /HTTPS ports 45000-49999 and forwarded port 40648/,
    ],
    ['of outgoing connections, below all others', outgoing('10000 18999', 40_648), /^ok: /],
    [
      'of outgoing connections, from among the HTTP ports',
      outgoing('10000\t19010'),
      /^warning: .*HTTP ports 19000-19024/,
    ],
  ])('%s', (_what, judged, words) => expect(said(judged)).toMatch(words));
});

describe('the up-command', () => {
  const hints = (command: string, logDriver = 'json-file') =>
    judgeHints({ vpn: 'gluetun', command, logDriver, intervalS: 5, apiPort: 8000 });
  const wget = (at: string, end = ' &"') => `/bin/sh -c "wget -q -O /dev/null --post-data= ${at}${end}`;
  test.each<Case>([
    [
      'that tells Portward',
      hints(wget('http://portward:8000/vpns/gluetun/recheck')),
      /^ok: it tells Portward of a new port, at portward$/,
    ],
    ['with a limit', hints(wget('http://portward:8000/vpns/gluetun/recheck -T 1', '"')), /^ok: /],
    [
      'that waits without a limit',
      hints(wget('http://portward:8000/vpns/gluetun/recheck', '"')),
      /^warning: .*without a limit/,
    ],
    [
      'of another VPN',
      hints(wget('http://portward:8000/vpns/gluetun2/recheck')),
      /^wrong: it tells Portward of VPN 'gluetun2'.*name \/vpns\/gluetun\/recheck/,
    ],
    [
      "to the VPN's own container",
      hints(wget('http://127.0.0.1:8000/vpns/gluetun/recheck')),
      /^wrong: it looks for Portward at 127.0.0.1/,
    ],
    ['none, with a log', hints(''), /^ok: .*follows the container's log/],
    [
      'for something else, with a log',
      hints('/bin/sh -c "echo {{PORT}} SECRET"'),
      /^ok: .*follows the container's log/,
    ],
    ['none, without a log', hints('', 'none'), /^warning: .*after up to 5 s.*json-file/],
  ])('%s', (_what, judged, words) => {
    expect(said(judged)).toMatch(words);
    expect(said(judged)).not.toContain('SECRET');
  });
});

describe("the engines' image", () => {
  const facts = { image: 'r.example/e:1', pullPolicy: 'missing', isThere: false } as const;
  const refused = (reason: string) => judgeImage({ ...facts, registry: { kind: 'refused', reason } });
  const on = (host: string | null, variantName = 'krinkuto11-amd64') =>
    judgePlatform({ image: 'e', variantName, host, imagePlatforms: ['amd64'] });
  test.each<Case>([
    [
      'that is there',
      judgeImage({ ...facts, isThere: true, registry: null }),
      /^ok: r.example\/e:1 is on the Docker host$/,
    ],
    [
      'that nobody pulls',
      judgeImage({ ...facts, pullPolicy: 'never', registry: null }),
      /^wrong: .*pull it, or set PULL_POLICY=missing.*docker pull r.example\/e:1/,
    ],
    ['that can be pulled', judgeImage({ ...facts, registry: { kind: 'there' } }), /^ok: /],
    ['that nobody may ask for', judgeImage({ ...facts, registry: { kind: 'unasked' } }), /^unknown: /],
    [
      'behind a login',
      refused('denied: requested access to the resource is denied'),
      /^wrong: .*Portward sends none.*docker login/,
    ],
    ['without such a tag', refused('manifest unknown'), /^wrong: .*no such tag/],
    [
      'of a registry that is away',
      refused('dial tcp: lookup r.example: no such host'),
      /^warning: .*reaches that registry/,
    ],
    ["of the host's kind", on('amd64'), /^ok: /],
    [
      'of another kind',
      on('arm64'),
      /^warning: e is for amd64, and the Docker host is arm64.*ENGINE_VARIANT=jopsis-arm64/,
    ],
    ['of the user, of another kind', on('arm64', 'custom'), /use an image for arm64$/],
    ['of a host that does not tell', on(null), /^unknown: /],
  ])('%s', (_what, judged, words) => expect(said(judged)).toMatch(words));
});

describe('the machine', () => {
  const folder = { folder: '/data', nearest: '/data', isWritable: false, owner: 0, self: 1000, inContainer: false };
  const now = Date.parse('2026-01-02T03:04:05Z');
  const clock = (change: Partial<Parameters<typeof judgeClock>[0]>) =>
    judgeClock({ now, built: now - 1000, docker: null, ...change });
  test.each<Case>([
    ['a folder that can be written', judgeFolder({ ...folder, isWritable: true }), /^ok: \/data can be written$/],
    ['a folder that is made yet', judgeFolder({ ...folder, nearest: '/', isWritable: true }), /^ok: \/data is made/],
    [
      "somebody else's folder",
      judgeFolder(folder),
      /^wrong: \/data can't be written: it is of user 0, and Portward is user 1000.*chown -R 1000 \/data/,
    ],
    [
      "somebody else's folder, in a container",
      judgeFolder({ ...folder, inContainer: true }),
      /on the Docker host, give the folder/,
    ],
    ['a disk with room', judgeSpace({ folder: '/data', freeMib: 5000, lack: null }), /^ok: /],
    ['a disk with little', judgeSpace({ folder: '/data', freeMib: 50, lack: null }), /^warning: 50 MB are free/],
    [
      'a full disk',
      judgeSpace({ folder: '/data', freeMib: 1, lack: 'The disk is full: x' }),
      /^wrong: The disk is full: x$/,
    ],
    ['a clock of its own', clock({}), /^ok: it says 2026-01-02T03:04:05.000Z$/],
    [
      'a clock that goes with the other',
      clock({ docker: { time: now + 3000, tookMs: 10 } }),
      /^ok: .*so does the Docker host/,
    ],
    [
      'a clock that is behind',
      clock({ docker: { time: now + 60_000, tookMs: 10 } }),
      /^warning: the Docker host's clock is 60 s ahead of this one/,
    ],
    ['a clock of long ago', clock({ built: now + 1000 }), /^wrong: it says .*this program is of/],
  ])('%s', (_what, judged, words) => expect(said(judged)).toMatch(words));
});

describe('Temporal', () => {
  const server = (version: string, isEmbedded = false) => judgeServer({ version, address: 't:7233', isEmbedded });
  const attributes = { PortwardVpn: 2, PortwardPort: 3, PortwardState: 2 };
  test.each<Case>([
    ['a server of today', server('1.29.1'), /^ok: server 1.29.1 answers at t:7233$/],
    ['its own server', server('1.29.1', true), /started by Portward$/],
    ['an old server', server('1.24.0'), /^wrong: .*1.27 or later.*update/],
    [
      'a server that is away',
      judgeTemporal('t:7233', 'the Temporal server does not answer: see that it runs'),
      /^wrong: t:7233: the Temporal server does not answer, .*, see that it runs$/,
    ],
    ['a namespace that keeps a day', judgeRetention('default', 86_400), /^ok: .*24 h$/],
    ['a namespace that keeps an hour', judgeRetention('ns', 3600), /^warning: .*1 h.*--namespace ns --retention 72h$/],
    ['all search attributes', judgeAttributes(attributes, false), /^ok: /],
    [
      'one that is missing',
      judgeAttributes({ PortwardVpn: 2, PortwardPort: 3 }, false),
      /^warning: .*no PortwardState.*--name PortwardState --type Keyword$/,
    ],
    ['one that is missing on its own server', judgeAttributes({}, true), /^ok: .*are added at the start/],
    [
      'one of another type',
      judgeAttributes({ ...attributes, PortwardPort: 2 }, false),
      /^wrong: Temporal's search attribute PortwardPort is of type Keyword.*remove --name PortwardPort/,
    ],
    ['its CLI', judgeCli('/bin/temporal', []), /^ok: \/bin\/temporal$/],
    ['its CLI that is yet to come', judgeCli(null, ['too old']), /^warning: it is not there \(too old\)/],
    [
      'a CLI that is none',
      judgeMissing('TEMPORAL_CLI_PATH is /x, which is not an executable file. Correct it.'),
      /^wrong: TEMPORAL_CLI_PATH is \/x.*Correct it\.$/,
    ],
  ])('%s', (_what, judged, words) => expect(said(judged)).toMatch(words));
});

describe('Portward', () => {
  const vpn = { container_name: 'gluetun', problem: null, stale_seconds: null, forwarding: 'forwarded' } as never;
  const status = (change: object) => judgeStatus({ vpns: [Object.assign({}, vpn, change)] });
  const worker = (container: string, instance = 'default', temporal: string | null = null) => ({
    container,
    instance,
    temporal,
  });
  test.each<Case>([
    ['that is well', status({}), /^ok: it runs, .*1 of 1 VPNs forwarding$/],
    [
      'that knows of a problem',
      status({ problem: 'image x is missing' }),
      /^wrong: VPN 'gluetun': image x is missing$/,
    ],
    ['whose workflows do not answer', status({ stale_seconds: 40 }), /^warning: .*not answered for 40 s/],
    ['alone', judgeInstance('default', [worker('a')]), /^ok: /],
    ['and one of another instance', judgeInstance('default', [worker('a'), worker('b', 'other')]), /^ok: /],
    [
      'twice on one Temporal server',
      judgeInstance('default', [worker('a', 'default', 't:7233'), worker('b', 'default', 't:7233')]),
      /^ok: /,
    ],
    [
      'twice, each with a database',
      judgeInstance('default', [worker('a'), worker('b')]),
      /^warning: containers a, b .*docker stop b/,
    ],
  ])('%s', (_what, judged, words) => expect(said(judged)).toMatch(words));
});
