import { problemOf } from '../../src/workflows/vpn/report/problems';
import { newVpnData, type VpnData } from '../../src/workflows/vpn/data';
import type { Downtime } from '../../src/domain/vpn/observation';
import { presentVpn, snapshot, vpnSettings } from '../builders';

type Vpn = Parameters<typeof presentVpn>[0];

/** The problem of a VPN that is well, except for this. */
function problem(vpn: Vpn, change: Partial<VpnData> = {}): string | null {
  return problemOf({
    ...newVpnData(vpnSettings(), 'abcdef12'),
    snapshot: snapshot(65_290, { vpn: presentVpn(vpn) }),
    ...change,
  });
}

test('a VPN that is well has no problem', () => {
  expect(problem({})).toBeNull();
});

test('a forwarded port that Gluetun redirects to another port is a problem, which names the variable', () => {
  expect(problem({ redirectedTo: [6_881] })).toMatch(
    /to 6881, where no engine listens.*VPN_PORT_FORWARDING_LISTENING_PORT/,
  );
});

test.each([
  [null, "VPN container 'gluetun' is unhealthy: its engines are hidden"],
  [0, "VPN container 'gluetun' is unhealthy: its engines are hidden"],
  [1, 'its engines are hidden, though one of them says that it has live connections'],
  [2, 'its engines are hidden, though 2 of them say that they have live connections'],
])('an unhealthy VPN of whose engines %j say that they are connected is told so', (liveEngines, told) => {
  const unhealthy = snapshot(65_290, { vpn: presentVpn({ health: 'unhealthy' }), liveEngines });
  const text = problem({}, { snapshot: unhealthy });
  expect(text).toContain(told);
  expect(/live connections/.test(text ?? '')).toBe((liveEngines ?? 0) > 0);
});

const absent = (ofService?: readonly string[]) =>
  problem({}, { snapshot: snapshot(65_290, { vpn: { kind: 'absent', ...(ofService && { ofService }) } }) });

test("a VPN's name that only a Compose service has is reported with the containers of that service", () => {
  expect(absent(['media-gluetun-1'])).toBe(
    "VPN container 'gluetun' not found; the Compose service of that name has the container media-gluetun-1: " +
      "give the service 'container_name: gluetun', or set GLUETUN_CONTAINER_NAME to the container's name",
  );
  expect(absent()).toBe("VPN container 'gluetun' not found: start it, or correct GLUETUN_CONTAINER_NAME");
});

const down = (change: Partial<Downtime>): string | null =>
  problem({ running: false, down: { state: 'exited', exitCode: null, outOfMemory: false, error: null, ...change } });

describe('a container that does not run', () => {
  test.each<[Partial<Downtime>, string]>([
    [
      { state: 'restarting', exitCode: 1 },
      "Docker keeps restarting VPN container 'gluetun', whose process ends each time (exit code 1): `docker logs gluetun` says why",
    ],
    [
      { state: 'restarting', exitCode: 0 },
      "Docker keeps restarting VPN container 'gluetun', whose process ends each time (exit code 0): `docker logs gluetun` says why",
    ],
    [{ exitCode: 1 }, "VPN container 'gluetun' is not running (exit code 1): `docker logs gluetun` says why"],
    [{ exitCode: 0 }, "VPN container 'gluetun' is not running (exit code 0): `docker start gluetun` starts it"],
    [
      { exitCode: 137, outOfMemory: true },
      "VPN container 'gluetun' is not running (exit code 137), killed because its memory was used up: `docker logs gluetun` says why",
    ],
    [
      { state: 'created', error: 'Bind for 0.0.0.0:8000 failed: port is already allocated' },
      "Docker can't start VPN container 'gluetun': Bind for 0.0.0.0:8000 failed: port is already allocated",
    ],
    [{ state: 'created' }, "VPN container 'gluetun' was made and never started: `docker start gluetun` starts it"],
    [{ state: 'paused' }, "VPN container 'gluetun' is paused: `docker unpause gluetun` lets it go on"],
    [{ state: 'removing' }, "VPN container 'gluetun' is being removed"],
    [
      { state: 'dead' },
      "VPN container 'gluetun' is dead, since Docker could not remove the whole of it: remove it and make it anew",
    ],
  ])('%j is told as what it is', (change, text) => {
    expect(down(change)).toBe(text);
  });

  test('an observation of an earlier release, which has no reason, is reported all the same', () => {
    expect(problem({ running: false })).toBe("VPN container 'gluetun' is not running");
  });
});

const rival = (incarnation: string, phase: 'suspected' | 'at work' | 'silent') =>
  problem({}, { rival: { incarnation, engine: 'theirs', since: 0, seenAt: 0, phase, idleSince: null } });

describe('another Portward on the same VPN', () => {
  test('is reported by both, with what to do', () => {
    expect(rival('00000000', 'at work')).toMatch(
      /PORTWARD_INSTANCE test .*engine theirs\. That one acts.*another PORTWARD_INSTANCE/,
    );
    expect(rival('t0000000', 'at work')).toMatch(/engine theirs\. This one acts.*Stop one of them/);
  });

  test('is not reported before it is certain, and not for ever', () => {
    expect([rival('00000000', 'suspected'), rival('00000000', 'silent')]).toEqual([null, null]);
  });
});
