import { exitSeen, interrupted, noExitAddress, type ExitAddress } from '../../src/workflows/vpn/observe/exit-address';

/** One session, with a read of the address at each step. */
class Tunnel {
  exit: ExitAddress = noExitAddress;
  now = 1_000;

  /** @returns since when the tunnel is another one; null: it is not */
  reads(address: string | null, at = this.now): number | null {
    this.now += 60_000;
    const { exit, reconnectedAt } = exitSeen(this.exit, address === null ? undefined : { address, at }, this.now);
    this.exit = exit;
    return reconnectedAt;
  }

  /** The port comes, goes or changes. */
  isInterrupted(): number {
    this.exit = interrupted(this.exit, this.now);
    return this.now;
  }
}

test('the first address, the same address, and one that can not be read are no reconnection', () => {
  const tunnel = new Tunnel();
  expect([null, 'a', 'a', null, 'a'].map((address) => tunnel.reads(address))).toEqual([null, null, null, null, null]);
});

test('another address is a reconnection, at the time at which the port last went or changed', () => {
  const tunnel = new Tunnel();
  tunnel.reads('a');
  expect(tunnel.reads('b')).toBe(tunnel.now);
  const at = tunnel.isInterrupted();
  expect(tunnel.reads('c')).toBe(at);
  expect(tunnel.reads('c')).toBeNull();
});

test('a port that is only renewed, with the same address after it, is no reconnection, and explains none later', () => {
  const tunnel = new Tunnel();
  tunnel.reads('a');
  tunnel.isInterrupted();
  expect(tunnel.reads('a')).toBeNull();
  expect(tunnel.reads('b')).toBe(tunnel.now);
});

test('an address that was read before the port changed is ignored', () => {
  const tunnel = new Tunnel();
  tunnel.reads('a');
  const before = tunnel.now;
  tunnel.now += 1_000;
  const at = tunnel.isInterrupted();
  expect(tunnel.reads('a', before)).toBeNull();
  expect(tunnel.reads('b')).toBe(at);
});

test('a provider that alternates between several addresses does not reconnect each time', () => {
  const tunnel = new Tunnel();
  const addresses = ['a', 'b', 'c', 'a', 'b', 'c', 'b', 'a'];
  expect(addresses.filter((address) => tunnel.reads(address) !== null)).toEqual(['b', 'c']);
  // Unless the port changes, too.
  const at = tunnel.isInterrupted();
  expect(tunnel.reads('c')).toBe(at);
});
