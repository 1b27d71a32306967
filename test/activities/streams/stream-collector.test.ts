import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import pino from 'pino';
import type { Stream, StreamEvent } from '../../../src/domain/streams/stream';
import {
  StreamCollector,
  type StreamsWorkflow,
  type Whereabouts,
} from '../../../src/activities/streams/stream-collector';
import { until } from '../../simulator/until';
import { stream } from '../../stream-events';

/** Answers of the engine's sessions, by path; any other path is an unknown session. */
const sessions = new Map<string, 'plays' | 'hangs' | 'garbage' | 'unknown every other time'>();
const asked: string[] = [];
const engine = createServer((request, response) => {
  const path = request.url ?? '';
  asked.push(path);
  const state = sessions.get(path);
  if (state === 'hangs') return;
  if (state === 'garbage') response.end('<html>');
  else if (state === undefined || (state === 'unknown every other time' && asked.length % 2 === 1))
    response.end('{"response":null,"error":"unknown playback session id"}');
  else response.end(JSON.stringify({ response: { status: 'dl', peers: asked.length }, error: null }));
});
beforeAll(() => new Promise<void>((resolve) => engine.listen(0, '127.0.0.1', resolve)));
afterAll(() => {
  engine.closeAllConnections();
  return new Promise((resolve) => engine.close(resolve));
});

class WorkflowInMemory implements StreamsWorkflow {
  list: Stream[] = [];
  looks = 0;
  readonly told: StreamEvent[] = [];
  taking = true;
  answering = true;

  async streams(): Promise<Stream[]> {
    this.looks++;
    if (!this.answering) throw new Error('deadline exceeded');
    return this.list;
  }

  async tell(events: readonly StreamEvent[]): Promise<void> {
    if (!this.taking) throw new Error('Temporal is away');
    this.told.push(...events);
    const ids = new Set(events.map((e) => (e.kind === 'ended' ? e.id : '')));
    this.list = this.list.map((s) => (ids.has(s.id) ? { ...s, endedAt: Date.now() } : s));
  }
}

let workflow: WorkflowInMemory;
let collector: StreamCollector;
let stop: AbortController;
beforeEach(() => {
  sessions.clear();
  asked.length = 0;
  workflow = new WorkflowInMemory();
  collector = new StreamCollector(workflow, { vpn: 'gluetun', intervalMs: 40, log: pino({ level: 'silent' }) });
  stop = new AbortController();
});
afterEach(() => stop.abort());

const there = (): Whereabouts => ({
  kind: 'there',
  endpoint: { host: '127.0.0.1', port: (engine.address() as AddressInfo).port },
});
const watch = (where: () => Whereabouts = there) => collector.watch(where, stop.signal);
/** Number of complete checks from now on. */
async function looks(count: number): Promise<void> {
  // The last one may still be running.
  const enough = workflow.looks + count + 1;
  await until(`${count} looks`, () => workflow.looks >= enough);
}

test('the statistics of every running stream are collected in each check', async () => {
  workflow.list = [stream('a'), stream('b'), stream('over', { endedAt: 1 })];
  sessions.set('/ace/stat/a', 'plays').set('/ace/stat/b', 'plays');
  void watch();
  await until(
    'three samples each',
    () => Object.values(collector.records()).every((r) => r.length >= 3) && asked.length > 5,
  );
  expect(Object.keys(collector.records())).toEqual(['a', 'b']);
  expect(asked).not.toContain('/ace/stat/over');
  const [first] = collector.records()['a'] ?? [];
  expect(first).toEqual([expect.any(Number), 1, null, null, null, null, 'dl']);
  expect(workflow.told).toEqual([]);
});

test('a stream whose session is unknown in two checks in a row is ended as stale, once', async () => {
  workflow.list = [stream('a'), stream('b')];
  sessions.set('/ace/stat/b', 'plays');
  void watch();
  await until('the end', () => workflow.told.length > 0);
  expect(asked.filter((path) => path === '/ace/stat/a')).toHaveLength(2);
  await looks(3);
  expect(workflow.told).toEqual([{ kind: 'ended', id: 'a', at: expect.any(Number), reason: 'stale' }]);
  expect(Object.keys(collector.records())).toEqual(['b']);
});

test('a single check without a session does not end a stream', async () => {
  workflow.list = [stream('a')];
  sessions.set('/ace/stat/a', 'unknown every other time');
  void watch();
  await looks(6);
  expect(collector.records()['a']?.length).toBeGreaterThan(1);
  expect(workflow.told).toEqual([]);
});

test('streams on an engine that is gone are ended as stale', async () => {
  workflow.list = [stream('a')];
  void watch(() => ({ kind: 'gone' }));
  await until('the end', () => workflow.told.length > 0);
  expect(workflow.told).toMatchObject([{ kind: 'ended', id: 'a', reason: 'stale' }]);
});

test.each([
  ['whose address is not known', (): Whereabouts => ({ kind: 'unknown' })],
  ['that does not listen', (): Whereabouts => ({ kind: 'there', endpoint: { host: '127.0.0.1', port: 1 } })],
  [
    'that gives another answer',
    () => {
      sessions.set('/ace/stat/a', 'garbage');
      return there();
    },
  ],
])('streams on an engine %s are left alone', async (_which, where) => {
  workflow.list = [stream('a')];
  void watch(where);
  await looks(5);
  expect(workflow.told).toEqual([]);
});

test('an end that could not be sent to Temporal is sent again', async () => {
  workflow.list = [stream('a')];
  workflow.taking = false;
  void watch();
  await looks(4);
  workflow.taking = true;
  await until('the end', () => workflow.told.length > 0);
  expect(workflow.told).toHaveLength(1);
});

test('an engine that hangs does not delay the others', async () => {
  workflow.list = [stream('a', { containerId: 'hanging' }), stream('b', { containerId: 'well' })];
  sessions.set('/ace/stat/a', 'hangs').set('/ace/stat/b', 'plays');
  void watch();
  await until('a sample of the other engine', () => (collector.records()['b'] ?? []).length > 0);
  expect(asked.toSorted()).toEqual(['/ace/stat/a', '/ace/stat/b']);
});

test('two watches at the same time, as during a hand-over, check no more often than one', async () => {
  const patient = new StreamCollector(workflow, { vpn: 'gluetun', intervalMs: 60_000, log: pino({ level: 'silent' }) });
  workflow.list = [stream('a')];
  sessions.set('/ace/stat/a', 'plays');
  void patient.watch(there, stop.signal);
  void patient.watch(there, stop.signal);
  await until('a sample', () => Object.keys(patient.records()).length > 0);
  // As the next observation begins it again.
  void patient.watch(there, stop.signal);
  await new Promise(setImmediate);
  expect([workflow.looks, asked.length]).toEqual([1, 1]);
});

test('a workflow that does not answer is asked again', async () => {
  workflow.list = [stream('a')];
  sessions.set('/ace/stat/a', 'plays');
  workflow.answering = false;
  void watch();
  await looks(2);
  expect(asked).toEqual([]);
  workflow.answering = true;
  await until('a sample', () => (collector.records()['a'] ?? []).length > 0);
});
