import type { EngineJson } from '../../src/api/schemas';
import { WORKFLOW_VERSION } from '../../src/workflows/version';
import { fleetWorkflowId } from '../../src/domain/names';
import { until } from '../simulator/until';
import { meanwhile } from './meanwhile';
import { otherBuild } from './other-build';
import { Stage } from './stage';

// A worker with other code takes over workflows that it can't replay: an update, and going back from one. The API is a
// process of its own, which clients ask all the time.

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.start({ apart: true, env: { MIN_REPLICAS: '3' }, engineEnv: { STARTUP_MS: '1500' } });
  await stage.forwarded(65_290);
  await stage.listed(3);
  await stage.quiet();
});
afterAll(() => stage.clear());

interface Answer {
  readonly status: number;
  readonly stale: boolean;
  readonly engines: readonly EngineJson[];
}

function recordAnswers(): { readonly answers: Answer[]; stop: () => Promise<void> } {
  const answers: Answer[] = [];
  const { stop } = meanwhile(async () => {
    const response = await fetch(`${stage.api.url}/engines`);
    const body: unknown = await response.json();
    const engines = Array.isArray(body) ? (body as EngineJson[]) : [];
    answers.push({ status: response.status, stale: response.headers.has('x-portward-stale'), engines });
  });
  return { answers, stop };
}

const idsOf = (engines: readonly EngineJson[]) => engines.map((e) => e.container_id);

async function startedAt(id: string): Promise<string> {
  return (await stage.simulation.docker.getContainer(id).inspect()).State.StartedAt;
}

/** Restarts the worker with that build, and resolves when the VPN has a workflow of it that has looked at Docker. */
async function takeOver(build: string | null, version: number): Promise<void> {
  const { portward: worker } = stage;
  await worker.stop();
  worker.useBuild(build);
  await worker.start();
  const client = await stage.client();
  const handle = client.workflow.getHandle(stage.workflowId());
  await until('its workflow', async () => (await handle.describe()).memo?.['workflowVersion'] === version);
  await until('a fresh list', async () => {
    const response = await fetch(`${stage.api.url}/engines`);
    return response.ok && !response.headers.has('x-portward-stale');
  });
}

test.each([
  ['older', WORKFLOW_VERSION + 1, 40_648],
  ['newer', WORKFLOW_VERSION - 1, 51_234],
])(
  'a worker with %s code begins anew, in the middle of a replacement too; what is fine is left alone, and clients have a list throughout',
  async (_which, version, port) => {
    const { portward: worker } = stage;
    const build = otherBuild(version);
    stage.onClear(async () => build.remove());
    const before = await until('three engines, one of them forwarded', async () => {
      const engines = await stage.engines();
      return engines.length === 3 && engines.some((e) => e.forwarded) ? engines : null;
    });
    const plain = idsOf(before.filter((e) => !e.forwarded)).toSorted();
    const [old = ''] = idsOf(before.filter((e) => e.forwarded));
    const runs = await Promise.all(plain.map(startedAt));
    const from = worker.logLines.length;
    const clients = recordAnswers();

    // In quiet: nothing to do for it.
    await takeOver(build.dist, version);
    expect(idsOf(await stage.listed(3)).toSorted()).toEqual([...plain, old].toSorted());

    await stage.vpn().changePort(port);
    await worker.untilLog(/Forwarded engine replacement triggered/, { from });
    await until('the old engine hidden', async () => !idsOf(await stage.engines()).includes(old));
    const hidden = clients.answers.length + 1;
    await takeOver(null, WORKFLOW_VERSION);
    const fresh = await stage.forwarded(port);
    await stage.quiet();
    await clients.stop();

    const left = (await stage.containers()).map((c) => c.id).toSorted();
    expect(left).toEqual([...plain, fresh.container_id].toSorted());
    expect(await Promise.all(plain.map(startedAt))).toEqual(runs);

    const { answers } = clients;
    expect(answers.filter((a) => a.status !== 200)).toEqual([]);
    expect(answers.filter((a) => !plain.every((id) => idsOf(a.engines).includes(id)))).toEqual([]);
    expect(answers.filter((a) => a.stale && a.engines.some((e) => e.forwarded))).toEqual([]);
    expect(answers.slice(hidden).filter((a) => idsOf(a.engines).includes(old))).toEqual([]);

    // No code was given what it could not replay, and nothing of the other one is still at work.
    expect(worker.logLines.slice(from).filter((l) => /determinis|Workflow Task/i.test(l.text))).toEqual([]);
    const client = await stage.client();
    await until('no other workflow', async () => {
      const running: string[] = [];
      for await (const w of client.workflow.list({ query: "ExecutionStatus = 'Running'" })) running.push(w.workflowId);
      return running.toSorted().join() === [fleetWorkflowId(stage.simulation.runId), stage.workflowId()].join();
    });
  },
);

test.each([
  ['a replacement', { vpn: false }, 50_777],
  ["a VPN's workflow", { replacement: false }, 50_888],
])(
  "%s that can't be replayed, though it is of this version, is begun anew with no other engine touched",
  async (_which, parts, port) => {
    const { portward: worker } = stage;
    const build = otherBuild(WORKFLOW_VERSION, parts);
    stage.onClear(async () => build.remove());
    const before = await stage.listed(3);
    const plain = idsOf(before.filter((e) => !e.forwarded)).toSorted();
    const from = worker.logLines.length;
    const clients = recordAnswers();
    await stage.vpn().changePort(port);
    await worker.untilLog(/Forwarded engine replacement triggered/, { from });
    await worker.stop();
    worker.useBuild(build.dist);
    await worker.start();
    // A task that Temporal gave to the worker in the moment of its end is given out again after 30 s.
    const limitMs = 90_000;
    await worker.untilLog(/its workflow can't go on, starting it again from Docker's state: .*Nondeterminism/, {
      from,
      limitMs,
    });
    const fresh = await stage.forwarded(port, stage.vpn(), 60_000);
    await stage.quiet();
    await clients.stop();
    expect((await stage.containers()).map((c) => c.id).toSorted()).toEqual([...plain, fresh.container_id].toSorted());
    expect(clients.answers.filter((a) => a.status !== 200)).toEqual([]);
    expect(clients.answers.filter((a) => !plain.every((id) => idsOf(a.engines).includes(id)))).toEqual([]);
    expect(worker.logLines.slice(from).filter((l) => /can't go on/.test(l.text))).toHaveLength(1);
  },
);
