import { DockerGate } from './docker-gate';
import { Stage, type EngineContainer } from './stage';
import { temporalServers } from './temporal-servers';

// SIGTERM as service managers send it: `docker stop` kills after 10 s what has not ended by itself.

const KILLED_AFTER_MS = 10_000;

let stage: Stage;
let gate: DockerGate;
let plain = '';

beforeAll(async () => {
  gate = await DockerGate.open();
  stage = await Stage.start({
    env: { MIN_REPLICAS: '2', DOCKER_HOST: gate.address },
    engineEnv: { STARTUP_MS: '1000', STOP_BEHAVIOUR: 'slow:1500' },
  });
  stage.onClear(() => gate.shut());
  await stage.forwarded(65_290);
  await stage.quiet();
  plain = (await stage.listed(2)).find((e) => !e.forwarded)?.container_id ?? '';
});
afterAll(() => stage.clear());

async function running(): Promise<string[]> {
  return (await stage.containers()).filter((c) => c.running).map((c) => c.id);
}

/** Nothing but engines is left, and at the next start the replacement comes to its end. Resolves with the engines there are then. */
async function stopAndGoOn(port: number, mend: () => Promise<unknown> | void): Promise<EngineContainer[]> {
  expect(await stage.portward.stop(KILLED_AFTER_MS)).toEqual({ code: 0, signal: null });
  expect(temporalServers(stage.portward.dataDir)).toEqual([]);
  expect(await running()).toContain(plain);
  await mend();
  await stage.portward.start();
  const forwarded = await stage.forwarded(port);
  await stage.quiet();
  expect((await running()).toSorted()).toEqual([plain, forwarded.container_id].toSorted());
  return stage.containers();
}

async function changeUntil(port: number, line: RegExp): Promise<void> {
  const from = stage.portward.logLines.length;
  await stage.vpn().changePort(port);
  await stage.portward.untilLog(line, { from });
}

async function dockerAnswers(): Promise<void> {
  gate.rule = () => null;
  await gate.shut();
  await gate.reopen();
}

test('in the moment of the decision, and the control server hangs', async () => {
  await changeUntil(40_001, /replacing forwarded engine/);
  await stage.vpn().setFault({ kind: 'hang' });
  expect(await stopAndGoOn(40_001, () => stage.vpn().setFault(null))).toHaveLength(2);
});

test('while the new engine starts, and Docker hangs', async () => {
  await changeUntil(40_002, /Forwarded engine replacement triggered/);
  gate.rule = () => 'hang';
  expect(await stopAndGoOn(40_002, dockerAnswers)).toHaveLength(2);
});

test('while the old engine is being stopped, and Temporal is frozen', async () => {
  await changeUntil(40_003, /Stopping forwarded engine/);
  process.kill(stage.temporalPid(), 'SIGSTOP');
  expect(await stopAndGoOn(40_003, () => {})).toHaveLength(2);
});

test('while it starts, with a Temporal server that a former one left frozen, and when it waits for a Docker that hangs', async () => {
  await stage.portward.kill('SIGKILL');
  const frozen = stage.temporalPid();
  process.kill(frozen, 'SIGSTOP');
  let from = stage.portward.logLines.length;
  stage.portward.launch();
  await stage.portward.untilLog(/Portward starts/, { from });
  expect(await stage.portward.stop(KILLED_AFTER_MS)).toEqual({ code: 0, signal: null });
  process.kill(frozen, 'SIGCONT');

  gate.rule = () => 'hang';
  from = stage.portward.logLines.length;
  stage.portward.launch();
  await stage.portward.untilLog(/Temporal server:/, { from });
  expect(await stopAndGoOn(40_003, dockerAnswers)).toHaveLength(2);
});

test('while its Temporal server, which was killed, is being started again', async () => {
  const from = stage.portward.logLines.length;
  process.kill(stage.temporalPid(), 'SIGKILL');
  await stage.portward.untilLog(/has died; starting it again/, { from });
  expect(await stopAndGoOn(40_003, () => {})).toHaveLength(2);
});
