import { Client, Connection } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { msToTs } from '@temporalio/common/lib/time';
import { freePorts } from '../../simulator/free-ports';
import type { PortwardProcess } from '../../simulator/portward-process';
import type { ReplacementJson } from '../../src/api/schemas/engines';
import { cacheDir } from '../../src/config/folders';
import { resolveTemporalCli } from '../../src/embedded-temporal/cli/cli';
import { serverSettings } from '../../src/embedded-temporal/server-settings';
import { until } from '../simulator/until';
import { NO_PROXY, Stage } from './stage';

// Two workers and an API as three processes, on a Temporal server that none of them has started. At their start the server is away, and
// when it comes it lacks their namespace.

const log = { info: () => {}, warn: () => {} };
const NAMESPACE = 'of-this-test';

/** Temporal gives tasks to the open polls of a frozen worker, which end after a minute by default. */
const SHORT_POLLS = ['--dynamic-config-value', 'matching.longPollExpirationInterval="3s"'];

let stage: Stage;
let second: PortwardProcess;
let client: Client;
/** The API's answer before there was a server. */
let refused: { readonly status: number; readonly body: string };

beforeAll(async () => {
  const [port = 0] = await freePorts(1);
  stage = await Stage.inMemory();
  await stage.openGate();
  const path = await resolveTemporalCli({ env: process.env, cacheDir: cacheDir(process.env), log });
  await stage.addVpn();
  await stage.vpn().untilHealth('healthy');
  const temporal = { TEMPORAL_ADDRESS: `127.0.0.1:${port}`, TEMPORAL_NAMESPACE: NAMESPACE };
  const settings = {
    ...{ ...temporal, ...NO_PROXY },
    ...{ MIN_REPLICAS: '2', PORT_CHANGE_SPACING_MAX_S: '0' },
  };
  await stage.startPortward(settings, { STARTUP_MS: '800' }, true);
  const answer = await fetch(`${stage.api.url}/engines`);
  refused = { status: answer.status, body: await answer.text() };
  await stage.portward.untilLog(/Temporal at 127\.0\.0\.1:\d+ is not reachable/);
  const server = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path },
      port,
      extraArgs: ['--log-level', 'error', ...serverSettings, ...SHORT_POLLS],
    },
  });
  stage.onClear(() => server.teardown());
  const connection = await Connection.connect({ address: server.address });
  stage.onClear(() => connection.close());
  client = new Client({ connection, namespace: NAMESPACE });
  await stage.portward.untilLog(new RegExp(`is not reachable, trying again: .*${NAMESPACE}`));
  await client.workflowService.registerNamespace({
    namespace: NAMESPACE,
    workflowExecutionRetentionPeriod: msToTs('1 day'),
  });
  second = stage.portward.beside('worker');
  stage.onClear(() => second.stop());
  await second.start();
  await stage.forwarded(65_290, stage.vpn(), 60_000);
  await stage.listed(2);
  await stage.quiet();
});
afterAll(() => stage.clear());

/** The number of log lines of both workers that match. */
function said(pattern: RegExp): number {
  return [stage.portward, second].flatMap((p) => p.logLines).filter((line) => pattern.test(line.text)).length;
}

/** How often each activity was completed for the newest replacement, by its history. Lost attempts do not count. */
async function done(replacements: readonly ReplacementJson[]): Promise<Record<string, number>> {
  const newest = replacements.toSorted((a, b) => b.started_at.localeCompare(a.started_at))[0];
  const { events } = await client.workflow.getHandle(newest?.id ?? '').fetchHistory();
  const counts = { awaitEngine: 0, releaseEngine: 0 };
  const names = new Map<string, string>();
  for (const { eventId, activityTaskScheduledEventAttributes: scheduled } of events ?? []) {
    if (scheduled) names.set(String(eventId), scheduled.activityType?.name ?? '');
  }
  for (const { activityTaskCompletedEventAttributes: completed } of events ?? []) {
    const name = completed ? names.get(String(completed.scheduledEventId)) : undefined;
    if (name !== undefined && name in counts) counts[name as keyof typeof counts]++;
  }
  return counts;
}

async function ids(): Promise<string[]> {
  return (await stage.containers()).map((c) => c.id).toSorted();
}

