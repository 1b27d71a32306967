import { judgeOutgoing } from '../../src/doctor/checks/vpn/outgoing-ports';
import { judgePublished, type PublishedFacts } from '../../src/doctor/checks/vpn/published-ports';
import { judgeTaken } from '../../src/doctor/checks/vpn/taken-ports';
import { inRanges } from '../../src/doctor/ports-in-words';
import { said } from './said';

// What each check says about the ports that it has found.

type Case = [what: string, judged: Parameters<typeof said>[0], words: RegExp];

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

describe('published ports', () => {
  test.each<[string, PublishedFacts, RegExp]>([
    ['all, published to this machine', facts(all('127.0.0.1')), /^ok: it publishes 19000-19002 at 127.0.0.1$/],
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
      'others',
      facts({ 8888: '127.0.0.1', 19100: '127.0.0.1', 19101: '127.0.0.1' }),
      /^warning: it publishes none of 19000-19002.*set GLUETUN_PORT_RANGE_1 to ports that it publishes \(19100-19101\)$/,
    ],
    [
      'under other numbers',
      facts({ ...all('127.0.0.1'), 19001: '127.0.0.1 29001' }),
      /^wrong: it publishes 19001 under other numbers.*under the same numbers/,
    ],
    [
      'to this machine, while other machines are sent there',
      facts(all('127.0.0.1'), { advertisedHost: '192.168.1.5' }),
      /^warning: .*this machine only, while ADVERTISED_HOST is 192.168.1.5/,
    ],
    [
      'at another address than players are sent to',
      facts(all('192.168.1.4'), { advertisedHost: '192.168.1.5' }),
      /^warning: .*at 192.168.1.4 only, while ADVERTISED_HOST is 192.168.1.5.*without 192.168.1.4/,
    ],
    [
      'at the address that players are sent to',
      facts(all('192.168.1.5'), { advertisedHost: '192.168.1.5' }),
      /^ok: it publishes 19000-19002 at 192.168.1.5$/,
    ],
    ['at an address with a name', facts(all('192.168.1.5'), { advertisedHost: 'nas.local' }), /^ok: /],
    ['to everybody', facts(all('0.0.0.0')), /^warning: .*every network.*no|password/],
  ])('%s', (_what, found, words) => expect(said(judgePublished(found))).toMatch(words));

  test('are written as ranges', () => {
    expect(inRanges([19_000, 19_001, 19_002, 19_005, 19_007, 19_008])).toBe('19000-19002, 19005, 19007-19008');
  });
});

const taken = (ports: number[], by: string | null = "container 'torrent'") =>
  judgeTaken({ vpn: 'gluetun', forwardedPort: 40_648, taken: ports, by });
const outgoing = (sysctl: string | null, forwardedPort: number | null = null, ofHost = false, httpFirst = 19_000) =>
  judgeOutgoing({
    sysctl,
    ofHost,
    forwardedPort,
    httpPorts: { first: httpFirst, last: httpFirst + 24 },
    httpsPorts: { first: 45_000, last: 49_999 },
  });

describe('ports in the network of a VPN', () => {
  test.each<Case>([
    ['that are free', taken([]), /^ok: /],
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
      "of outgoing connections, with Linux's default range",
      outgoing(null),
      /^warning: .*32768-60999, among them the engines' HTTPS ports 45000-49999.*sysctl/,
    ],
    [
      'of outgoing connections, with the forwarded port among them',
      outgoing(null, 40_648),
      /HTTPS ports 45000-49999 and forwarded port 40648/,
    ],
    ['of outgoing connections, below all others', outgoing('10000 18999', 40_648), /^ok: /],
    [
      'of outgoing connections, with HTTP ports among them',
      outgoing('10000\t19010'),
      /^warning: .*HTTP ports 19000-19024/,
    ],
    [
      'of outgoing connections, where the first suggested range overlaps the HTTP ports',
      outgoing('10000 18999', null, false, 18_000),
      /^warning: .*ip_local_port_range: 20000 28999/,
    ],
    [
      'of outgoing connections, where each suggested range overlaps the ports of engines',
      outgoing('10000 18999', 25_000, false, 18_000),
      /^warning: .*set GLUETUN_PORT_RANGE_n and ACE_HTTPS_RANGE to ports outside of 10000-18999/,
    ],
    [
      'of outgoing connections, where the first suggested range contains the forwarded port',
      outgoing('10000 18999', 14_000),
      /^warning: .*forwarded port 14000.*ip_local_port_range: 20000 28999/,
    ],
    ["of outgoing connections of the host's network", outgoing(null, null, true), /on the Docker host: sysctl -w/],
  ])('%s', (_what, judged, words) => expect(said(judged)).toMatch(words));
});
