import type { EngineJson } from '../../src/api/schemas/engines';
import { fleetWorkflowId } from '../../src/domain/names';
import { WORKFLOW_VERSION } from '../../src/workflows/version';
import { until } from '../simulator/until';
import { meanwhile } from './meanwhile';
import { otherBuild } from './other-build';
import { NO_PROXY, Stage } from './stage';

// A worker with other code takes over workflows that it can't replay, as after an update and after going back. One VPN is then in the
// middle of a replacement, the other one at rest. Clients poll a separate API process all the time.

const CHANGING = 0;
const QUIET = 1;
const QUIET_PORT = 50_001;
/** Long enough for a workflow task that was lost with a worker: Temporal gives it out again after 20 s. */
const AFTER_A_LOST_TASK_MS = 90_000;

let stage: Stage;
let port = 40_000;
let clients: ReturnType<typeof recordAnswers>;
/** Engines that no test may affect: they keep running, and clients always have them in the list. */
let fine: string[];
let runs: string[];
let from: number;

beforeAll(async () => {
  stage = await Stage.start({
    docker: 'simulated',
    vpns: [{ port }, { port: QUIET_PORT }],
    apart: true,
    env: { ...NO_PROXY, MIN_REPLICAS: '4', PORT_CHANGE_SPACING_MAX_S: '0', ENGINES_STALE_LIMIT_S: '120' },
    engineEnv: { STARTUP_MS: '1500' },
  });
});
afterAll(() => stage.clear());

beforeEach(async () => {
  const forwarded = await stage.forwarded(port, stage.vpn(CHANGING));
  await stage.forwarded(QUIET_PORT, stage.vpn(QUIET));
  const all = idsOf(await stage.listed(4));
  await Promise.all(stage.vpns.map((vpn) => stage.quiet(vpn)));
  fine = all.filter((id) => id !== forwarded.container_id).toSorted();
  runs = await Promise.all(fine.map(startedAt));
  from = stage.portward.logLines.length;
  clients = recordAnswers();
});

interface Answer {
  readonly status: number;
  readonly engines: readonly EngineJson[];
}

function recordAnswers(): { readonly answers: Answer[]; stop: () => Promise<void> } {
  const answers: Answer[] = [];
  const { stop } = meanwhile(async () => {
    const response = await fetch(`${stage.api.url}/engines`);
    const body: unknown = await response.json();
    const engines = Array.isArray(body) ? (body as EngineJson[]) : [];
    answers.push({ status: response.status, engines });
  });
  return { answers, stop };
}

const idsOf = (engines: readonly EngineJson[]) => engines.map((e) => e.container_id);

async function startedAt(id: string): Promise<string> {
  return (await stage.simulation.docker.getContainer(id).inspect()).State.StartedAt;
}

/** Changes the port of the changing VPN, and in the middle of the replacement starts a worker of that build. */
async function takeOver(build: string | null): Promise<void> {
  const { portward: worker } = stage;
  const old = await stage.forwarded(port, stage.vpn(CHANGING));
  await stage.vpn(CHANGING).changePort(++port);
  await until('the old engine hidden', async () => !idsOf(await stage.engines()).includes(old.container_id));
  const hidden = clients.answers.length + 1;
  await worker.stop();
  worker.useBuild(build);
  await worker.start();
  await stage.forwarded(port, stage.vpn(CHANGING), AFTER_A_LOST_TASK_MS);
  expect(clients.answers.slice(hidden).filter((a) => idsOf(a.engines).includes(old.container_id))).toEqual([]);
}

/** Expects exactly the wanted engines, unaffected engines that ran on, and complete answers for the clients. */
async function allIsWell(): Promise<void> {
  await Promise.all(stage.vpns.map((vpn) => stage.quiet(vpn)));
  await clients.stop();
  const fresh = await stage.forwarded(port, stage.vpn(CHANGING));
  const left = (await Promise.all(stage.vpns.map((vpn) => stage.containers(vpn)))).flat().map((c) => c.id);
  expect(left.toSorted()).toEqual([...fine, fresh.container_id].toSorted());
  expect(await Promise.all(fine.map(startedAt))).toEqual(runs);
  const { answers } = clients;
  expect(answers.filter((a) => a.status !== 200)).toEqual([]);
  expect(answers.filter((a) => !fine.every((id) => idsOf(a.engines).includes(id)))).toEqual([]);
}

/** The number of matching log lines since the test began. */
const said = (what: RegExp) => stage.portward.logLines.slice(from).filter(({ text }) => what.test(text)).length;

test('a worker with newer or older code starts the workflows again, also in the middle of a replacement: other engines are not touched, and clients always have a list', async () => {
  const build = otherBuild(WORKFLOW_VERSION + 1);
  stage.onClear(async () => build.remove());
  const client = await stage.client();
  for (const [dist, version] of [[build.dist, WORKFLOW_VERSION + 1] as const, [null, WORKFLOW_VERSION] as const]) {
    await takeOver(dist);
    for (const vpn of stage.vpns) {
      const { memo } = await client.workflow.getHandle(stage.workflowId(vpn)).describe();
      expect(memo?.['workflowVersion']).toBe(version);
    }
  }
  await allIsWell();
  // No worker got a history that it could not replay, and no workflow of the other code still runs.
  expect(said(/determinis|Workflow Task/i)).toBe(0);
  await until('no other workflow', async () => {
    const running: string[] = [];
    for await (const w of client.workflow.list({ query: "ExecutionStatus = 'Running'" })) running.push(w.workflowId);
    const wanted = [fleetWorkflowId(stage.simulation.runId), ...stage.vpns.map((vpn) => stage.workflowId(vpn))];
    return running.toSorted().join() === wanted.toSorted().join();
  });
});

test("a replacement and a VPN's workflow that can't be replayed, though they are of this version, are started again, and no other engine is touched", async () => {
  const build = otherBuild(WORKFLOW_VERSION, stage.vpn(QUIET).name);
  stage.onClear(async () => build.remove());
  const taken = takeOver(build.dist);
  for (const { name } of stage.vpns) {
    const message = new RegExp(`${name}\\] its workflow can't go on, starting it again .*: .*Nondeterminism`);
    await stage.portward.untilLog(message, { from, limitMs: AFTER_A_LOST_TASK_MS });
  }
  await taken;
  await allIsWell();
  expect(said(/can't go on/)).toBe(stage.vpns.length);
});
