import { setMaxListeners } from 'node:events';
import { PortWatch, type PortFailure } from '../../src/activities/port/port-watch';
import type { PortRead, PortReading } from '../../src/domain/vpn/observation';
import { until } from '../simulator/until';

/** A control server that answers when the test says so. */
class Answers {
  private readonly asked: { resolve: (port: number) => void; reject: (reason: Error) => void }[] = [];
  private answered = 0;

  readonly read = (): Promise<PortRead> => this.answer();

  protected async answer(): Promise<PortRead> {
    const port = await new Promise<number>((resolve, reject) => this.asked.push({ resolve, reject }));
    return { port, at: Date.now(), index: 0 };
  }

  async underWay() {
    await until('a read', () => this.asked.length > this.answered);
    const read = this.asked[this.answered++];
    if (!read) throw new Error('no read is under way');
    return read;
  }
}

/** There is no port until the test says otherwise. */
class Failing extends Answers {
  isOver = false;

  override readonly read = async (): Promise<PortRead> => {
    if (!this.isOver) throw new Error('port 0');
    return this.answer();
  };
}

const ending = new AbortController();
setMaxListeners(0, ending.signal);
afterAll(() => ending.abort());

function watching(memory: { portFailure: PortFailure | null } = { portFailure: null }, answers = new Answers()) {
  const readings: PortReading[] = [];
  const watch: PortWatch = new PortWatch({
    memory,
    read: answers.read,
    intervalMs: 3_600_000,
    signal: ending.signal,
    onReading: (reading) => readings.push(reading),
    changed: () => {},
  });
  void watch.run();
  watch.vpnIs(true);
  return { answers, watch, readings };
}

/** The single read that follows when the VPN has become healthy. */
async function known(port: number) {
  const at = watching();
  const { answers, watch } = at;
  (await answers.underWay()).resolve(port);
  await until('the port', () => watch.reading.kind === 'known');
  expect(watch.isDoubted).toBe(false);
  return at;
}

test.concurrent('after a loss, only a port counts that was asked for afterwards', async () => {
  const { answers, watch, readings } = await known(40_648);
  watch.doubt();
  const second = await answers.underWay();
  watch.doubt();
  second.resolve(40_648);
  await until('the answer', () => readings.length === 2);
  expect(watch.isDoubted).toBe(true);
  (await answers.underWay()).resolve(40_649);
  await until('the new port', () => watch.reading.kind === 'known' && watch.reading.port === 40_649);
  expect(watch.isDoubted).toBe(false);
});

test.concurrent('a control server that hangs leaves the port in doubt for a second, not longer', async () => {
  const { answers, watch } = await known(40_648);
  watch.doubt();
  await answers.underWay();
  expect(watch.isDoubted).toBe(true);
  await until('an end of the doubt', () => !watch.isDoubted);
  expect(watch.reading).toMatchObject({ kind: 'known', port: 40_648 });
});

test.concurrent('loss after loss, while the control server hangs, does not hold the port in doubt', async () => {
  const { watch } = await known(40_648);
  watch.doubt();
  const doubted: boolean[] = [];
  // In total longer than the doubt of one loss lasts.
  const losing = setInterval(() => {
    doubted.push(watch.isDoubted);
    watch.doubt();
  }, 300);
  try {
    await until('a loss that found the port out of doubt again', () => doubted.includes(false), 20_000);
  } finally {
    clearInterval(losing);
  }
  expect(doubted[0]).toBe(true);
  expect(watch.reading).toMatchObject({ kind: 'known', port: 40_648 });
});

test.concurrent('a read that fails is made again before the port is unknown', async () => {
  const { answers, watch, readings } = await known(40_648);
  watch.doubt();
  (await answers.underWay()).reject(new Error('port 0'));
  const again = await answers.underWay();
  expect(watch.reading).toMatchObject({ kind: 'known', port: 40_648 });
  expect(watch.isDoubted).toBe(true);
  again.resolve(40_649);
  await until('the new port', () => !watch.isDoubted);
  expect(readings.map((reading) => reading.kind)).toEqual(['known', 'known']);
});

