import Docker from 'dockerode';
import type { Result } from '../../src/doctor/check';
import { DockerFilter } from '../security/docker-filter';
import { documentedPermissions, type Permission } from '../security/docker-permissions';
import { testUnless } from '../test-unless';
import { amiss, found, NO_SIMULATED_DOCKER, SimulatedSite } from './simulated-site';

const testInMemory = testUnless(NO_SIMULATED_DOCKER);

let site: SimulatedSite;
beforeAll(async () => {
  if (NO_SIMULATED_DOCKER === null) site = await SimulatedSite.start();
});
afterAll(() => site?.close());

async function filtered(permissions: readonly Permission[]): Promise<{ results: Result[]; refused: string[] }> {
  const { hostname, port: dockerPort } = new URL(site.simulated.dockerHost);
  const filter = new DockerFilter(permissions, { host: hostname, port: Number(dockerPort) });
  await filter.open();
  try {
    const { hostname: host, port } = new URL(filter.address);
    return { results: await site.diagnosed({}, new Docker({ protocol: 'http', host, port })), refused: filter.refused };
  } finally {
    await filter.close();
  }
}

describe('behind a filtering proxy', () => {
  testInMemory('that permits the documented calls, every call that Portward needs succeeds', async () => {
    const { results, refused } = await filtered(documentedPermissions());
    expect(amiss(results)).toEqual([]);
    expect(found(results, 'docker.permitted-calls')).toMatch(/^ok: all 11 /);
    // Only the doctor makes these calls, and it does without their answers.
    const asked = refused.map((call) => call.replace(/(?<=\/distribution\/).*/, '…'));
    expect([...new Set(asked)].toSorted()).toEqual(['GET /distribution/…', 'GET /info', 'GET /version']);
  });

  testInMemory.each([
    ['POST', '/containers/create', 'wrong', 'POST /containers/create'],
    ['POST', '/stop', 'wrong', 'POST /containers/{id}/stop'],
    ['DELETE', '/containers', 'wrong', 'DELETE /containers/{id}'],
    ['GET', '/logs', 'warning', 'GET /containers/{id}/logs'],
    ['POST', '/restart', 'warning', 'POST /containers/{id}/restart'],
    ['POST', '/images/create', 'warning', 'POST /images/create'],
  ])('that refuses %s …%s', async (method, path, verdict, call) => {
    const { results } = await filtered(
      documentedPermissions().filter((p) => p.method !== method || !p.path.includes(path)),
    );
    expect(found(results, 'docker.permitted-calls')).toMatch(`${verdict}: ${call} is refused (403)`);
    expect(found(results, 'docker.permitted-calls').split('\n')).toHaveLength(1);
  });

  testInMemory('that refuses events', async () => {
    const { results } = await filtered(documentedPermissions().filter((p) => p.path !== '/events'));
    expect(found(results, 'docker.events')).toMatch(/^warning: they are refused \(403\)/);
  });
});
