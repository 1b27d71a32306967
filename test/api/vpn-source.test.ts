import { QueryNotRegisteredError, QueryRejectedError, ServiceError, type Client } from '@temporalio/client';
import { defaultDataConverter, defaultPayloadConverter, type PayloadCodec } from '@temporalio/common';
import { TemporalVpnSource } from '../../src/gateways/vpn-source';
import { listQuestion } from '../../src/gateways/list-question';
import { WORKER_STARTING } from '../../src/temporal/client';
import { ASK_AGAIN } from '../../src/workflows/vpn/messages';
import { observeProgress, plainEngine } from '../builders';

const DEADLINE_MS = 2_000;

/** The part of Temporal's client that one workflow handle needs. `answer` is the workflow's answer. */
class ClientStandIn {
  readonly asked: { id: string; message: string; args: readonly unknown[] }[] = [];
  /** The run ids of the requests; undefined: the current run. */
  readonly runs: (string | undefined)[] = [];
  readonly deadlines: number[] = [];
  dataConverter = defaultDataConverter;
  answer: () => unknown = () => undefined;

  get client(): Client {
    const tell = async (id: string, message: string, args: readonly unknown[]) => {
      this.asked.push({ id, message, args });
      return this.answer();
    };
    const client = {
      connection: {
        withDeadline: (at: number, work: () => Promise<unknown>) => {
          this.deadlines.push(at - Date.now());
          return work();
        },
      },
      options: { namespace: 'default', loadedDataConverter: this.dataConverter },
      workflowService: {
        describeWorkflowExecution: ({ execution }: { execution: { workflowId: string; runId?: string } }) => {
          this.runs.push(execution.runId);
          return tell(execution.workflowId, 'describe', []);
        },
      },
      workflow: {
        getHandle: (id: string, runId?: string) => ({
          query: ({ name }: { name: string }, ...args: unknown[]) => {
            this.runs.push(runId);
            return tell(id, name, args);
          },
          signal: ({ name }: { name: string }, ...args: unknown[]) => tell(id, name, args),
          executeUpdate: ({ name }: { name: string }, options: unknown) => tell(id, name, [options]),
        }),
      },
    };
    return client as unknown as Client;
  }
}

const temporal = new ClientStandIn();
const source = new TemporalVpnSource(temporal.client, { instance: 'test', vpn: 'gluetun' });
beforeEach(() => {
  temporal.asked.length = 0;
  temporal.deadlines.length = 0;
  temporal.runs.length = 0;
});

const known = {
  engines: { version: 'abcdef12:3', engines: [plainEngine(19_000)], hidden: [], current: true },
  streams: { version: 'abcdef12:1', streams: [] },
};

/** The workflow's answer to a query without known versions. */
const all = {
  engines: {
    version: 'abcdef12:3',
    unchanged: false,
    value: { listed: [plainEngine(19_000)], hidden: [], current: true },
  },
  streams: { version: 'abcdef12:1', unchanged: false, value: [] },
};

test('the lists are queried from the workflow of this VPN, with a deadline', async () => {
  temporal.answer = () => all;
  expect(await source.lists(null)).toEqual(known);
  expect(temporal.asked).toEqual([
    { id: 'vpn/test/gluetun', message: 'lists', args: [{ engines: null, streams: null }] },
  ]);
  expect(temporal.deadlines[0]).toBeGreaterThan(DEADLINE_MS - 50);
  expect(temporal.deadlines[0]).toBeLessThanOrEqual(DEADLINE_MS);
});

test('the query names the known versions, and "unchanged" returns the known lists', async () => {
  const versions = { engines: known.engines.version, streams: known.streams.version };
  temporal.answer = () => ({
    engines: { version: versions.engines, unchanged: true },
    streams: { version: versions.streams, unchanged: true },
  });
  expect(await source.lists(known)).toBe(known);
  expect(temporal.asked).toMatchObject([{ args: [versions] }]);
});

test('"unchanged" for another version is an error', async () => {
  temporal.answer = () => ({ ...all, engines: { version: '12abcdef:3', unchanged: true } });
  await expect(source.lists(known)).rejects.toThrow("answered 'unchanged' for version");
  await expect(source.lists(null)).rejects.toThrow("answered 'unchanged' for version");
});

test('a workflow without a snapshot has no list, rather than an empty one', async () => {
  temporal.answer = () => ({
    ...all,
    engines: { version: 'abcdef12:0', unchanged: false, value: { listed: null, hidden: [], current: false } },
  });
  expect(await source.lists(null)).toBeNull();
});

test('each replacement is an update with a new update id, because Temporal would repeat the answer to a refused one', async () => {
  await source.replace({ engine: 'x', requestId: 'my-key' });
  expect(temporal.asked).toEqual([
    {
      id: 'vpn/test/gluetun',
      message: 'replaceEngine',
      args: [{ args: [{ engine: 'x', requestId: 'my-key' }] }],
    },
  ]);
});

function activity(name: string, seconds: number, checkedAt: number | null) {
  const payloads = checkedAt === null ? [] : [defaultPayloadConverter.toPayload(observeProgress({ checkedAt }))];
  return { activityType: { name }, lastHeartbeatTime: { seconds }, heartbeatDetails: { payloads } };
}

