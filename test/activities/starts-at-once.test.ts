import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createActivities } from '../../src/activities';
import type { ActivityDeps } from '../../src/activities/deps';
import type { EngineOrder } from '../../src/activities/spec';
import type { DockerHost } from '../../src/docker/docker-host';
import { target } from '../builders';
import { until } from '../simulator/until';

/** A Docker that is asked how the VPN is, as the first thing of each engine's start, and says it when the test lets it. */
class SlowDocker {
  begun = 0;
  readonly waiting: (() => void)[] = [];

  async inspectByName(): Promise<null> {
    this.begun++;
    await new Promise<void>((resolve) => this.waiting.push(resolve));
    return null;
  }
}

const order = (number: number, role: 'plain' | 'forwarded'): EngineOrder => ({
  ...{ vpn: 'gluetun', instance: 'test', lineage: 'abcdef12', number },
  target: target({ role, httpPort: 19_000 + number, httpsPort: 45_000 + number, p2pPort: null }),
});

test('four at a time, and the forwarded ones besides', async () => {
  const docker = new SlowDocker();
  const deps: Partial<ActivityDeps> = { docker: docker as unknown as DockerHost };
  const activities = createActivities(deps as ActivityDeps);
  const create = (number: number, role: 'plain' | 'forwarded') =>
    new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR', () => {}) })
      .run(() => activities.createEngine(order(number, role)))
      .catch(() => 'the VPN is not there');
  const plain = [1, 2, 3, 4, 5, 6].map((number) => create(number, 'plain'));
  await until('four of them begun', () => docker.begun >= 4);
  const forwarded = [7, 8].map((number) => create(number, 'forwarded'));
  await until('the forwarded ones begun', () => docker.begun >= 6);
  expect(docker.begun).toBe(6);
  docker.waiting.shift()?.();
  await until('the next in its place', () => docker.begun === 7);
  for (const end of docker.waiting.splice(0)) end();
  await until('the last one', () => docker.begun === 8);
  docker.waiting.shift()?.();
  await Promise.all([...plain, ...forwarded]);
});
