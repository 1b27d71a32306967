import Docker from 'dockerode';
import { startSimulatedDocker } from '../../simulator/docker/simulated-docker';
import { startSimulatedVpn } from '../../simulator/vpn-container';
import { runScenario } from './docker-scenario';

test('a simulated Docker gives the same answers and events as a real one, in everything that Portward reads', async () => {
  const simulated = await startSimulatedDocker();
  try {
    const [real, inMemory] = await Promise.all([runScenario(new Docker()), runScenario(simulated.docker)]);
    expect(inMemory).toEqual(real);
    expect(Object.keys(real.answers).length).toBeGreaterThan(30);
  } finally {
    await simulated.close();
  }
});

test('a hundred VPNs change their ports at the same moment, each for itself', async () => {
  const simulated = await startSimulatedDocker();
  try {
    const started = Array.from({ length: 100 }, (_, i) =>
      startSimulatedVpn(simulated.docker, { runId: 'many', name: `vpn${i}`, port: 5_000 + i, startDelayMs: 0 }),
    );
    const vpns = await Promise.all(started);
    await Promise.all(vpns.map((vpn, i) => vpn.changePort(6_000 + i)));
    const states = await Promise.all(vpns.map((vpn) => vpn.state()));
    expect(states.map(({ port }) => port)).toEqual(vpns.map((_, i) => 6_000 + i));
    expect(new Set(vpns.map(({ address }) => address)).size).toBe(100);
    expect(simulated.calls.byKind.get('POST /containers/create')).toBe(100);
  } finally {
    await simulated.close();
  }
});
