import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type Docker from 'dockerode';
import { ensureSimulatorImage } from '../../simulator/image';
import { privateDockerObstacle, startPrivateDocker, type PrivateDocker } from '../../simulator/private-docker';
import { startSimulatedVpn, type SimulatedVpn } from '../../simulator/vpn-container';
import { testUnless } from '../test-unless';
import { reportedPort } from './control';
import { until } from './until';

let host: PrivateDocker | null = null;
afterEach(async () => {
  await host?.dispose();
  host = null;
});

/** Skipped on machines that can't run a private Docker. */
const testPrivateDocker = testUnless(privateDockerObstacle());

async function engineIn(docker: Docker, vpn: SimulatedVpn): Promise<Docker.Container> {
  const engine = await docker.createContainer({
    Image: await ensureSimulatorImage(docker),
    Env: ['HTTP_PORT=19000'],
    HostConfig: { NetworkMode: `container:${vpn.containerId}`, RestartPolicy: { Name: 'unless-stopped' } },
  });
  await engine.start();
  await until('the engine', async () =>
    fetch(`http://${vpn.address}:19000/simulator/state`).then(
      () => true,
      () => false,
    ),
  );
  return engine;
}

/** The command lines of running processes that contain the folder. */
function processesOf(folder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        return '';
      }
    })
    .filter((line) => line.includes(folder));
}

function isThere({ folder, bridge }: { folder: string; bridge: string }): Record<string, boolean> {
  return {
    process: processesOf(folder).length > 0,
    folder: existsSync(folder),
    mount: readFileSync('/proc/mounts', 'utf8').includes(folder),
    device: Object.hasOwn(networkInterfaces(), bridge) || existsSync(`/sys/class/net/${bridge}`),
    cgroup: ['/sys/fs/cgroup', '/sys/fs/cgroup/memory'].some((path) => existsSync(join(path, `portward-${bridge}`))),
  };
}

const NOTHING = { process: false, folder: false, mount: false, device: false, cgroup: false };

testPrivateDocker(
  'after a kill its containers run on; after a stop and a start they run again by their restart policy; after dispose nothing is left',
  async () => {
    const made = (host = await startPrivateDocker());
    const { docker, network } = made;
    const vpn = await startSimulatedVpn(docker, {
      runId: 'private',
      name: 'vpn',
      port: 5001,
      network,
      restartPolicy: 'unless-stopped',
    });
    const engine = await engineIn(docker, vpn);

    await made.stop();
    expect(await made.isRunning()).toBe(false);
    await expect(reportedPort(vpn)).rejects.toThrow('fetch failed');
    await made.start();
    await vpn.untilHealth('healthy');
    await until('the engine to run again', async () => (await engine.inspect()).State.Running);

    await made.kill();
    expect(await made.isRunning()).toBe(false);
    expect(await reportedPort(vpn)).toBe(5001);
    expect(isThere(made)).toMatchObject({ process: true, folder: true, device: true });

    await made.dispose();
    expect(isThere(made)).toEqual(NOTHING);
  },
);

testPrivateDocker('with live restore the containers do not notice that it is stopped and started', async () => {
  host = await startPrivateDocker({ liveRestore: true });
  const vpn = await startSimulatedVpn(host.docker, {
    runId: 'private',
    name: 'vpn',
    port: 5001,
    network: host.network,
  });
  const { startedAt } = await vpn.state();
  await host.stop();
  expect(await reportedPort(vpn)).toBe(5001);
  await host.start();
  expect((await vpn.state()).startedAt).toBe(startedAt);
});

testPrivateDocker('nothing is left of it when the process that made it is killed', async () => {
  const child = spawn(
    process.execPath,
    ['--require', join(__dirname, '../typescript-hook.cjs'), join(__dirname, 'private-docker-child.ts')],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const made = JSON.parse(String(line)) as { folder: string; bridge: string };
  expect(isThere(made)).toMatchObject({ process: true, folder: true });
  child.kill('SIGKILL');
  await until('nothing left', () => JSON.stringify(isThere(made)) === JSON.stringify(NOTHING));
});
