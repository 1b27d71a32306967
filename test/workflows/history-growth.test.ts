import { followHistory } from '../../src/temporal/history-growth';
import { until } from '../simulator/until';
import { TemporalBench } from './bench';

let bench: TemporalBench;
beforeAll(async () => {
  bench = await TemporalBench.start();
});
afterAll(() => bench.stop());

test('who follows the history of a VPN is told which engines a replacement is begun for, and when no task waits', () =>
  bench.with(async (stand) => {
    await stand.start();
    const { engines } = await stand.untilForwarded(40_000);
    const [old] = engines;
    const begun: unknown[] = [];
    let isSettled = false;
    const stop = new AbortController();
    const following = followHistory(
      bench.client,
      stand.workflowId,
      { grown: (settled) => (isSettled = settled), begun: (child) => begun.push(child), broken: () => undefined },
      stop.signal,
    );
    // What there was before is told of as well.
    await until('the first replacement', () => begun.length === 1 && isSettled);
    stand.port = { kind: 'known', port: 40_001 };
    await until('the next one', () => begun.length === 2);
    expect(begun).toMatchObject([
      { type: 'replaceEngine', input: { cause: 'first engine', old: [] } },
      { type: 'replaceEngine', input: { cause: 'port changed', old: [{ id: old?.id, name: old?.name }] } },
    ]);
    await stand.untilForwarded(40_001);
    await until('no task', () => isSettled);
    stop.abort();
    await following;
  }));
