import { PublicIpWatch } from '../../src/activities/port/public-ip-watch';
import { GluetunError } from '../../src/clients/gluetun/client';
import type { PublicIp } from '../../src/domain/vpn/observation';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

/** A VPN whose address is set by the test at each question. */
class Asked {
  readonly memory: { publicIp: string | null; publicIpRefusal: string | null; confirmedIp: PublicIp | null } = {
    publicIp: null,
    publicIpRefusal: null,
    confirmedIp: null,
  };
  readonly refusals: string[] = [];
  readonly confirmed: string[] = [];
  private readonly stopping = new AbortController();
  healthy: boolean | null = true;
  asked = 0;
  failure = new Error('no address');
  readonly watch: PublicIpWatch;

  constructor(address: (question: number) => string | null) {
    this.watch = new PublicIpWatch({
      memory: this.memory,
      read: async () => {
        const answer = address(this.asked++);
        if (answer === null) throw this.failure;
        return answer;
      },
      vpnIsHealthy: () => this.healthy,
      signal: this.stopping.signal,
      changed: () => this.confirmed.push(this.memory.confirmedIp?.address ?? ''),
      refused: (reason) => this.refusals.push(reason),
    });
    void this.watch.run();
  }

  pass(ms: number): Promise<void> {
    return jest.advanceTimersByTimeAsync(ms);
  }

  stop(): void {
    this.stopping.abort();
  }
}

test('an address counts once it was read twice, and is then read each minute, or at once on request', async () => {
  let address = 'a';
  const vpn = new Asked(() => address);
  await vpn.pass(0);
  expect([vpn.memory.publicIp, vpn.confirmed]).toEqual(['a', []]);
  await vpn.pass(1_000);
  expect(vpn.confirmed).toEqual(['a']);
  await vpn.pass(59_000);
  expect(vpn.asked).toBe(2);
  address = 'b';
  vpn.watch.readNow();
  await vpn.pass(1_000);
  expect(vpn.confirmed).toEqual(['a', 'b']);
  vpn.stop();
});

test('if a provider shows another address each time, none counts, and reads are not more frequent', async () => {
  const vpn = new Asked((question) => (question % 2 === 0 ? 'a' : 'b'));
  await vpn.pass(10 * 60_000);
  expect(vpn.confirmed).toEqual([]);
  expect(vpn.asked).toBeLessThan(20);
  vpn.stop();
});

test('after a failed read no address is shown but the last one still counts, until the VPN is unhealthy', async () => {
  let address: string | null = 'a';
  const vpn = new Asked(() => address);
  await vpn.pass(1_000);
  address = null;
  await vpn.pass(60_000);
  expect(vpn.memory).toMatchObject({ publicIp: null, confirmedIp: { address: 'a' } });
  vpn.healthy = false;
  await vpn.pass(60_000);
  expect(vpn.memory).toMatchObject({ publicIp: null, confirmedIp: null });
  vpn.stop();
});

test('a refusal of the control server is reported once for each reason, and again after a success', async () => {
  let address: string | null = null;
  const vpn = new Asked(() => address);
  await vpn.pass(10_000);
  expect(vpn.refusals).toEqual([]);
  vpn.failure = new GluetunError('the role lacks the route', 'unauthorized');
  await vpn.pass(60_000);
  expect(vpn.refusals).toEqual(['the role lacks the route']);
  address = 'a';
  await vpn.pass(10_000);
  address = null;
  await vpn.pass(70_000);
  expect(vpn.refusals).toHaveLength(2);
  vpn.stop();
});
