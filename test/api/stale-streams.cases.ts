import { StaleStreams } from '../../src/api/streams/stale-streams';
import { FOUND_STALE } from '../../src/domain/streams/end-reason';
import { DAY } from '../builders';
import { stream } from '../stream-events';

const stale = (id: string) => stream(id, { endedAt: DAY, endReason: FOUND_STALE });

export function staleStreamsCases(): void {
  test('each stream that is found stale counts once, even after it has left the list', () => {
    const found = new StaleStreams();
    found.see('gluetun', [stream('a'), stream('b')]);
    expect(found.total).toBe(0);
    found.see('gluetun', [stale('a'), stream('b')]);
    found.see('gluetun', [stale('a'), stream('b', { endedAt: DAY, endReason: 'client left' })]);
    expect(found.total).toBe(1);
    found.see('gluetun', [stale('c')]);
    expect(found.total).toBe(2);
    found.see('gluetun', []);
    expect(found.total).toBe(2);
  });

  test('streams that were found stale before this process began do not count', () => {
    const found = new StaleStreams();
    found.see('gluetun', [stale('a')]);
    found.see('gluetun', [stale('a'), stale('b')]);
    expect(found.total).toBe(1);
  });

  test('the first list of a VPN adds nothing, even if another VPN was counted before', () => {
    const found = new StaleStreams();
    found.see('gluetun', []);
    found.see('gluetun', [stale('a')]);
    found.see('late', [stale('b')]);
    expect(found.total).toBe(1);
  });
}
