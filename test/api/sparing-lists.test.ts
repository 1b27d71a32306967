import { SparingLists } from '../../src/api/sparing-lists';
import type { VpnLists } from '../../src/api/vpn-source';

/** A workflow of which somebody asks all the time. */
class Asked {
  now = 0;
  events = 1;
  queries = 0;
  positions = 0;
  /** What happens while the server answers. */
  meanwhile: () => void = () => {};
  serverAnswers = true;
  workerAnswers = true;
  last: VpnLists | null = null;
  private readonly lists = new SparingLists(
    {
      position: async () => {
        this.positions++;
        if (!this.serverAnswers) throw new Error('no answer within 100 ms');
        const position = `run@${this.events}`;
        this.meanwhile();
        return position;
      },
      lists: async () => {
        this.queries++;
        if (!this.workerAnswers) throw new Error('no answer within 500 ms');
        const version = String(this.events);
        return { engines: { version, engines: [], hidden: [] }, streams: { version, streams: [] } };
      },
    },
    () => this.now,
  );

  /** The version that it gets. */
  async after(ms: number): Promise<string> {
    this.now += ms;
    this.last = await this.lists.ask(this.last);
    return this.last.engines.version;
  }
}

async function askedOften(): Promise<Asked> {
  const asked = new Asked();
  await asked.after(0);
  await asked.after(50);
  expect([asked.queries, asked.positions]).toEqual([2, 1]);
  return asked;
}

test('a workflow whose history has no further event is not asked again for 300 ms', async () => {
  const asked = await askedOften();
  for (let i = 0; i < 5; i++) expect(await asked.after(50)).toBe('1');
  expect([asked.queries, asked.positions]).toEqual([2, 6]);
  await asked.after(50);
  expect(asked.queries).toBe(3);
});

test('every event has it asked at once', async () => {
  const asked = await askedOften();
  asked.events++;
  expect(await asked.after(1)).toBe('2');
});

test('what happens between the two questions is not taken for known', async () => {
  const asked = new Asked();
  await asked.after(0);
  asked.meanwhile = () => asked.events++;
  expect(await asked.after(50)).toBe('2');
  asked.meanwhile = () => {};
  expect(await asked.after(50)).toBe('2');
  expect(asked.queries).toBe(3);
});

test('who asks seldom asks the workflow alone', async () => {
  const asked = new Asked();
  for (let i = 0; i < 3; i++) await asked.after(200);
  expect([asked.queries, asked.positions]).toEqual([3, 0]);
});

test('a worker that is gone is found out within 300 ms, though nothing happens without one', async () => {
  const asked = await askedOften();
  asked.workerAnswers = false;
  await asked.after(150);
  await asked.after(149);
  await expect(asked.after(1)).rejects.toThrow('no answer within 500 ms');
});

test('where the history ends need not be known', async () => {
  const asked = await askedOften();
  asked.serverAnswers = false;
  await asked.after(50);
  await asked.after(50);
  expect(asked.queries).toBe(4);
});

test('of another answer than the last one it is not known whether it holds', async () => {
  const asked = await askedOften();
  asked.last = null;
  await asked.after(50);
  expect(asked.queries).toBe(3);
});