function running(runId: string) {
  return { workflowExecutionInfo: { status: 1, execution: { runId }, historyLength: 7 } };
}

test('a known run is addressed by its id until it has ended, which spares the server a database read', async () => {
  const other = new TemporalVpnSource(temporal.client, { instance: 'test', vpn: 'x' });
  const answers = [
    () => running('1'),
    () => all,
    () => ({ workflowExecutionInfo: { ...running('1').workflowExecutionInfo, status: 6 } }),
    () => running('2'),
    () => Promise.reject(new QueryRejectedError(6)),
    () => all,
    () => all,
  ];
  temporal.answer = () => answers.shift()?.();
  await other.progress();
  await other.lists(null);
  await other.progress();
  await other.lists(null);
  await other.lists(null);
  expect(temporal.runs).toEqual([undefined, '1', '1', undefined, '2', undefined, undefined]);
});

test('progress is the heartbeat of the observe activity with the latest heartbeat', async () => {
  const pendingActivities = [
    activity('observe', 20, 2),
    activity('observe', 10, 1),
    activity('observe', 40, null),
    activity('createEngine', 30, 3),
  ];
  temporal.answer = () => ({ ...running('1'), pendingActivities });
  expect(await source.progress()).toEqual(observeProgress({ checkedAt: 2 }));
});

test("progress is decoded with the client's payload codec", async () => {
  const turned: PayloadCodec = {
    encode: async (payloads) => payloads.map(({ metadata, data }) => ({ metadata, data: data?.toReversed() })),
    decode: async (payloads) => turned.encode(payloads),
  };
  const coded = new ClientStandIn();
  coded.dataConverter = { ...defaultDataConverter, payloadCodecs: [turned] };
  const { heartbeatDetails, ...beating } = activity('observe', 20, 2);
  const payloads = await turned.encode(heartbeatDetails.payloads);
  coded.answer = () => ({ ...running('1'), pendingActivities: [{ ...beating, heartbeatDetails: { payloads } }] });
  const other = new TemporalVpnSource(coded.client, { instance: 'test', vpn: 'gluetun' });
  expect(await other.progress()).toEqual(observeProgress({ checkedAt: 2 }));
});

test('without an observe activity there is no progress', async () => {
  temporal.answer = () => running('1');
  expect(await source.progress()).toBeNull();
});

/** The SDK's error for an answer of the server with that gRPC status code. */
function refused(code: number): ServiceError {
  const cause = Object.assign(new Error('buffered query cleared, please retry'), { code, details: '', metadata: {} });
  return new ServiceError('Failed to query Workflow', { cause });
}

test.each([
  [14, 'please retry'],
  [8, 'too many queries'],
])('a query that Temporal drops (%i: %s) is asked again without an error', async (code) => {
  const answers = [() => Promise.reject(refused(code)), () => all];
  temporal.answer = () => answers.shift()?.();
  expect(await source.lists(null)).toEqual(known);
  expect(temporal.asked).toHaveLength(2);
});

test('a query that fails for another reason is not asked again, and a dropped one only until the deadline', async () => {
  temporal.answer = () => Promise.reject(refused(3));
  await expect(source.lists(null)).rejects.toThrow('the Temporal server failed: see its log');
  expect(temporal.asked).toHaveLength(1);
  temporal.answer = () => Promise.reject(refused(14));
  await expect(source.lists(null)).rejects.toThrow('is overloaded');
});

test.each([
  ['that has just moved to another worker', () => new QueryNotRegisteredError(ASK_AGAIN, 3)],
  ['whose worker has just been started', () => new Error(WORKER_STARTING)],
])('a workflow %s is asked again', async (_what, failure) => {
  let times = 0;
  temporal.answer = () => {
    if (times++ < 2) throw failure();
    return all;
  };
  expect(await source.lists(null)).toEqual(known);
  expect(temporal.asked).toHaveLength(3);
});

test('a list question says whether an API would get a list now, and names the known list', async () => {
  const ask = listQuestion(source);
  temporal.answer = () => ({
    ...all,
    engines: { version: known.engines.version, unchanged: false, value: { listed: null, hidden: [], current: false } },
  });
  expect(await ask()).toBe(false);
  temporal.answer = () => Promise.reject(new Error('workflow not found'));
  expect(await ask()).toBe(false);
  temporal.answer = () => all;
  expect(await ask()).toBe(true);
  const versions = { engines: known.engines.version, streams: known.streams.version };
  temporal.answer = () => ({
    engines: { version: versions.engines, unchanged: true },
    streams: { version: versions.streams, unchanged: true },
  });
  expect(await ask()).toBe(true);
  expect(temporal.asked.at(-1)).toMatchObject({ id: 'vpn/test/gluetun', args: [versions] });
});

test('a worker of another version that does not know the query causes an error that says so, without a repeat', async () => {
  temporal.answer = () => {
    throw new QueryNotRegisteredError("Workflow did not register a handler for 'statusView'", 3);
  };
  await expect(source.status()).rejects.toThrow(/another version of Portward.*run one version only/);
  expect(temporal.asked.map(({ message }) => message)).toEqual(['statusView']);
});
