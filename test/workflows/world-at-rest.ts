import { label } from '../../src/domain/names';
import { targetOf } from '../../src/workflows/vpn/pool-state';
import { runningReplacements } from '../../src/workflows/vpn/data';
import type { World } from './world';
import { listedEngines } from '../../src/workflows/vpn/views/lists';

/** The state that the VPN should come to once everything has settled. */
export function assertSettled(world: World): void {
  const list = listedEngines(world.state.data, world.now) ?? [];
  expect(runningReplacements(world.state.data)).toEqual([]);
  expect(world.state.data.evicted).toEqual([]);
  const forwarded = list.filter((e) => e.forwarded);
  expect(forwarded.map((e) => e.p2pPort)).toEqual([world.port]);
  expect([...world.containers.values()].filter((c) => c.role === 'forwarded').map((c) => c.p2pPort)).toEqual([
    world.port,
  ]);
  for (const { name, networkOf, startedAt, ill = false } of world.containers.values()) {
    expect([name, ill]).toEqual([name, false]);
    const { vpn } = world;
    // An engine that was started in a former session has no network.
    const run = vpn.kind === 'present' ? vpn : null;
    expect({ name, networkOf, alive: startedAt >= (run?.startedAt ?? Infinity) }).toEqual({
      name,
      networkOf: run?.id,
      alive: true,
    });
  }
  expect([...world.containers.keys()].toSorted()).toEqual(list.map((e) => e.id).toSorted());
  assertPoolSettled(world);
}

/** There are as many engines as wanted, and beyond these only busy ones and ones that Portward has not made. */
function assertPoolSettled({ state, containers, playing }: World): void {
  const surplus = containers.size - targetOf(state.data);
  expect(surplus).toBeGreaterThanOrEqual(0);
  const idle = [...containers.values()].filter(
    (c) =>
      c.role === 'plain' && c.labels[label.replacement] !== undefined && !playing.some((s) => s.containerId === c.id),
  );
  if (surplus > 0) expect(idle).toEqual([]);
  for (const { containerId } of playing) expect(containers.has(containerId)).toBe(true);
}
