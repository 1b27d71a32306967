import type Dockerode from 'dockerode';
import { ControlServerAddress } from '../../src/activities/port/control-server';
import { guessedReach } from '../../src/clients/docker/reach/reach';
import { observeDocker } from '../../src/activities/docker/snapshot';

/** A VPN's container with this environment, for an in-memory Docker. */
function container(...Env: string[]): Dockerode.ContainerInspectInfo {
  const details = {
    ...{
      Id: 'a'.repeat(64),
      Name: '/gluetun',
      RestartCount: 0,
      HostConfig: { NetworkMode: 'bridge' },
      Config: { Env },
    },
    State: { Status: 'running', Running: true, StartedAt: '2026-01-02T03:04:05Z' },
    NetworkSettings: { Networks: { bridge: { IPAddress: '172.17.0.2' } }, Ports: {} },
  };
  return details as unknown as Dockerode.ContainerInspectInfo;
}

async function portOf(env: string[], configured: number | null): Promise<string> {
  const deps = { controlPort: () => configured };
  const address = new ControlServerAddress('gluetun', container(...env), guessedReach(), deps);
  return (await address.url(new AbortController().signal)).port;
}

test("the port is GLUETUN_API_PORT, else that of the container's own environment, else 8000", async () => {
  const own = ['HTTP_CONTROL_SERVER_ADDRESS=:8001'];
  expect(await portOf(own, 8_002)).toBe('8002');
  expect(await portOf(own, null)).toBe('8001');
  expect(await portOf([], null)).toBe('8000');
});

test('an observation holds nothing of the environment but the settings that Portward reads', () => {
  const secrets = ['WIREGUARD_PRIVATE_KEY=hidden', 'HTTP_CONTROL_SERVER_AUTH_DEFAULT_ROLE={"apikey":"hidden"}'];
  const settings = [
    'VPN_PORT_FORWARDING=yes',
    'VPN_PORT_FORWARDING_LISTENING_PORT=6881',
    'HTTP_CONTROL_SERVER_ADDRESS=:8001',
  ];
  const seen = observeDocker(container(...secrets, ...settings));
  expect(seen).toMatchObject({ portForwarding: true, redirectedTo: [6_881], controlPort: 8_001 });
  expect(JSON.stringify(seen)).not.toContain('hidden');
});

test.each([
  ['its own interval', { Test: ['CMD-SHELL', 'true'], Interval: 5_000_000_000 }, 5_000],
  ["Docker's, where it says none", { Test: ['CMD-SHELL', 'true'] }, 30_000],
  ['never, if it is switched off', { Test: ['NONE'] }, undefined],
  ['never, without a health check', undefined, undefined],
])('the health of a VPN is checked every: %s', (_, Healthcheck, expected) => {
  const details = container();
  Object.assign(details.Config, { Healthcheck });
  const seen = observeDocker(details);
  expect(seen.kind === 'present' && seen.checkedEveryMs).toBe(expected);
});
