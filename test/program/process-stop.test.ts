import { until } from '../simulator/until';
import { NO_PROXY, Stage, type EngineContainer } from './stage';
import { temporalServers } from './temporal-servers';

// SIGTERM, as service managers send it. `docker stop` kills a process that has not ended after 10 s.

const KILLED_AFTER_MS = 15_000;

const DECIDED = 0;
const STARTING = 1;

let stage: Stage;
let plain = '';
const ports = [40_000, 50_000];

beforeAll(async () => {
  stage = await Stage.start({
    docker: 'simulated',
    gated: true,
    vpns: ports.map((port) => ({ port })),
    env: { ...NO_PROXY, MIN_REPLICAS: '3' },
    engineEnv: { STOP_BEHAVIOUR: 'slow:1500' },
  });
  await allForwarded();
  plain = (await stage.listed(3)).find((e) => !e.forwarded)?.container_id ?? '';
});
afterAll(() => stage.clear());

/** Resolves with the ids of the forwarded engines when no replacement runs. */
async function allForwarded(): Promise<string[]> {
  const engines = await Promise.all(ports.map((port, at) => stage.forwarded(port, stage.vpn(at))));
  await Promise.all(stage.vpns.map((vpn) => stage.quiet(vpn)));
  return engines.map((e) => e.container_id);
}

async function containers(): Promise<EngineContainer[]> {
  return (await Promise.all(stage.vpns.map((vpn) => stage.containers(vpn)))).flat();
}

async function running(): Promise<string[]> {
  return (await containers()).filter((c) => c.running).map((c) => c.id);
}

/**
 * Stops Portward, expects only engines to be left, and starts it again: the replacements come to their end. Resolves with the containers
 * that there are then. @param mend ends the faults of the test before the start
 */
async function stopAndGoOn(mend: () => Promise<unknown> | void): Promise<EngineContainer[]> {
  expect(await stage.portward.stop(KILLED_AFTER_MS)).toEqual({ code: 0, signal: null });
  expect(temporalServers(stage.portward.dataDir)).toEqual([]);
  expect(await running()).toContain(plain);
  await mend();
  await stage.portward.start();
  expect([plain, ...(await allForwarded())].toSorted()).toEqual((await running()).toSorted());
  return containers();
}

async function changed(index: number): Promise<void> {
  const port = (ports[index] ?? 0) + 1;
  ports[index] = port;
  await stage.vpn(index).changePort(port);
}

async function dockerAnswers(): Promise<void> {
  stage.gate.rule = () => null;
  await stage.gate.shut();
  await stage.gate.reopen();
}

test("SIGTERM at the moment of a decision, while another VPN's new engine starts, with a control server and a Docker that hang", async () => {
  stage.gate.rule = (_method, path) => (path.includes('/start') ? 'hang' : null);
  await changed(STARTING);
  await until('Docker asked to start its engine', () => stage.gate.held.length > 0);
  const from = stage.portward.logLines.length;
  await changed(DECIDED);
  await stage.portward.untilLog(/replacing forwarded engine/, { from });
  await stage.vpn(DECIDED).setFault({ kind: 'hang' });
  stage.gate.rule = () => 'hang';
  const mend = async () => {
    await stage.vpn(DECIDED).setFault(null);
    await dockerAnswers();
  };
  expect(await stopAndGoOn(mend)).toHaveLength(3);
});

test('SIGTERM while the old engine is being stopped and Temporal is frozen', async () => {
  const from = stage.portward.logLines.length;
  await changed(DECIDED);
  await stage.portward.untilLog(/Stopping forwarded engine/, { from });
  process.kill(stage.temporalPid(), 'SIGSTOP');
  expect(await stopAndGoOn(() => {})).toHaveLength(3);
});

test('SIGTERM during the start, with a frozen Temporal server from before, and while Portward waits for a Docker that hangs', async () => {
  await stage.portward.kill('SIGKILL');
  const frozen = stage.temporalPid();
  process.kill(frozen, 'SIGSTOP');
  let from = stage.portward.logLines.length;
  stage.portward.launch();
  await stage.portward.untilLog(/Portward starts/, { from });
  expect(await stage.portward.stop(KILLED_AFTER_MS)).toEqual({ code: 0, signal: null });
  process.kill(frozen, 'SIGCONT');

  stage.gate.rule = () => 'hang';
  from = stage.portward.logLines.length;
  stage.portward.launch();
  await stage.portward.untilLog(/Temporal server:/, { from });
  expect(await stopAndGoOn(dockerAnswers)).toHaveLength(3);
});

test('SIGTERM while the killed Temporal server is being started again', async () => {
  const from = stage.portward.logLines.length;
  process.kill(stage.temporalPid(), 'SIGKILL');
  await stage.portward.untilLog(/has died; starting it again/, { from });
  expect(await stopAndGoOn(() => {})).toHaveLength(3);
});
