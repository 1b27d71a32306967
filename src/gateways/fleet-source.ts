import { WorkflowUpdateStage, type Client } from '@temporalio/client';
import { fleetWorkflowId } from '../domain/names';
import { settledWithin } from '../lib/pause';
import { scaleUpdate } from '../workflows/fleet/messages';

/** What the API wants of the workflow that sets how many engines each VPN keeps. Tests put their own in its place. */
export interface FleetSource {
  /**
   * How many engines there shall be over all VPNs. The workflow has taken it up, and as a rule every VPN has been told
   * its part by then: what a VPN is told from now on comes after that. @throws when it has not been taken up
   */
  scale(engines: number): Promise<void>;
}

const TAKEN_UP_WITHIN_MS = 2_000;
/** Clients may give up after 3 s. */
const ANSWER_WITHIN_MS = 2_700;

export class TemporalFleetSource implements FleetSource {
  constructor(
    private readonly client: Client,
    private readonly instance: string,
  ) {}

  async scale(engines: number): Promise<void> {
    const workflow = this.client.workflow.getHandle(fleetWorkflowId(this.instance));
    const begun = performance.now();
    const update = await this.client.connection.withDeadline(Date.now() + TAKEN_UP_WITHIN_MS, () =>
      workflow.startUpdate(scaleUpdate, { args: [engines], waitForStage: WorkflowUpdateStage.ACCEPTED }),
    );
    const left = ANSWER_WITHIN_MS - (performance.now() - begun);
    const answered = this.client.connection.withDeadline(Date.now() + left, () => update.result());
    // It holds: a VPN that can't be told now is told later.
    await settledWithin(left, answered);
  }
}
