import { WorkflowNotFoundError, WorkflowUpdateStage, type Client } from '@temporalio/client';
import { fleetWorkflowId } from '../domain/names';
import { pauseUntil, settledWithin } from '../lib/pause';
import { scaleUpdate } from '../workflows/fleet/messages';

/** The API's access to the fleet workflow, which decides how many engines each VPN keeps. Tests replace it. */
export interface FleetSource {
  /**
   * Sets the demand: the number of engines over all VPNs. Resolves when the workflow has accepted it, and usually when every
   * VPN has its target, so that a later message to a VPN arrives after the target. @throws when the workflow has not accepted it
   */
  scale(engines: number): Promise<void>;
}

const RETRY_MS = 50;
const ACCEPTED_WITHIN_MS = 2_000;
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
    const update = await retriedWhileMissing(
      () =>
        this.client.connection.withDeadline(Date.now() + leftOf(ACCEPTED_WITHIN_MS), () =>
          workflow.startUpdate(scaleUpdate, { args: [engines], waitForStage: WorkflowUpdateStage.ACCEPTED }),
        ),
      () => leftOf(ACCEPTED_WITHIN_MS) > RETRY_MS,
    );
    const left = leftOf(ANSWER_WITHIN_MS);
    const answered = this.client.connection.withDeadline(Date.now() + left, () => update.result());
    // An accepted demand holds even without an answer: the workflow signals VPNs that it can't reach now as soon as it can.
    await settledWithin(left, answered);
  }
}

/**
 * Repeats a request while the workflow does not exist. A worker that ends the fleet workflow (it is of another version, or is stuck)
 * starts a new one at once. An update that met the end was not accepted, and goes to the new one.
 */
async function retriedWhileMissing<T>(ask: () => Promise<T>, isTimeLeft: () => boolean): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError) || !isTimeLeft()) throw error;
    }
    await pauseUntil(RETRY_MS);
  }
}
