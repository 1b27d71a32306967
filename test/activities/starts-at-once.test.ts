import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createActivities } from '../../src/activities';
import type { ActivityDeps } from '../../src/activities/deps';
import type { EngineOrder } from '../../src/activities/engine/spec';
import type { DockerHost } from '../../src/clients/docker/docker-host';
import { target } from '../builders';
import { until } from '../simulator/until';

/** A Docker that is asked for the VPN's state first in each engine's start, and answers when the test lets it. */
class SlowDocker {
  begun = 0;
  readonly waiting: (() => void)[] = [];

  async inspectByName(): Promise<null> {
    this.begun++;
    await new Promise<void>((resolve) => this.waiting.push(resolve));
    return null;
  }

  /** Answers the call that has waited longest, after skipping so many, and waits for the consequences. */
  async end(after = 0): Promise<void> {
    for (const answer of this.waiting.splice(after, 1)) answer();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const order = (number: number, role: 'plain' | 'forwarded'): EngineOrder => ({
  ...{ vpn: 'gluetun', instance: 'test', incarnation: 'abcdef12', number },
  target: target({ role, httpPort: 19_000 + number, httpsPort: 45_000 + number, p2pPort: null }),
});

test('four plain engines start at a time, and six forwarded ones besides, which come first', async () => {
  const docker = new SlowDocker();
  const deps: Partial<ActivityDeps> = { docker: docker as unknown as DockerHost };
  const activities = createActivities(deps as ActivityDeps);
  const create = (number: number, role: 'plain' | 'forwarded') =>
    new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR', () => {}) })
      .run(() => activities.createEngine(order(number, role)))
      .catch(() => 'the VPN is not there');
  const plain = [1, 2, 3, 4, 5, 6].map((number) => create(number, 'plain'));
  await until('four of them begun', () => docker.begun >= 4);
  const forwarded = [11, 12, 13, 14, 15, 16, 17].map((number) => create(number, 'forwarded'));
  await until('six of the forwarded ones begun', () => docker.begun >= 10);
  expect(docker.begun).toBe(10);
  // A plain engine has started: a forwarded one still waits.
  await docker.end();
  expect(docker.begun).toBe(10);
  // A forwarded engine has started: then none waits before the plain ones.
  await docker.end(3);
  await until('the last forwarded one, and one in the place of the plain one', () => docker.begun === 12);
  await docker.end();
  await until('the last plain one', () => docker.begun === 13);
  while (docker.waiting.length > 0) await docker.end();
  await Promise.all([...plain, ...forwarded]);
});
