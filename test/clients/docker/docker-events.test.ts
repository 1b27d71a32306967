import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Dockerode from 'dockerode';
import pino from 'pino';
import { DockerEvents, type ContainerEvent } from '../../../src/clients/docker/docker-events';
import { DockerHost } from '../../../src/clients/docker/docker-host';
import { until } from '../../simulator/until';
import { Containers } from './containers';
import { DockerProxy } from './docker-proxy';

const containers = new Containers();
const direct = new DockerHost(containers.docker);
const proxy = new DockerProxy();
let network: string;
beforeAll(async () => {
  await proxy.start();
  network = await containers.startNetwork();
});
afterAll(async () => {
  await proxy.stop();
  await containers.remove();
});

let events: DockerEvents;
beforeEach(() => {
  proxy.reachable = true;
  proxy.asked.length = 0;
  events = new DockerEvents(new DockerHost(proxy.client));
});
afterEach(() => events.close());

/** What a listener received; null means 'events may have been missed'. */
class Told {
  readonly all: (ContainerEvent | null)[] = [];
  readonly unsubscribe = events.subscribe((event) => this.all.push(event));

  get relists(): number {
    return this.all.filter((event) => event === null).length;
  }

  of(id: string): ContainerEvent[] {
    return this.all.filter((event): event is ContainerEvent => event?.id === id);
  }

  async untilRelists(count: number): Promise<void> {
    await until(`${count} hints to list again`, () => this.relists >= count);
  }
}

async function engine(labels: Record<string, string> = {}): Promise<{ id: string; name: string }> {
  const wanted = await containers.engine(network, { labels });
  return { id: await direct.create(wanted), name: wanted.name };
}

test('a listener is told to read Docker once the subscription begins, and then of each start, death and removal', async () => {
  const told = new Told();
  await told.untilRelists(1);
  const { id, name } = await engine({ 'acestream.vpn_container': 'gluetun' });
  await direct.start(id);
  await until('its start', () => told.of(id).length >= 1);
  await direct.remove(id);
  await until('its death and removal', () => told.of(id).length >= 3);
  for (const event of told.of(id)) {
    expect(event.attributes).toMatchObject({ name, 'acestream.vpn_container': 'gluetun' });
  }
  expect(told.relists).toBe(1);
});

test('after its connection was cut a listener is told to list again, and events go on', async () => {
  const told = new Told();
  await told.untilRelists(1);
  proxy.cut();
  await told.untilRelists(2);
  const { id } = await engine();
  await direct.start(id);
  await until('its start', () => told.of(id).length >= 1);
  expect(told.relists).toBe(2);
});

test('while Docker is unreachable the subscription is retried, and listeners are told when it is back', async () => {
  const told = new Told();
  await told.untilRelists(1);
  proxy.reachable = false;
  proxy.cut();
  const { id } = await engine();
  await direct.start(id);
  expect(told.relists).toBe(1);
  proxy.reachable = true;
  await told.untilRelists(2);
});

test('all listeners share one subscription', async () => {
  const [one, two] = [new Told(), new Told()];
  const { id } = await engine();
  await one.untilRelists(1);
  await direct.start(id);
  await until('its start', () => one.of(id).length >= 1 && two.of(id).length >= 1);
  expect(proxy.asked.filter((request) => request.endsWith('/events'))).toHaveLength(1);
});

test('after its unsubscription a listener is told nothing, and the others still are', async () => {
  const [one, two] = [new Told(), new Told()];
  await two.untilRelists(1);
  one.unsubscribe();
  const { id } = await engine();
  await direct.start(id);
  await until('its start', () => two.of(id).length >= 1);
  expect(one.of(id)).toEqual([]);
});

test('closing ends the subscription, even while Docker is unreachable', async () => {
  const told = new Told();
  await told.untilRelists(1);
  proxy.reachable = false;
  proxy.cut();
  await events.close();
  proxy.reachable = true;
  proxy.asked.length = 0;
  const { id } = await engine();
  await direct.start(id);
  expect(proxy.asked).toEqual([]);
});

describe('missing events', () => {
  /** Answers like a filtering proxy; null: it accepts the request and sends nothing. */
  let refusal: number | null;
  let streams: ServerResponse[];
  let server: Server;
  let said: string[];
  let filtered: DockerEvents;
  beforeEach(async () => {
    [refusal, streams, said] = [null, [], []];
    server = createServer((_request, response) => {
      response.writeHead(refusal ?? 200).flushHeaders();
      if (refusal === null) streams.push(response);
      else response.end('{"message":"forbidden"}');
    });
    await new Promise<void>((listens) => server.listen(0, '127.0.0.1', listens));
    const { port } = server.address() as AddressInfo;
    const log = pino({}, { write: (line) => void said.push((JSON.parse(line) as { msg: string }).msg) });
    const docker = new DockerHost(new Dockerode({ host: '127.0.0.1', port }));
    filtered = new DockerEvents(docker, { log, toldWithinMs: 50 });
  });
  afterEach(async () => {
    await filtered.close();
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });

  const event = JSON.stringify({ Action: 'start', Actor: { ID: 'x', Attributes: {} } });

  test('that are refused are logged once, with what to permit, and once when they arrive again', async () => {
    refusal = 403;
    let relists = 0;
    filtered.subscribe((e) => void (relists += e === null ? 1 : 0));
    await until('it is told', () => said.length > 0);
    expect(filtered.areMissing).toBe(true);
    expect(relists).toBeGreaterThan(0);
    refusal = null;
    await until('they come', () => !filtered.areMissing);
    expect(said).toEqual([
      expect.stringMatching(/^Docker's events are missing: they are refused with HTTP 403\. .*EVENTS=1/),
      "Docker's events arrive again",
    ]);
  });

  test('of an accepted subscription are noticed by a start without an event, logged once, and subscribed to anew', async () => {
    // `null` is told after each subscription, and once when events are missing.
    let nulls = 0;
    filtered.subscribe((e) => void (nulls += e === null ? 1 : 0));
    await until('a subscription', () => nulls === 1);
    filtered.expectSince(performance.now());
    await until('another one', () => nulls === 3);
    expect(filtered.areMissing).toBe(true);
    filtered.expectSince(performance.now());
    await until('a third one', () => nulls === 4);
    expect(streams).toHaveLength(3);
    streams.at(-1)?.write(`${event}\n`);
    await until('they come', () => !filtered.areMissing);
    expect(said).toEqual([
      expect.stringMatching(
        /^Docker's events are missing: none arrives, though Portward has subscribed to them\. .*EVENTS=1/,
      ),
      "Docker's events arrive again",
    ]);
  });
});
