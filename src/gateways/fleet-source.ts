import { WorkflowNotFoundError, WorkflowUpdateStage, type Client } from '@temporalio/client';
import { fleetWorkflowId } from '../domain/names';
import { pauseUntil, settledWithin } from '../lib/pause';
import { scaleUpdate } from '../workflows/fleet/messages';

/** What the API wants of the workflow that sets how many engines each VPN keeps. Tests put their own in its place. */
export interface FleetSource {
  /**
   * How many engines there shall be over all VPNs. The workflow has taken it up, and as a rule every VPN has been told
   * its part by then: what a VPN is told from now on comes after that. @throws when it has not been taken up
   */
  scale(engines: number): Promise<void>;
}

const ASK_AGAIN_MS = 50;
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
    const leftOf = (ms: number) => ms - (performance.now() - begun);
    const update = await untilThere(
      () =>
        this.client.connection.withDeadline(Date.now() + leftOf(TAKEN_UP_WITHIN_MS), () =>
          workflow.startUpdate(scaleUpdate, { args: [engines], waitForStage: WorkflowUpdateStage.ACCEPTED }),
        ),
      () => leftOf(TAKEN_UP_WITHIN_MS) > ASK_AGAIN_MS,
    );
    const left = leftOf(ANSWER_WITHIN_MS);
    const answered = this.client.connection.withDeadline(Date.now() + left, () => update.result());
    // It holds: a VPN that can't be told now is told later.
    await settledWithin(left, answered);
  }
}

/**
 * A fleet's workflow that is ended, since it is of another version or can't go on, is begun anew at once. What met its end it has not
 * taken up: that goes to the next one.
 */
async function untilThere<T>(ask: () => Promise<T>, isTimeLeft: () => boolean): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError) || !isTimeLeft()) throw error;
    }
    await pauseUntil(ASK_AGAIN_MS);
  }
}
