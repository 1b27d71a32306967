import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { ApplicationFailure } from '@temporalio/common';
import type Docker from 'dockerode';
import { awaitEngine, type AwaitedEngine } from '../../src/activities/engine/await-engine';
import { observeDocker } from '../../src/activities/docker/snapshot';
import { DockerEvents } from '../../src/clients/docker/docker-events';
import { DockerHost } from '../../src/clients/docker/docker-host';
import { guessedReach } from '../../src/clients/docker/reach/reach';
import { label } from '../../src/domain/names';
import { session } from '../../src/domain/vpn/observation';
import { engineApi } from '../../src/clients/engine/engine-probe';
import { ensureSimulatorImage, NODE } from '../../simulator/image';
import { startPortHolder } from '../../simulator/port-holder';
import { plainEngine } from '../builders';
import { until } from '../simulator/until';
import { Simulation } from '../simulator/simulation';

// Why an engine does not answer, with real containers: Docker restarts one that ends again and again.

const simulation = new Simulation();
const docker = new DockerHost(simulation.docker);
const events = new DockerEvents(docker);
const deps = {
  docker,
  events,
  reach: async () => guessedReach(),
  engineApi: engineApi({ health: { type: 'tcp' }, connectionStatus: false }),
};

/** Concurrent tests begin before any `beforeAll` has ended. */
const stage = (async () => {
  const vpn = await simulation.startVpn({ startDelayMs: 0 });
  await vpn.untilHealth('healthy');
  return { vpn, ran: session(observeDocker(await docker.inspectByName(vpn.name))) ?? '' };
})();
afterAll(async () => {
  await events.close();
  await simulation.remove();
});

let port = 19_000;

/** A container with the restart policy of Portward's engines. */
async function engine(change: Docker.ContainerCreateOptions): Promise<AwaitedEngine> {
  const { vpn, ran } = await stage;
  const httpPort = ++port;
  const container = await simulation.docker.createContainer({
    name: simulation.name('engine'),
    Image: await ensureSimulatorImage(simulation.docker),
    Labels: { [label.httpPort]: String(httpPort) },
    ...change,
    Env: [`HTTP_PORT=${httpPort}`, ...(change.Env ?? [])],
    HostConfig: { NetworkMode: `container:${vpn.containerId}`, RestartPolicy: { Name: 'unless-stopped' } },
  });
  await container.start();
  const made = { ...plainEngine(httpPort), id: container.id, httpsPort: null };
  return { vpn: vpn.name, session: ran, engine: made, timeoutMs: 3_000 };
}

async function failureOf(awaited: AwaitedEngine): Promise<ApplicationFailure> {
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR', () => {}) });
  const run = environment.run(() => awaitEngine(awaited, deps, new AbortController().signal));
  return run.then(
    () => {
      throw new Error('it has answered');
    },
    (error: unknown) => error as ApplicationFailure,
  );
}

test.concurrent.each<[what: string, Docker.ContainerCreateOptions, told: RegExp]>([
  [
    'that ends again and again, with its exit code, its last line without secrets, and how often it was started',
    { Env: ['EXIT_CODE=3', 'LAST_LINE=\u001B[31mno licence for swordfish\u001B[0m', 'TOKEN=swordfish'] },
    /within 3 s \(STARTUP_TIMEOUT_S\): its process ended with exit code 3; its last line of output: "no licence for \*\*\*", and Docker has started it \d+ times$/,
  ],
  [
    'that has a terminal',
    { Tty: true, Env: ['EXIT_CODE=4'] },
    /exit code 4; its last line of output: "simulated engine gives up"/,
  ],
  [
    'that ends at once with exit code 0',
    { Env: ['EXIT_CODE=0'] },
    /exit code 0; its last line of output: "simulated engine gives up"/,
  ],
  [
    'that is killed',
    { Entrypoint: [NODE, '-e', "process.kill(1, 'SIGKILL'); process.exit(137)"] },
    /its process was killed \(exit code 137\)/,
  ],
  [
    'whose program does not exist, at once',
    { Entrypoint: [NODE, '-e', 'process.exit(127)'] },
    /did not answer on HTTP port \d+: its program was not found \(exit code 127\)/,
  ],
  [
    'that runs and does not answer',
    { Entrypoint: [NODE, '-e', 'setInterval(() => {}, 1000)'] },
    /STARTUP_TIMEOUT_S\): connect ECONNREFUSED/,
  ],
])(
  'an engine %s is reported as that',
  async (_what, change, told) => {
    const awaited = await engine(change);
    // A busy machine may need longer than that for a first run.
    await until(
      'the expected reason',
      async () => {
        const { message, details } = await failureOf(awaited);
        expect(message).not.toContain('swordfish');
        expect(details).toEqual([]);
        return told.test(message);
      },
      30_000,
    );
  },
  40_000,
);

test.concurrent(
  "another program that answers on an engine's port is not taken for the engine, and is named",
  async () => {
    const taken = 19_500;
    const { vpn } = await stage;
    const name = simulation.name('torrent');
    const holder = await startPortHolder(simulation.docker, {
      runId: simulation.runId,
      vpnContainer: vpn.containerId,
      name,
      port: taken,
    });
    const made = await engine({ Env: [`HTTP_PORT=${taken}`] });
    const awaited = { ...made, engine: { ...made.engine, httpPort: taken } };
    await until('a second run of it', async () => ((await docker.inspect(made.engine.id))?.RestartCount ?? 0) > 0);
    const failure = await failureOf(awaited);
    expect(failure).toMatchObject({ type: 'PortsTaken', nonRetryable: true });
    expect(failure.message).toMatch(/^port 19500 is taken in the network of VPN '.*', by .*: engine .* exit code 98/);
    expect(failure.details).toEqual([{ taken: { ports: [taken], by: expect.stringContaining(name) }, started: true }]);
    await holder.remove();
  },
);
