import { VpnDoubt } from '../../src/activities/observe/vpn-doubt';
import { presentVpn } from '../builders';

const vpn = presentVpn();
const event = (action: string, attributes: Record<string, string> = {}) => ({ action, id: vpn.id, attributes });
const kill = (signal: string) => event('kill', { signal });

/** The doubt of a VPN that was observed, and whose control server has answered. */
function calm(): VpnDoubt {
  const doubt = new VpnDoubt();
  doubt.snapshotTaken(vpn, 0);
  doubt.controlServerAnswers();
  return doubt;
}

test.each([kill('15'), kill('9'), kill('1'), event('die'), event('stop'), event('health_status: unhealthy')])(
  '%j puts the VPN in doubt for a while',
  (sign) => {
    const doubt = calm();
    expect(doubt.received(sign, 1_000)).toBe(true);
    expect(doubt.isOpen(1_000)).toBe(true);
    expect(doubt.isOpen(20_000)).toBe(false);
  },
);

test.each([event('start'), event('health_status: healthy'), event('oom')])('%j does not', (other) => {
  const doubt = calm();
  expect(doubt.received(other, 1_000)).toBe(false);
  expect(doubt.isOpen(1_000)).toBe(false);
});

test('a VPN whose process has ended is gone, until Docker was asked afterwards', () => {
  const doubt = calm();
  doubt.received(event('die'), 1_000);
  expect(doubt.isGone(1_000)).toBe(true);
  // This question was sent before, and is answered only after Docker has taken the container down.
  doubt.snapshotTaken(vpn, 900);
  expect(doubt.isGone(1_000)).toBe(true);
  doubt.snapshotTaken(vpn, 1_100);
  expect(doubt.isGone(1_200)).toBe(false);
});

test('a VPN that was sent an ending signal is gone once its control server refuses connections, before or after', () => {
  for (const signal of ['15', '9']) {
    const doubt = calm();
    doubt.received(kill(signal), 1_000);
    expect(doubt.isGone(1_000)).toBe(false);
    expect(doubt.controlServerRefuses(1_100)).toBe(true);
    expect(doubt.isGone(1_100)).toBe(true);
    doubt.controlServerAnswers();
    expect(doubt.isGone(1_200)).toBe(false);
  }
  const doubt = calm();
  doubt.controlServerRefuses(1_000);
  doubt.received(kill('9'), 1_100);
  expect(doubt.isGone(1_100)).toBe(true);
});

test('a signal that does not end a process, or a restart of only the control server, hides no engine', () => {
  const hungUp = calm();
  hungUp.received(kill('1'), 1_000);
  hungUp.controlServerRefuses(1_100);
  const restarted = calm();
  restarted.controlServerRefuses(1_000);
  expect([hungUp.isGone(1_200), restarted.isGone(1_200)]).toEqual([false, false]);
  expect(restarted.isOpen(1_000)).toBe(true);
});

test('refusals of a control server that was never reached, and repeated refusals, are no sign', () => {
  const unreached = new VpnDoubt();
  unreached.snapshotTaken(vpn, 0);
  expect(unreached.controlServerRefuses(1_000)).toBe(false);
  unreached.received(kill('15'), 1_000);
  expect(unreached.isGone(1_100)).toBe(false);
  const doubt = calm();
  expect([doubt.controlServerRefuses(1_000), doubt.controlServerRefuses(1_200)]).toEqual([true, false]);
});

test('another run of the container begins without the earlier signs', () => {
  const doubt = calm();
  doubt.received(kill('15'), 1_000);
  doubt.controlServerRefuses(1_100);
  doubt.snapshotTaken(presentVpn({ startedAt: vpn.startedAt + 5_000 }), 2_000);
  expect(doubt.isGone(2_000)).toBe(false);
});
