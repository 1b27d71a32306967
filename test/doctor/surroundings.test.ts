import { DockerUnreachable } from '../../src/clients/docker/docker-error';
import { judgeEvents } from '../../src/doctor/checks/docker/events';
import { judgeEngines } from '../../src/doctor/checks/docker/left-over-engines';
import { judgeFailure, judgeVersion } from '../../src/doctor/checks/docker/reachable';
import { judgeImage, judgeName } from '../../src/doctor/checks/engine/image';
import { judgePlatform } from '../../src/doctor/checks/engine/platform';
import { judgeClock } from '../../src/doctor/checks/machine/clock';
import { judgeFolder } from '../../src/doctor/checks/machine/data-folder';
import { judgeSpace } from '../../src/doctor/checks/machine/free-space';
import { judgeInstance } from '../../src/doctor/checks/portward/one-instance';
import { judgeStatus } from '../../src/doctor/checks/portward/running';
import { judgeChosen, judgeCli, judgeMissing } from '../../src/doctor/checks/temporal/cli';
import { judgeMissing as judgeNamespace, judgeRetention } from '../../src/doctor/checks/temporal/retention';
import { judgeAttributes } from '../../src/doctor/checks/temporal/search-attributes';
import {
  judgeFailure as judgeTemporal,
  judgePlace as judgeServerPlace,
  judgeServer,
} from '../../src/doctor/checks/temporal/server';
import { NOT_IN_TIME } from '../../src/temporal/failure-words';
import { said } from './said';

// What each check says about the facts that it has found.

type Case = [what: string, judged: Parameters<typeof said>[0], words: RegExp];

const engine = (name: string, vpn: string, instance?: string) => ({
  name,
  labels: { 'acestream.vpn_container': vpn, ...(instance === undefined ? {} : { 'portward.instance': instance }) },
});