test('a Temporal server that is away or lacks the namespace is logged once each, and the API says why it has no list', () => {
  expect(refused).toMatchObject({ status: 503, body: expect.stringMatching(/no list of engines/) });
  const logged = stage.portward.logLines.filter((line) => /is not reachable, trying again/.test(line.text));
  expect(logged.map((line) => line.text.includes(NAMESPACE))).toEqual([false, true]);
});

test('two workers provision each first engine once', async () => {
  expect((await stage.replacements()).map((r) => [r.cause, r.state])).toEqual([
    ['first engine', 'completed'],
    ['first engine', 'completed'],
  ]);
  expect(await ids()).toHaveLength(2);
});

/** The worker that runs an activity of the newest replacement; null: none. */
async function workerOfActivity(): Promise<PortwardProcess | null> {
  const [newest] = await stage.replacements();
  const { raw } = await client.workflow.getHandle(newest?.id ?? '').describe();
  const activity = raw.pendingActivities?.find((a) => a.activityType?.name === 'createEngine');
  return [stage.portward, second].find(({ pid }) => activity?.lastWorkerIdentity?.startsWith(`${pid}@`)) ?? null;
}

/** Kills the worker that runs the replacement's activity, which hangs in a call to Docker. */
async function kill(): Promise<PortwardProcess> {
  await until('Docker asked to start the engine', () => stage.gate.held.length > 0);
  const worker = await until('the worker that runs it', workerOfActivity);
  await worker.kill('SIGKILL');
  stage.gate.rule = () => null;
  return worker;
}

async function freeze(from: readonly [number, number]): Promise<PortwardProcess> {
  const line = /Forwarded engine replacement triggered/;
  const worker = await Promise.race([
    stage.portward.untilLog(line, { from: from[0] }).then(() => stage.portward),
    second.untilLog(line, { from: from[1] }).then(() => second),
  ]);
  process.kill(worker.pid, 'SIGSTOP');
  return worker;
}

async function thaw(worker: PortwardProcess): Promise<void> {
  process.kill(worker.pid, 'SIGCONT');
}

/** Temporal waits 20 s for a task that a lost worker had. Then the engine starts. */
const TAKEN_OVER_WITHIN_MS = 60_000;

/**
 * Changes the port, loses the worker that runs the replacement, and waits until the other worker has finished it. Resolves with the result
 * of `done`.
 */
async function doneWithout(
  port: number,
  lose: typeof freeze,
  goOn: (worker: PortwardProcess) => Promise<unknown>,
): Promise<Record<string, number>> {
  const plain = (await stage.engines()).find((e) => !e.forwarded && e.p2p_port === null)?.container_id ?? '';
  const before = (await stage.replacements()).length;
  const from = [stage.portward.logLines.length, second.logLines.length] as const;
  await stage.vpn().changePort(port);
  const worker = await lose(from);
  const fresh = await stage.forwarded(port, stage.vpn(), TAKEN_OVER_WITHIN_MS);
  await stage.quiet();
  expect(await ids()).toEqual([plain, fresh.container_id].toSorted());
  await goOn(worker);
  await until('all well', async () => (await stage.statusOf()).forwarding === 'forwarded');
  const replacements = await stage.replacements();
  expect(replacements.length).toBe(before + 1);
  expect(await ids()).toEqual([plain, fresh.container_id].toSorted());
  return done(replacements);
}

test('one worker is killed in the middle of a replacement: the other finishes it, and nothing is done twice', async () => {
  // The kill should meet an activity: for a lost workflow task Temporal would wait 20 s.
  stage.gate.rule = (_method, path) => (path.includes('/start') ? 'hang' : null);
  expect(await doneWithout(40_001, kill, (worker) => worker.start())).toEqual({ awaitEngine: 1, releaseEngine: 1 });
});

test('one worker is frozen in the middle of a replacement: the other finishes it, and nothing is done twice', async () => {
  const stopped = said(/Successfully stopped forwarded engine/);
  expect(await doneWithout(40_002, freeze, thaw)).toEqual({ awaitEngine: 1, releaseEngine: 1 });
  // The worker that was frozen logs the stop as well when it goes on.
  await until('the line of the stop', () => said(/Successfully stopped forwarded engine/) > stopped);
}, 200_000);
