// The fleet's real workflow, and in place of VPNs' workflows ones that say what a test tells them to.
import { condition, defineQuery, defineSignal, setHandler } from '@temporalio/workflow';
import type { PoolFacts } from '../../src/domain/pool';
import { poolQuery, setTargetSignal } from '../../src/workflows/messages';
import { pool } from '../../src/workflows/pool-sink';

export { fleet } from '../../src/workflows/fleet';

export interface StandInFacts extends Partial<PoolFacts> {
  /** Nobody is told that something has changed. */
  readonly silently?: boolean;
}
export const setFactsSignal = defineSignal<[StandInFacts]>('setFacts');
/** All targets that it was told, oldest first. */
export const toldQuery = defineQuery<number[]>('told');

export async function vpn({ name, target }: { name: string; target: number }): Promise<void> {
  let facts: PoolFacts = { condition: 'healthy', engines: target, busy: 0, target };
  const told: number[] = [];
  setHandler(poolQuery, () => facts);
  setHandler(toldQuery, () => told);
  setHandler(setFactsSignal, ({ silently = false, ...change }) => {
    facts = { ...facts, ...change };
    if (!silently) pool.changed(name);
  });
  setHandler(setTargetSignal, (value) => {
    told.push(Number(value));
    facts = { ...facts, target: Number(value), engines: Number(value) };
    pool.changed(name);
  });
  await condition(() => false);
}