describe('Docker', () => {
  test.each<Case>([
    [
      'a recent release',
      judgeVersion({ Version: '27.3.1' }, 'tcp://d:2375'),
      /^ok: release 27.3.1 answers at tcp:\/\/d:2375$/,
    ],
    ['an old release', judgeVersion({ Version: '19.03.15' }, 'x'), /^warning: release 19.03.15 .*before 20.10.*update/],
    [
      'Podman, whose releases have numbers of their own',
      judgeVersion({ Version: '4.9.3', Components: [{ Name: 'Podman Engine' }] }, 'x'),
      /^warning: Podman 4.9.3 answers at x, .*not tested/,
    ],
    ['a proxy that hides the release', judgeVersion(null, 'x'), /^ok: .*hides its version/],
    [
      'a socket that may not be read',
      judgeFailure(new DockerUnreachable('connect EACCES /var/run/docker.sock', 'EACCES')),
      /^wrong: Docker is not reachable: connect EACCES .*member of its group|DOCKER_GID/,
    ],
    ['events', judgeEvents('open'), /^ok: /],
    ['events that are refused', judgeEvents(403), /^warning: they are refused \(403\).*EVENTS=1/],
    ['events that are kept back', judgeEvents('kept back'), /^warning: nothing arrives.*pass each event on at once/],
  ])('%s', (_what, judged, words) => expect(said(judged)).toMatch(words));

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

const facts = { image: 'r.example/e:1', pullPolicy: 'missing', isThere: false } as const;
const refused = (reason: string) => judgeImage({ ...facts, registry: { kind: 'refused', reason } });
const on = (host: string | null, variantName = 'krinkuto11-amd64') =>
  judgePlatform({ image: 'e', variantName, host, imagePlatforms: ['amd64'] });

describe("the engines' image", () => {
  test.each<Case>([
    [
      'that is there',
      judgeImage({ ...facts, isThere: true, registry: null }),
      /^ok: r.example\/e:1 is on the Docker host$/,
    ],
    [
      'that is never pulled',
      judgeImage({ ...facts, pullPolicy: 'never', registry: null }),
      /^wrong: .*is not on the Docker host.*PULL_POLICY=never, docker pull r.example\/e:1, or set PULL_POLICY=missing$/,
    ],
    ['that can be pulled', judgeImage({ ...facts, registry: { kind: 'there' } }), /^ok: /],
    ['whose registry can not be asked', judgeImage({ ...facts, registry: { kind: 'unasked' } }), /^unknown: /],
    [
      'behind a login',
      refused('denied: requested access to the resource is denied'),
      /^wrong: .*Portward sends none.*docker login/,
    ],
    [
      'behind a login that the Docker host does not have',
      refused('no basic auth credentials'),
      /^wrong: .*docker login/,
    ],
    ['with an impossible name', judgeName('My/E', 'it must be lowercase'), /^wrong: My\/E is not .*: it must be lower/],
    ['without such a tag', refused('manifest unknown'), /^wrong: .*no such tag/],
    [
      'of a registry that does not answer',
      refused('dial tcp: lookup r.example: no such host'),
      /^warning: .*reaches that registry/,
    ],
    ["of the host's kind", on('amd64'), /^ok: /],
    [
      'of another kind',
      on('arm64'),
      /^warning: e is for amd64, and the Docker host is arm64.*ENGINE_VARIANT=jopsis-arm64/,
    ],
    ['of a custom engine, of another kind', on('arm64', 'custom'), /use an image for arm64$/],
    ['of a host that does not tell', on(null), /^unknown: /],
  ])('%s', (_what, judged, words) => expect(said(judged)).toMatch(words));
});

const folder = {
  folder: '/data',
  nearest: '/data',
  obstacle: 'not permitted' as const,
  owner: 0,
  self: 1000,
  inContainer: false,
};
const now = Date.parse('2026-01-02T03:04:05Z');
const clock = (change: Partial<Parameters<typeof judgeClock>[0]>) =>
  judgeClock({ now, built: now - 1000, docker: null, ...change });

describe('the machine', () => {
  test.each<Case>([
    ['a folder that can be written', judgeFolder({ ...folder, obstacle: null }), /^ok: \/data can be written$/],
    [
      'a folder that does not exist yet',
      judgeFolder({ ...folder, nearest: '/', obstacle: null }),
      /^ok: \/data is made/,
    ],
    [
      "somebody else's folder",
      judgeFolder(folder),
      /^wrong: \/data can't be written: it belongs to user 0, and Portward runs as user 1000.*chown -R 1000 \/data/,
    ],
    [
      "somebody else's folder, in a container",
      judgeFolder({ ...folder, inContainer: true }),
      /on the Docker host, give the folder/,
    ],
    ['a file', judgeFolder({ ...folder, obstacle: 'no folder' }), /^wrong: \/data is not a folder/],
    [
      'a folder that is mounted read-only',
      judgeFolder({ ...folder, obstacle: 'read-only' }),
      /^wrong: .*mounted read-only.*mount it for writing/,
    ],
    ['a disk with room', judgeSpace({ folder: '/data', freeMib: 5000, lack: null }), /^ok: /],
    ['a disk with little', judgeSpace({ folder: '/data', freeMib: 50, lack: null }), /^warning: 50 MB are free/],
    [
      'a full disk',
      judgeSpace({
        folder: '/data',
        freeMib: 1,
        lack: { found: 'The disk is full', means: 'no write', todo: 'free some' },
      }),
      /^wrong: The disk is full, no write, free some$/,
    ],
    ['a clock that can not be compared', clock({}), /^ok: it says 2026-01-02T03:04:05.000Z$/],
    [
      "a clock that agrees with the Docker host's",
      clock({ docker: { time: now + 3000, tookMs: 10 } }),
      /^ok: .*so does the Docker host/,
    ],
    [
      "a clock that is behind the Docker host's",
      clock({ docker: { time: now + 60_000, tookMs: 10 } }),
      /^warning: the Docker host's clock is 60 s ahead of this one/,
    ],
    [
      'a clock that is before the build of the program',
      clock({ built: now + 1000 }),
      /^wrong: it says .*this program was built at/,
    ],
  ])('%s', (_what, judged, words) => expect(said(judged)).toMatch(words));
});

const CLI = 'temporal --address t:7233 --namespace ns';
const AT = { isEmbedded: false, cli: CLI };
const server = (version: string, isEmbedded = false) => judgeServer({ version, address: 't:7233', isEmbedded });
const attributes = { PortwardVpn: 2, PortwardPort: 3, PortwardState: 2 };

describe('Temporal', () => {
  test.each<Case>([
    ['a recent server', server('1.29.1'), /^ok: server 1.29.1 answers at t:7233$/],
    ["Portward's own server", server('1.29.1', true), /started by Portward$/],
    ['an old server', server('1.24.0'), /^wrong: .*1.27 or later.*update/],
    [
      'a server that does not answer',
      judgeTemporal(
        { address: 't:7233', isEmbedded: false },
        { what: 'the Temporal server does not answer', todo: 'check that it runs' },
      ),
      /^wrong: t:7233: the Temporal server does not answer, .*, check that it runs$/,
    ],
    [
      'a server that accepts connections and does not answer',
      judgeTemporal({ address: 't:8233', isEmbedded: false }, { what: NOT_IN_TIME, todo: 'no worker runs' }),
      /^wrong: t:8233: a program accepts connections there, but does not answer as a Temporal server.*TEMPORAL_ADDRESS.*gRPC port, 7233/,
    ],
    [
      "a taken port of Portward's own server",
      judgeServerPlace({ what: 'Port 7233 is taken', todo: 'stop that program' }),
      /^wrong: Port 7233 is taken, .*does not start like this, stop that program$/,
    ],
    [
      'a namespace that is not there',
      judgeNamespace("the Temporal server has no namespace 'ns'", CLI),
      /^wrong: .*no namespace 'ns', .*temporal --address t:7233 --namespace ns operator namespace create/,
    ],
    ['a namespace that keeps a day', judgeRetention('default', 86_400, CLI), /^ok: .*24 h$/],
    [
      'a namespace that keeps an hour',
      judgeRetention('ns', 3600, CLI),
      /^warning: .*1 h.*--namespace ns operator namespace update --retention 72h$/,
    ],
    ['all search attributes', judgeAttributes(attributes, AT), /^ok: /],
    [
      'a missing search attribute',
      judgeAttributes({ PortwardVpn: 2, PortwardPort: 3 }, AT),
      /^warning: .*no PortwardState.*--name PortwardState --type Keyword$/,
    ],
    [
      "a missing search attribute on Portward's own server",
      judgeAttributes({}, { ...AT, isEmbedded: true }),
      /^ok: .*are added at the start/,
    ],
    [
      'a search attribute of another type',
      judgeAttributes({ ...attributes, PortwardPort: 2 }, AT),
      /^wrong: Temporal's search attribute PortwardPort is of type Keyword.*remove --name PortwardPort/,
    ],
    ['the CLI', judgeCli('/bin/temporal', []), /^ok: \/bin\/temporal$/],
    [
      'a CLI that is not installed yet',
      judgeCli(null, ['too old']),
      /^ok: it is not there yet \(too old\): the first start downloads it/,
    ],
    [
      'a CLI that is another program',
      judgeChosen('/bin/true', '`--version` does not name a Temporal server'),
      /^wrong: TEMPORAL_CLI_PATH is \/bin\/true, which can not be used/,
    ],
    [
      'a CLI path without a program',
      judgeMissing({ what: 'TEMPORAL_CLI_PATH is /x', todo: 'correct it' }),
      /^wrong: TEMPORAL_CLI_PATH is \/x, .*, correct it$/,
    ],
  ])('%s', (_what, judged, words) => expect(said(judged)).toMatch(words));
});

const vpn = { container_name: 'gluetun', problem: null, stale_seconds: null, forwarding: 'forwarded' } as never;
const status = (change: object) => judgeStatus({ vpns: [Object.assign({}, vpn, change)] });
const worker = (container: string | null, instance = 'default', temporal: string | null = null) => ({
  container,
  instance,
  temporal,
});

describe('Portward', () => {
  test.each<Case>([
    ['without a problem', status({}), /^ok: it runs, .*1 of 1 VPNs forwarding$/],
    ['with a problem', status({ problem: 'image x is missing' }), /^wrong: VPN 'gluetun': image x is missing$/],
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
    [
      'in a container and outside of it',
      judgeInstance('default', [worker('a'), worker(null)]),
      /^warning: container a and a program outside of containers are Portwards .*docker stop a\)/,
    ],
  ])('%s', (_what, judged, words) => expect(said(judged)).toMatch(words));
});
