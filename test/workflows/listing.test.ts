import { carriedOver, restoredFrom } from '../../src/workflows/vpn/carry-over/carried';
import { hidden, listing } from '../../src/workflows/vpn/views/listing';
import { newVpnData, noPort } from '../../src/workflows/vpn/data';
import { DAY, forwardedEngine, plainEngine, presentVpn, snapshot, vpnSettings } from '../builders';

const forwarded = forwardedEngine(19_000, 65_290);
const plain = plainEngine(19_001);
const data = {
  ...newVpnData(vpnSettings(), 'abcdef12'),
  port: { ...noPort, last: 65_290, knownSince: DAY },
  engines: [forwarded, plain],
};
const ids = (engines: readonly { readonly id: string }[] | null) => engines?.map((e) => e.id);

test('an engine that is withheld is not listed, not by the next run either, and remains known (I6)', () => {
  const seen = { ...data, snapshot: snapshot(65_290, { withheld: [forwarded.id] }) };
  for (const state of [seen, restoredFrom(carriedOver(seen))]) {
    const listed = listing(state, DAY) ?? [];
    expect(ids(listed)).toEqual([plain.id]);
    expect(ids(hidden(state, listed))).toEqual([forwarded.id]);
  }
  expect(ids(listing({ ...data, snapshot: snapshot(65_290) }, DAY))).toEqual([forwarded.id, plain.id]);
});

test('a snapshot without all engines brings no list: a part would be taken for the whole', () => {
  const incomplete = snapshot(65_290, { complete: false });
  const seen = { ...data, snapshot: incomplete };
  for (const state of [seen, restoredFrom(carriedOver(seen))]) expect(listing(state, DAY)).toBeNull();
  const unhealthy = { ...incomplete, vpn: presentVpn({ health: 'unhealthy' }) };
  expect(listing({ ...data, snapshot: unhealthy }, DAY)).toEqual([]);
});
