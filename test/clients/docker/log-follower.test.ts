import { PassThrough } from 'node:stream';
import pino from 'pino';
import type { ContainerDetails, DockerHost } from '../../../src/clients/docker/docker-host';
import { DockerUnreachable } from '../../../src/clients/docker/docker-error';
import { LogFollower } from '../../../src/clients/docker/reading/log-follower';

beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] }));
afterEach(() => jest.useRealTimers());

const SECRET = 'WIREGUARD_PRIVATE_KEY=not-to-be-told';

class Followed {
  asked = 0;
  failure: Error | null = null;
  streams: PassThrough[] = [];
  readonly lines: string[] = [];
  readonly said: { level: number; msg: string }[] = [];
  readonly follower: LogFollower;

  constructor() {
    const followLogs = async (_id: string, signal: AbortSignal) => {
      this.asked++;
      if (this.failure) throw this.failure;
      const stream = new PassThrough();
      signal.addEventListener('abort', () => stream.destroy(new Error('aborted')), { once: true });
      this.streams.push(stream);
      return stream;
    };
    const log = pino({ level: 'trace' }, { write: (line) => void this.said.push(JSON.parse(line) as never) });
    const onLine = (line: string) => this.lines.push(line);
    this.follower = new LogFollower({ followLogs } as unknown as DockerHost, { name: 'gluetun', onLine, log });
  }

  async seenRunning(id = 'a', afterMs = 0): Promise<void> {
    await jest.advanceTimersByTimeAsync(afterMs);
    this.follower.follow({ Id: id, Config: { Tty: true } } as ContainerDetails);
    await new Promise(setImmediate);
  }

  async write(text: string): Promise<void> {
    this.streams.at(-1)?.write(text);
    await new Promise(setImmediate);
  }

  async end(): Promise<void> {
    this.streams.at(-1)?.end();
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  }
}

function refusal(statusCode: number): Error {
  return Object.assign(new Error(`${statusCode}: ${SECRET}`), { statusCode });
}

test("a running container's log is followed once, and that of a re-created container instead", async () => {
  const at = new Followed();
  for (let i = 0; i < 5; i++) await at.seenRunning('a', 1_000);
  await at.write('one\n');
  await at.seenRunning('b');
  expect([at.asked, at.streams[0]?.destroyed]).toEqual([2, true]);
  await at.write('two\n');
  at.follower.stop();
  await new Promise(setImmediate);
  expect([at.lines, at.streams[1]?.destroyed]).toEqual([['one', 'two'], true]);
});

test("after its container's restart a log is followed again at once", async () => {
  const at = new Followed();
  await at.seenRunning();
  await jest.advanceTimersByTimeAsync(60_000);
  await at.end();
  await at.seenRunning();
  expect(at.asked).toBe(2);
});

test('a log that ends at once each time is asked for at growing pauses', async () => {
  const at = new Followed();
  for (let s = 0; s < 600; s++) {
    await at.seenRunning('a', 1_000);
    await at.end();
  }
  expect(at.asked).toBeGreaterThan(8);
  expect(at.asked).toBeLessThan(25);
});

test.each([403, 501, 500])(
  'a refusal of the log with HTTP %d is logged once, at debug level and without secrets, and the log not asked for again',
  async (status) => {
    const at = new Followed();
    at.failure = refusal(status);
    for (let i = 0; i < 100; i++) await at.seenRunning('a', 60_000);
    expect(at.asked).toBe(1);
    await at.seenRunning('b');
    expect(at.asked).toBe(2);
    expect(at.said).toMatchObject([{ level: 20, msg: expect.stringContaining(`HTTP ${status}`) }]);
    expect(JSON.stringify(at.said)).not.toContain(SECRET);
  },
);

test('while Docker is unreachable or the container gone, nothing is logged, and the log is asked for again', async () => {
  const at = new Followed();
  at.failure = new DockerUnreachable('gone', 'ENOENT');
  await at.seenRunning();
  at.failure = refusal(404);
  await at.seenRunning('a', 60_000);
  at.failure = null;
  await at.seenRunning('a', 60_000);
  await at.write('one\n');
  expect([at.asked, at.lines, at.said]).toEqual([3, ['one'], []]);
});

test('nothing that a container writes is logged', async () => {
  const at = new Followed();
  await at.seenRunning();
  await at.write(`${SECRET}\nINFO [port forwarding] port forwarded is 40648\n`);
  await at.end();
  expect(at.said).toEqual([]);
});
