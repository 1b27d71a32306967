import { allocate } from '../../src/workflows/vpn/decide/ports';
import { newVpnData, type VpnData } from '../../src/workflows/vpn/data';
import { plainEngine, replacement, vpnSettings } from '../builders';

// For which engines being released a new engine waits.

const [draining, going] = [plainEngine(19_000), plainEngine(19_001)];

/** Two engines are being released by replacements of their own; the first one has streams to finish. */
function releasing(change: Parameters<typeof vpnSettings>[0] = {}): VpnData {
  const settings = vpnSettings({
    httpPorts: { first: 19_000, last: 19_001 },
    httpsPorts: { first: 45_000, last: 45_001 },
    ...change,
  });
  return {
    ...newVpnData(settings, 'abcdef12'),
    evicted: [draining, going],
    replacements: [
      replacement({ number: 1, old: [draining], draining: [draining.id], target: null }),
      replacement({ number: 2, old: [going], target: null }),
    ],
  };
}

test('with all ports in use a new engine waits for an engine that is stopped at once, not for one that finishes its streams', () => {
  expect(allocate(releasing(), null, 3)).toEqual({ httpPort: 19_001, httpsPort: 45_001, waitFor: [going.id] });
});

describe('where a new engine may not run beside the old one', () => {
  const roomy = { httpPorts: { first: 19_000, last: 19_009 }, httpsPorts: { first: 45_000, last: 45_009 } };
  const oneAtATime = releasing({ ...roomy, oneAtATime: true });

  test('it waits for all engines being released that have no successor', () => {
    expect(allocate(oneAtATime, null, 3).waitFor).toEqual([draining.id, going.id]);
  });

  test('it does not wait for a surplus engine, whose streams may go on for a day', () => {
    const [first, second] = oneAtATime.replacements;
    const replacements = [...(first ? [{ ...first, cause: 'surplus' as const }] : []), ...(second ? [second] : [])];
    expect(allocate({ ...oneAtATime, replacements }, null, 3).waitFor).toEqual([going.id]);
  });

  test('it waits for an engine with another successor only if that holds its port', () => {
    const [first, second] = oneAtATime.replacements;
    const target = replacement().target;
    const replacements = [...(first ? [{ ...first, target }] : []), ...(second ? [second] : [])];
    expect(allocate({ ...oneAtATime, replacements }, null, 3).waitFor).toEqual([going.id]);
    expect(allocate({ ...oneAtATime, replacements }, null, 1).waitFor).toEqual([draining.id, going.id]);
    const holding = { ...oneAtATime, replacements, evicted: [{ ...draining, p2pPort: 40_000 }, going] };
    expect(allocate(holding, 40_000, 3).waitFor).toEqual([draining.id, going.id]);
  });
});
