import { judgeAccess, type AccessFacts } from '../../src/doctor/checks/control-server/access';
import { judgePort } from '../../src/doctor/checks/control-server/forwarded-port';
import { judgeRoutes } from '../../src/doctor/checks/control-server/routes';
import { judgeAbsent, judgePresent } from '../../src/doctor/checks/vpn/container';
import { judgeHealth } from '../../src/doctor/checks/vpn/health';
import { judgeRedirection } from '../../src/doctor/checks/vpn/listening-port';
import { judgeForwarding } from '../../src/doctor/checks/vpn/port-forwarding';
import { judgeHints } from '../../src/doctor/checks/vpn/up-command';
import type { ReadFailure } from '../../src/doctor/vpn-site';
import type { Problem } from '../../src/lib/problem';
import { forwardingSettings } from '../../src/clients/gluetun/container-environment';
import { said } from './said';

// What each check says about the facts that it has found.

type Case = [what: string, judged: Parameters<typeof said>[0], words: RegExp];

const down = { state: 'exited', exitCode: 1, outOfMemory: false, error: null } as const;

describe('the container of a VPN', () => {
  test.each<Case>([
    ['that runs', judgePresent('gluetun', 'qmcgaw/gluetun', null), /^ok: it runs, with image qmcgaw\/gluetun$/],
    [
      'that has ended',
      judgePresent('gluetun', 'x', down),
      /^wrong: .*not running \(exit code 1\), .*`docker logs gluetun`/,
    ],
    [
      'that is not there',
      judgeAbsent('gluetun', []),
      /^wrong: .*not found, .*start it, or correct GLUETUN_CONTAINER_NAME/,
    ],
    [
      'that is named by its Compose service',
      judgeAbsent('gluetun', ['app-gluetun-1']),
      /Compose service .* app-gluetun-1, .*give the service 'container_name: gluetun'/,
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
    ['a word that Gluetun does not accept', ['VPN_PORT_FORWARDING=1'], /^wrong: .*'1', which Gluetun does not accept/],
    [
      'under a name that Gluetun does not know',
      ['VPN_PORTFORWARDING=on'],
      /^wrong: it has VPN_PORTFORWARDING, which Gluetun does not know/,
    ],
    [
      'with a provider that forwards no ports',
      ['VPN_PORT_FORWARDING=on', 'VPN_SERVICE_PROVIDER=mullvad'],
      /^warning: .*provider 'mullvad'.*VPN_PORT_FORWARDING_PROVIDER/,
    ],
    [
      'with the forwarding of another provider',
      ['VPN_PORT_FORWARDING=on', 'VPN_SERVICE_PROVIDER=custom', 'VPN_PORT_FORWARDING_PROVIDER=ProtonVPN'],
      /^ok: /,
    ],
  ])('%s', (_what, env, words) => expect(said(judgeForwarding(forwardingSettings(env), false))).toMatch(words));

  test('of a VPN other than Gluetun, which has a port without these variables', () => {
    expect(said(judgeForwarding(forwardingSettings([]), true))).toMatch(/^ok: .*forwarded port all the same$/);
  });
});

const facts: AccessFacts = { sends: true, isOtherKey: false, askedPort: null, ownPort: null };
const failed = (failure: ReadFailure, what: string, todo: string | null = null, change: Partial<AccessFacts> = {}) =>
  judgeAccess({ kind: 'failed', failure, problem: { what, todo } }, { ...facts, ...change });
const refusal = ['unauthorized', 'it refuses access (401)', 'set: a key'] as const;
const route = (name: string, lacking: Problem | null) => ({ name, without: 'something is lost', refusal: lacking });

describe('the control server', () => {
  test.each<Case>([
    ['that answers', judgeAccess({ kind: 'known', port: 1 }, facts), /^ok: /],
    [
      'that answers without a port',
      judgeAccess({ kind: 'none', problem: { what: 'none', todo: null } }, facts),
      /^ok: /,
    ],
    [
      'at another port',
      failed('unreachable', "it can't be reached", 'join its network'),
      /^wrong: it can't be reached, .*GLUETUN_API_PORT.*; if they do, join its network$/,
    ],
    [
      'at another port, which its container names',
      failed('unreachable', "it can't be reached", 'join its network', { askedPort: 8000, ownPort: 8001 }),
      /, remove GLUETUN_API_PORT=8000, or set it to 8001: that is what HTTP_CONTROL_SERVER_ADDRESS/,
    ],
    ['with another key', failed(...refusal), /^wrong: .*, though Portward sends a key, .*, set: a key$/],
    [
      'without a key',
      failed(...refusal, { sends: false }),
      /^wrong: it refuses access \(401\), the forwarded port.*, set: a key$/,
    ],
    [
      'with another key than its container names',
      failed(...refusal, { isOtherKey: true }),
      /set GLUETUN_API_KEY to the apikey in HTTP_CONTROL_SERVER_AUTH_DEFAULT_ROLE/,
    ],
    [
      'that is not published',
      failed('nowhere', 'it does not publish port 8001', 'publish it', { ownPort: 8001 }),
      /^wrong: it does not publish port 8001, .*publish it at the VPN's container, as '127.0.0.1:8001:8001'/,
    ],
    ['that hangs', failed('timeout', 'no answer', 'join its network'), /^wrong: no answer.*restart the container/],
    ['that is another program', failed('garbage', 'not JSON'), /^wrong: not JSON.*GLUETUN_API_PORT/],
    ['with fewer ports', failed('garbage', 'it forwards 1 port', 'set GLUETUN_PORT_INDEX'), /set GLUETUN_PORT_INDEX$/],
    ['with a port', judgePort('gluetun', { kind: 'known', port: 40_648 }), /^ok: it is 40648$/],
    [
      'without a port',
      judgePort('gluetun', { kind: 'none', problem: { what: 'no port is forwarded', todo: null } }),
      /^warning: no port is forwarded.*PORT_FORWARD_ONLY/,
    ],
    [
      'that permits all routes',
      judgeRoutes([route('GET /a', null), route('PUT /b', null)]),
      /^ok: GET \/a, PUT \/b are permitted$/,
    ],
    [
      'whose role lacks routes',
      judgeRoutes([
        route('GET /a', null),
        route('GET /b', { what: 'it refuses GET /b', todo: 'routes = ["GET /b"]' }),
        route('PUT /b', { what: 'it refuses PUT /b', todo: 'routes = ["GET /b", "PUT /b"]' }),
      ]),
      /^warning: it refuses GET \/b, something is lost, routes = \["GET \/b", "PUT \/b"\]; warning: it refuses PUT \/b, something is lost, routes = \["GET \/b", "PUT \/b"\]$/,
    ],
  ])('%s', (_what, judged, words) => expect(said(judged)).toMatch(words));
});

const hints = (command: string, logDriver = 'json-file', portward: string[] | null = null) =>
  judgeHints({
    vpn: 'gluetun',
    command,
    logDriver,
    intervalS: 5,
    apiPort: 8000,
    portward: portward?.map((host) => ({ host, port: 8000 })) ?? null,
  });
const wget = (at: string, end = ' &"') => `/bin/sh -c "wget -q -O /dev/null --post-data= ${at}${end}`;

describe('the up-command', () => {
  test.each<Case>([
    [
      'that tells Portward of a port',
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
    [
      'by a name that Portward has there',
      hints(wget('http://portward:8000/vpns/gluetun/recheck'), 'json-file', ['app-portward-1', 'portward']),
      /^ok: /,
    ],
    [
      'by a name that Portward does not have there',
      hints(wget('http://portward:8000/vpns/gluetun/recheck'), 'json-file', ['pw']),
      /^wrong: it looks for Portward at portward, but in its networks Portward is at pw/,
    ],
    [
      'by an address of the Docker host',
      hints(wget('http://172.17.0.1:8000/vpns/gluetun/recheck'), 'json-file', ['pw']),
      /^ok: /,
    ],
    [
      'at another port than Portward has there',
      hints(wget('http://portward:9000/vpns/gluetun/recheck'), 'json-file', ['portward']),
      /^wrong: it looks for Portward at port 9000, and the API of portward is at port 8000/,
    ],
    [
      'with a misspelt route',
      hints(wget('http://portward:8000/vpns/gluetun/rechek'), 'json-file', ['pw']),
      /^wrong: its address resembles http:.*\/vpns\/gluetun\/recheck, but is another one, .*posts to http:\/\/pw:8000\/vpns\/gluetun\/recheck$/,
    ],
    ['without http://', hints(wget('portward:8000/vpns/gluetun/recheck')), /^wrong: its address resembles http:/],
    [
      'that does not post',
      hints('/bin/sh -c "wget -T 1 -O /dev/null http://portward:8000/vpns/gluetun/recheck &"'),
      /^wrong: it sends Portward no POST.*--post-data=/,
    ],
    ['by curl', hints('/bin/sh -c "curl -m 1 -X POST http://portward:8000/vpns/gluetun/recheck"'), /^ok: /],
    [
      'that needs a shell and has none',
      hints('wget -T 1 --post-data= http://portward:8000/vpns/gluetun/recheck >/dev/null &'),
      /^warning: .*starts it without one.*\/bin\/sh -c/,
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
