import { Turns } from '../../src/activities/engine/turns';

/** Work that ends when the test says so. */
class Work {
  begun = false;
  end: () => void = () => {};
  fail: () => void = () => {};

  readonly run = (): Promise<void> => {
    this.begun = true;
    return new Promise((resolve, reject) => {
      this.end = resolve;
      this.fail = () => reject(new Error('it failed'));
    });
  };
}

const never = new AbortController().signal;
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

test('two run at once, and the others in order when one ends or fails', async () => {
  const turns = new Turns([['one', 2]]);
  const works = Array.from({ length: 5 }, () => new Work());
  const runs = works.map((work) => turns.run('one', never, work.run).catch(String));
  const begun = async () => {
    await settled();
    return works.map((w) => w.begun);
  };
  expect(await begun()).toEqual([true, true, false, false, false]);
  works[1]?.end();
  expect(await begun()).toEqual([true, true, true, false, false]);
  works[0]?.fail();
  expect(await begun()).toEqual([true, true, true, true, false]);
  works[2]?.end();
  works[3]?.end();
  expect(await begun()).toEqual([true, true, true, true, true]);
  works[4]?.end();
  expect(await Promise.all(runs)).toEqual(['Error: it failed', undefined, undefined, undefined, undefined]);
});

test('cancelled work leaves the queue, and takes no turn from others', async () => {
  const turns = new Turns([['one', 1]]);
  const [first, second, third] = [new Work(), new Work(), new Work()];
  const leaving = new AbortController();
  const runs = [
    turns.run('one', never, first.run),
    turns.run('one', leaving.signal, second.run).catch(String),
    turns.run('one', never, third.run),
  ];
  await settled();
  leaving.abort(new Error('cancelled'));
  first.end();
  await settled();
  third.end();
  expect(await Promise.all(runs)).toEqual([undefined, 'Error: cancelled', undefined]);
  expect(second.begun).toBe(false);
  await expect(turns.run('one', leaving.signal, second.run)).rejects.toThrow('cancelled');
});

test('no work starts while other work waits in an earlier lane, and no lane uses the limit of another', async () => {
  const turns = new Turns([
    ['first', 1],
    ['second', 1],
  ]);
  const [a, b, c, d] = [new Work(), new Work(), new Work(), new Work()];
  const leaving = new AbortController();
  const runs = [
    turns.run('first', never, a.run),
    turns.run('second', never, b.run),
    turns.run('first', leaving.signal, c.run).catch(String),
    turns.run('second', never, d.run),
  ];
  await settled();
  expect([a, b, c, d].map((w) => w.begun)).toEqual([true, true, false, false]);
  b.end();
  await settled();
  expect(d.begun).toBe(false);
  leaving.abort(new Error('cancelled'));
  await settled();
  expect([c.begun, d.begun]).toEqual([false, true]);
  a.end();
  d.end();
  await Promise.all(runs);
});
