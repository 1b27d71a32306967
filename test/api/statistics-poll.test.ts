import { StaleStreams } from '../../src/api/streams/stale-streams';
import { StatisticsPoll } from '../../src/api/streams/statistics-poll';
import { StreamHistory } from '../../src/api/streams/stream-history';
import type { SampleRecords } from '../../src/domain/streams/samples';
import { DAY } from '../builders';
import { stream } from '../stream-events';

/** A poll of two VPNs. `shown` has the stream ids of each VPN that answers. */
function polling() {
  const shown = new Map([['gluetun', ['a', 'b']]]);
  const history = new StreamHistory(10);
  const source = {
    streams: async () => [...shown].map(([vpn, ids]) => ({ vpn, streams: ids.map((id) => stream(id)) })),
    collected: async (vpn: string): Promise<SampleRecords> =>
      Object.fromEntries((shown.get(vpn) ?? []).map((id) => [id, [[DAY, 1, 2, 3, 4, 5, 'dl']]])),
  };
  return { shown, history, poll: new StatisticsPoll(source, history, new StaleStreams(), 2) };
}

test('streams that one VPN no longer has are forgotten, even while another VPN does not answer', async () => {
  const { shown, history, poll } = polling();
  expect(await poll.once()).toBe(true);
  expect(['a', 'b'].map((id) => history.samples(id, null).length)).toEqual([1, 1]);
  shown.set('gluetun', ['b']);
  await poll.once();
  expect(['a', 'b'].map((id) => history.samples(id, null).length)).toEqual([0, 1]);
});

test('streams of a VPN that does not answer are kept', async () => {
  const { shown, history, poll } = polling();
  shown.set('other', ['c']);
  await poll.once();
  shown.delete('other');
  await poll.once();
  expect(history.samples('c', null)).toHaveLength(1);
});