test.concurrent('the last port does not count again when a control server has no port and then hangs', async () => {
  const { answers, watch } = await known(40_648);
  watch.doubt();
  (await answers.underWay()).reject(new Error('port 0'));
  await answers.underWay();
  const believed = await until('an end of the doubt', () => (watch.isDoubted ? null : watch.reading));
  expect(believed).toMatchObject({ kind: 'unknown', reason: 'port 0' });
});

test.concurrent('between failed reads and their result the last port never counts', async () => {
  const { answers, watch } = await known(40_648);
  watch.doubt();
  const believed: PortReading[] = [];
  const looking = setInterval(() => watch.isDoubted || believed.push(watch.reading), 1);
  try {
    while (watch.reading.kind === 'known') (await answers.underWay()).reject(new Error('port 0'));
  } finally {
    clearInterval(looking);
  }
  expect(believed.filter((reading) => reading.kind === 'known')).toEqual([]);
});

test.concurrent('a watch that begins while reads fail counts from the first failed read', async () => {
  const failure = { since: performance.now() - 900, reason: 'port 0', none: true, stopped: false };
  const memory: { portFailure: PortFailure | null } = { portFailure: failure };
  const began = performance.now();
  const { watch } = watching(memory, new Failing());
  const reading = await until('an end of the doubt', () => (watch.reading.kind === 'unknown' ? watch.reading : null));
  expect(reading.forMs).toBeGreaterThan(performance.now() - began);
  // A VPN that was unhealthy in between begins anew.
  watch.vpnIs(false);
  expect(memory.portFailure).toBeNull();
});

test.concurrent('a read that ends when the VPN is not healthy any more says nothing', async () => {
  const { answers, watch, readings } = watching();
  const read = await answers.underWay();
  watch.vpnIs(false);
  read.resolve(40_648);
  await new Promise(setImmediate);
  expect(readings).toEqual([]);
  expect(watch.reading).toEqual({ kind: 'unasked' });
  watch.vpnIs(true);
  expect(watch.reading).toEqual({ kind: 'pending' });
  (await answers.underWay()).resolve(40_649);
  await until('the port', () => readings.length === 1);
});

test.concurrent('while the VPN can not be seen the last reading stays, and it is read anew when it can', async () => {
  const { answers, watch } = await known(40_648);
  watch.vpnIs(null);
  expect(watch.reading).toMatchObject({ kind: 'known', port: 40_648 });
  watch.vpnIs(true);
  (await answers.underWay()).resolve(40_649);
  await until('the new port', () => watch.reading.kind === 'known' && watch.reading.port === 40_649);
});

test.concurrent('a hint has it read at once, and says nothing by itself', async () => {
  const { answers, watch, readings } = await known(40_648);
  watch.hint();
  const read = await answers.underWay();
  expect([watch.reading, watch.isDoubted]).toMatchObject([{ kind: 'known', port: 40_648 }, false]);
  read.resolve(40_648);
  await until('the answer', () => readings.length === 2);
  expect(watch.reading).toMatchObject({ kind: 'known', port: 40_648 });
});

test.concurrent('a hint during a read leads to another read, and the present one still counts', async () => {
  const { answers, watch } = await known(40_648);
  watch.hint();
  const under = await answers.underWay();
  watch.hint();
  under.resolve(40_649);
  await until('the new port', () => watch.reading.kind === 'known' && watch.reading.port === 40_649);
  expect(watch.isDoubted).toBe(false);
  await answers.underWay();
});

test.concurrent(
  'after a hint the port is read again soon until it has come, even after a long time without a port',
  async () => {
    const answers = new Failing();
    const { watch } = watching(undefined, answers);
    await until('an end of the doubt', () => watch.reading.kind === 'unknown');
    answers.isOver = true;
    watch.hint();
    const hinted = performance.now();
    (await answers.underWay()).reject(new Error('port 0'));
    (await answers.underWay()).reject(new Error('port 0'));
    (await answers.underWay()).resolve(40_649);
    await until('the port', () => watch.reading.kind === 'known');
    // Without a hint it would be read after an hour.
    expect(performance.now() - hinted).toBeLessThan(60_000);
  },
);
