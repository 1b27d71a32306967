import { privateDockerObstacle, startPrivateDocker, type PrivateDocker } from '../../simulator/private-docker';
import { until } from '../simulator/until';
import { testUnless } from '../test-unless';
import { NO_PROXY, Stage } from './stage';

// dockerd itself is stopped and killed. It is a private one, which not every machine can run.

const obstacle = privateDockerObstacle();
let dockerd: PrivateDocker;
let stage: Stage;

beforeAll(async () => {
  dockerd = await startPrivateDocker();
  stage = new Stage(dockerd);
  const vpn = await stage.addVpn({ restartPolicy: 'unless-stopped' });
  await vpn.untilHealth('healthy');
  await stage.startPortward({ ...NO_PROXY, MIN_REPLICAS: '2' });
  await stage.forwarded(65_290);
  await stage.listed(2);
  await stage.quiet();
});

afterAll(async () => {
  try {
    await stage?.clear();
  } finally {
    await dockerd?.dispose();
  }
}, 60_000);

async function ids(): Promise<string[]> {
  return (await stage.containers()).map((c) => c.id).toSorted();
}

async function dockerIsMissed(): Promise<void> {
  await until('the problem in status', async () =>
    /Docker is not reachable/.test((await stage.statusOf()).problem ?? ''),
  );
}

testUnless(obstacle)(
  'dockerd is stopped and started: its containers end with it, and everything recovers',
  async () => {
    const vpn = dockerd.docker.getContainer(stage.vpn().containerId);
    const before = (await vpn.inspect()).State.StartedAt;
    await dockerd.stop();
    await dockerIsMissed();
    // For the next test, which needs the setting from this start on.
    dockerd.liveRestore = true;
    await dockerd.start();
    await stage.vpn().untilAnswering();
    expect((await vpn.inspect()).State.StartedAt).not.toBe(before);
    // Engines that Docker starts before their VPN have no network and are made anew; the others can go on.
    await until(
      'two listed engines, no other container and no problem',
      async () => {
        const { problem } = await stage.statusOf();
        const listed = (await stage.listed(2)).map((e) => e.container_id).toSorted();
        return problem === null && listed.join() === (await ids()).join();
      },
      60_000,
    );
    await stage.forwarded(65_290, stage.vpn(), 60_000);
    await stage.quiet();
  },
  180_000,
);

testUnless(obstacle)(
  'dockerd is killed, with live-restore: only an engine whose port changed meanwhile is replaced',
  async () => {
    const before = await ids();
    const plain = (await stage.listed(2)).find((e) => !e.forwarded)?.container_id;
    await dockerd.kill();
    await dockerIsMissed();
    expect((await stage.listed(2)).map((e) => e.container_id).toSorted()).toEqual(before);
    await dockerd.start();
    await until('no problem any more', async () => (await stage.statusOf()).problem === null, 60_000);
    await stage.forwarded(65_290);
    expect(await ids()).toEqual(before);

    await dockerd.kill();
    await dockerIsMissed();
    await stage.vpn().changePort(40_648);
    await dockerd.start();
    const fresh = await stage.forwarded(40_648, stage.vpn(), 60_000);
    await stage.quiet();
    expect(await ids()).toEqual([fresh.container_id, plain ?? ''].toSorted());
  },
  180_000,
);
