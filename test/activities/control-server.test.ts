import type Dockerode from 'dockerode';
import { controlServer } from '../../src/activities/control-server';
import { observeDocker } from '../../src/activities/docker-look';

/** A VPN's container with this environment, as far as Docker is asked for it. */
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

const portOf = (env: string[], configured: number | null) =>
  controlServer('gluetun', container(...env), { kind: 'network', preferred: [] }, { controlPort: () => configured })
    .port;

test("GLUETUN_API_PORT wins, then the container's own environment, then 8000", () => {
  const own = ['HTTP_CONTROL_SERVER_ADDRESS=:8001'];
  expect(portOf(own, 8_002)).toBe('8002');
  expect(portOf(own, null)).toBe('8001');
  expect(portOf([], null)).toBe('8000');
});

test('of the environment only what is read of it comes into an observation', () => {
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
