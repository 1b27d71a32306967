import { engineName } from '../../src/domain/names';
import { session, type EngineCondition } from '../../src/domain/vpn/observation';
import { newVpnData } from '../../src/workflows/vpn/data';
import { VpnState } from '../../src/workflows/vpn/state';
import { DAY, forwardedEngine, plainEngine, presentVpn, snapshot, vpnSettings } from '../builders';
import { accept } from '../../src/workflows/vpn/observe/accept';
import { takeDecision } from '../../src/workflows/vpn/decide/take-decision';
import { provision } from '../../src/workflows/vpn/requests/provision';
import { remove } from '../../src/workflows/vpn/requests/removal';
import { engineMade, engineReady } from '../../src/workflows/vpn/observe/engine-reports';
import { replacementEnded } from '../../src/workflows/vpn/observe/replacement-reports';
import { listedEngines } from '../../src/workflows/vpn/views/lists';

// Removal of engines that do not answer yet.

const request = { requestId: 'provision-1', labels: {}, sealedEnv: null, httpPort: null };

function runs(id: string): EngineCondition {
  return { id, running: true, startedAt: DAY, networkOf: 'vpn-container', health: 'healthy' };
}

test('an engine without a container is removed by the name that its container would have', () => {
  const state = new VpnState({
    ...newVpnData(vpnSettings({ targetEngines: 1 }), 'abcdef12'),
    snapshot: snapshot(65_290),
    engines: [forwardedEngine(19_000, 65_290)],
  });
  const { replacement } = provision(state, request, DAY);
  const name = engineName('plain', 'gluetun', 'abcdef12', replacement.number, 1);
  const { replacement: given, effect } = remove(state, name, DAY);
  expect(given).toMatchObject({ id: replacement.id, target: null, old: [] });
  expect(effect?.kind).toBe('abandon');
  expect(() => remove(state, name, DAY)).toThrow(`no engine '${name}'`);

  // A container of it may still come, so nobody gets its ports until its replacement has ended.
  const ports = () => {
    const { target } = provision(
      state,
      { ...request, requestId: `provision-${state.data.nextNumber}` },
      DAY,
    ).replacement;
    return [target?.httpPort, target?.httpsPort];
  };
  const first = [replacement.target?.httpPort, replacement.target?.httpsPort];
  expect(ports()).not.toEqual(first);
  replacementEnded(
    state,
    { incarnation: 'abcdef12', number: replacement.number, generation: null, failedAttempts: 0 },
    DAY,
  );
  expect(ports()).toEqual(first);
});

test("a removed forwarded engine without a container gets a successor with the cause 'removed', and does not count as failed", () => {
  const state = new VpnState({
    ...newVpnData(vpnSettings({ targetEngines: 1 }), 'abcdef12'),
    snapshot: snapshot(65_290),
    snapshotRevision: 0,
  });
  const [first] = takeDecision(state, DAY).effects;
  if (first?.kind !== 'start') throw new Error('an engine was expected');
  const { number } = first.replacement;
  remove(state, engineName('forwarded', 'gluetun', 'abcdef12', number, 1), DAY);
  accept(state, snapshot(65_290), state.data.revision, DAY);
  expect(takeDecision(state, DAY).effects).toMatchObject([
    { kind: 'start', replacement: { cause: 'removed', target: { role: 'forwarded' } } },
  ]);
});

test('an engine that answers just when it is removed is never listed, and is removed after the next snapshot', () => {
  const forwarded = forwardedEngine(19_000, 65_290);
  const state = new VpnState({
    ...newVpnData(vpnSettings({ targetEngines: 1 }), 'abcdef12'),
    snapshot: snapshot(65_290, { engines: [runs(forwarded.id)] }),
    snapshotRevision: 0,
    engines: [forwarded],
  });
  const { replacement } = provision(state, request, DAY);
  const child = { incarnation: 'abcdef12', number: replacement.number, generation: 1 };
  const made = plainEngine(replacement.target?.httpPort ?? 0, { id: 'late', name: 'late' });
  engineMade(state, { ...child, id: made.id, name: made.name }, DAY);
  const { effect } = remove(state, made.id, DAY);
  expect(effect).toMatchObject({ kind: 'abandon', replacement: { id: replacement.id } });

  // Its replacement had brought it up before the signal came, and has ended.
  engineReady(state, { ...child, engine: made, session: session(presentVpn()) ?? '' }, DAY);
  expect(state.data.engines).toEqual([forwarded]);
  replacementEnded(state, { ...child, failedAttempts: 0 }, DAY);
  expect(state.data.replacements).toMatchObject([{ state: 'completed', readyAt: null }]);
  const { revision } = state.data;
  accept(state, snapshot(65_290, { engines: [runs(forwarded.id), runs(made.id)] }), revision, DAY);
  expect(listedEngines(state.data, DAY)?.map((e) => e.id)).toEqual([forwarded.id]);
  expect(takeDecision(state, DAY).effects).toMatchObject([
    { kind: 'start', replacement: { cause: 'left over', old: [{ id: made.id }], target: null } },
  ]);
});
