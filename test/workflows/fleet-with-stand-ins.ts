// The real fleet workflow, and stand-ins for VPNs' workflows, which report what the test sets.
import {
  condition,
  defineQuery,
  defineSignal,
  getExternalWorkflowHandle,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { fleetWorkflowId } from '../../src/domain/names';
import type { PoolState } from '../../src/domain/fleet/pool';
import { reportedSignal } from '../../src/workflows/fleet/messages';
import { reportSignal, setTargetSignal } from '../../src/workflows/vpn/messages';

export { fleet } from '../../src/workflows/fleet/workflow';

export const setPoolStateSignal = defineSignal<[Partial<PoolState>]>('setPoolState');
/** All targets that it was sent, oldest first. */
export const toldQuery = defineQuery<number[]>('told');

/** How often it was asked to report. */
export const askedQuery = defineQuery<number>('asked');

interface StandIn {
  readonly name: string;
  readonly target: number;
  /** It sends no reports. */
  readonly isMute?: boolean;
}

export async function vpn({ name, target, isMute = false }: StandIn): Promise<void> {
  const { workflowId, runId } = workflowInfo();
  const [, instance = ''] = workflowId.split('/');
  let facts: PoolState = { condition: 'healthy', engines: target, busy: 0, reserved: 0, target };
  const told: number[] = [];
  let due = 1;
  const report = () => due++;
  setHandler(toldQuery, () => told);
  let asked = 0;
  setHandler(askedQuery, () => asked);
  setHandler(reportSignal, () => {
    asked++;
    report();
  });
  setHandler(setPoolStateSignal, (change) => {
    facts = { ...facts, ...change };
    report();
  });
  setHandler(setTargetSignal, (value) => {
    told.push(value);
    facts = { ...facts, target: value, engines: value };
    report();
  });
  for (let sent = 0; ;) {
    await condition(() => due > sent && !isMute);
    sent = due;
    // The fleet workflow is not there yet. It asks when it begins.
    await getExternalWorkflowHandle(fleetWorkflowId(instance))
      .signal(reportedSignal, { vpn: name, incarnation: runId, facts })
      .catch(() => {});
  }
}
