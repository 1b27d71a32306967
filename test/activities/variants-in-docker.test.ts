// Runs each variant with the simulated engine, which reads its ports in all the ways of the images.
import { createEngine } from '../../src/activities/engine/create-engine';
import { DockerHost } from '../../src/clients/docker/docker-host';
import { guessedReach } from '../../src/clients/docker/reach/reach';
import { p2pPortOf } from '../../src/clients/engine/p2p-port';
import { variants } from '../../src/clients/engine/variants';
import { sealingKeyFrom } from '../../src/secrets/seal';
import { ensureSimulatorImage } from '../../simulator/image';
import type { SimulatedVpn } from '../../simulator/vpn-container';
import { target } from '../builders';
import { Simulation } from '../simulator/simulation';
import { until } from '../simulator/until';

const simulation = new Simulation();
const docker = new DockerHost(simulation.docker);
let vpn: SimulatedVpn;
beforeAll(async () => {
  vpn = await simulation.startVpn();
  await vpn.untilHealth('healthy');
});
afterAll(() => simulation.remove());

const all = Object.entries(variants({ arm32: 'arm32-v3.2.13', arm64: 'arm64-v3.2.13' }));
const cases = all.flatMap(([name, variant]) => [
  { name, variant, role: 'forwarded' as const },
  { name, variant, role: 'plain' as const },
]);

test.each(cases)(
  '$name listens on the ports of a $role engine, and its P2P port is found without a label',
  async ({ variant, role }) => {
    const number = 1 + cases.findIndex((c) => c.variant === variant && c.role === role);
    const ports = {
      httpPort: 19_000 + number,
      httpsPort: 45_000 + number,
      p2pPort: role === 'forwarded' ? 60_000 + number : null,
    };
    const image = await ensureSimulatorImage(simulation.docker);
    const { engine } = await createEngine(
      {
        vpn: vpn.name,
        instance: simulation.runId,
        incarnation: 'abcdef12',
        number,
        target: target({ role, ...ports }),
      },
      {
        docker,
        reach: async () => guessedReach(),
        variant: { ...variant, image },
        containerLabel: `portward.test=${simulation.runId}`,
        sealingKey: () => sealingKeyFrom('nothing is sealed here'),
      },
    );
    const state = await until('an answer', async () => {
      const response = await fetch(`http://${vpn.address}:${ports.httpPort}/simulator/state`).catch(() => null);
      return response?.ok ? ((await response.json()) as { ports: object }) : null;
    });
    expect(state.ports).toEqual({ http: ports.httpPort, https: ports.httpsPort, p2p: ports.p2pPort });
    const details = await docker.inspect(engine.id);
    expect(p2pPortOf(details?.Config.Env ?? [], details?.Config.Cmd ?? [])).toBe(ports.p2pPort);
  },
);
