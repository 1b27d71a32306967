// Events of the whole program, as a client of the event stream and a receiver of NOTIFY_URL get them.
import { EventClient, type ReceivedEvent } from '../api/event-client';
import { Receiver } from '../clients/webhook/receiver';
import { until } from '../simulator/until';
import type { EventLog } from '../../src/domain/event-log';
import { eventLogQuery } from '../../src/workflows/vpn/messages';
import { Stage } from './stage';

interface Batch {
  readonly instance: string;
  readonly vpn: string;
  readonly missed: number;
  readonly events: readonly (Readonly<Record<string, unknown>> & { readonly id: string; readonly event: string })[];
}

let stage: Stage;
let receiver: Receiver;
const heard: ReceivedEvent[] = [];

/** Opens the event stream for the time of `work`, and keeps the events. @param from the Last-Event-ID */
async function followed(work: (client: EventClient) => Promise<unknown>, from?: string): Promise<void> {
  const client = await EventClient.open(`${stage.portward.url}/events/stream`, from);
  try {
    await work(client);
  } finally {
    client.close();
    heard.push(...client.events);
  }
}

/** The events that the workflow itself has kept. */
async function eventLogOf(on: Stage): Promise<EventLog> {
  const client = await on.client();
  return client.workflow.getHandle(on.workflowId()).query(eventLogQuery);
}

function batches(): Batch[] {
  return receiver.taken.map(({ body }) => JSON.parse(body) as Batch);
}

/** The events at the receiver, each once: if Portward was killed before it had the answer, the receiver gets the same event twice. */
function notified(): Batch['events'] {
  return [...new Map(batches().flatMap(({ events }) => events.map((event) => [event.id, event] as const))).values()];
}

function numbers(ids: readonly string[]): number[] {
  return ids.map((id) => Number(id.split('.').at(-1)));
}

beforeAll(async () => {
  receiver = await Receiver.start();
  receiver.statuses.push(500, 503);
  stage = await Stage.start({ docker: 'simulated', env: { NOTIFY_URL: receiver.url, NOTIFY_SECRET: 'shared' } });
  await stage.forwarded(65_290);
  await stage.quiet();
}, 120_000);

afterAll(async () => {
  await stage?.clear();
  await receiver?.stop();
});

test('a port change is reported on the stream and to a receiver that fails twice first; a SIGKILL in between loses nothing', async () => {
  // From the first event on, so that the stream and the webhook can be compared.
  const { events, incarnation } = await eventLogOf(stage);
  expect(events[0]?.number).toBe(1);
  const vpn = stage.vpn().name;
  await followed(async (client) => {
    await stage.vpn().changePort(40_648);
    // Now the old engine is still in its grace.
    await until('the new engine', () => client.events.filter(({ event }) => event === 'engine_ready').length === 2);
    await stage.atRest();
    await stage.portward.kill('SIGKILL');
  }, `${vpn}=${incarnation}.0`);
  await stage.portward.start();
  await stage.forwarded(40_648, stage.vpn(), 60_000);
  await stage.quiet();
  const all = (await eventLogOf(stage)).events;
  const client = await EventClient.open(
    `${stage.portward.url}/events/stream`,
    heard.at(-1)?.id ?? `${vpn}=${incarnation}.0`,
  );
  try {
    await until('everything on the stream', () => heard.length + client.events.length >= all.length, 30_000);
  } finally {
    client.close();
  }
  heard.push(...client.events);
  await until('everything with the receiver', () => notified().length >= all.length, 60_000);

  const wanted = all.map(({ number }) => number);
  expect(numbers(heard.map(({ id }) => id))).toEqual(wanted);
  expect(numbers(notified().map(({ id }) => id))).toEqual(wanted);
  expect(notified()).toEqual(heard.map(({ id, event, data }) => ({ id: id.split('=').at(-1), event, ...data })));
  const changed = heard.find(({ event }) => event === 'port_changed');
  expect(changed?.data).toMatchObject({ vpn, from: 65_290, to: 40_648 });
  const after = heard.slice(heard.findIndex(({ event }) => event === 'port_changed')).map(({ event }) => event);
  expect(after).toEqual(
    expect.arrayContaining(['engine_evicted', 'engine_provisioned', 'engine_ready', 'engine_stopped']),
  );
});

test('the receiver gets the first batch three times, each time with the same id and a signature', () => {
  const [first, second, third] = receiver.deliveries;
  expect([first?.status, second?.status, third?.status]).toEqual([500, 503, 200]);
  const [id, ...others] = [first, second, third].map((delivery) => delivery?.headers['idempotency-key']);
  expect(others).toEqual([id, id]);
  for (const { headers } of receiver.deliveries)
    expect(headers['x-portward-signature']).toMatch(/^sha256=[0-9a-f]{64}$/);
  expect(batches().every(({ missed, instance }) => missed === 0 && instance === stage.simulation.runId)).toBe(true);
});
