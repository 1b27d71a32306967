import type { Client } from '@temporalio/client';
import { isTold } from '../domain/fleet-told';
import { fleetWorkflowId } from '../domain/names';
import { pauseUntil } from '../pause';
import { fleetStateQuery, scaleSignal } from '../workflows/fleet-messages';

/** What the API wants of the workflow that sets how many engines each VPN keeps. Tests put their own in its place. */
export interface FleetSource {
  /**
   * How many engines there shall be over all VPNs. The server has written it down, and as a rule every VPN has been told
   * its part by then: what a VPN is told from now on comes after that. @throws when it has not been written down
   */
  scale(engines: number): Promise<void>;
}

const SIGNAL_DEADLINE_MS = 2_000;
/** The fleet looks at every VPN once before it tells them: some tenths of a second. Clients may give up after 3 s. */
const ANSWER_WITHIN_MS = 2_700;
const LOOK_EVERY_MS = 50;

export class TemporalFleetSource implements FleetSource {
  constructor(
    private readonly client: Client,
    private readonly instance: string,
  ) {}

  async scale(engines: number): Promise<void> {
    const fleet = this.client.workflow.getHandle(fleetWorkflowId(this.instance));
    const { connection } = this.client;
    const begun = performance.now();
    const left = () => ANSWER_WITHIN_MS - (performance.now() - begun);
    await connection.withDeadline(Date.now() + SIGNAL_DEADLINE_MS, () => fleet.signal(scaleSignal, engines));
    while (left() > 0) {
      const asked = connection.withDeadline(Date.now() + left(), () => fleet.query(fleetStateQuery));
      // It is written down already: a fleet that does not answer now tells the VPNs later.
      const state = await asked.catch(() => null);
      if (state && isTold(state)) return;
      await pauseUntil(Math.min(LOOK_EVERY_MS, left()));
    }
  }
}
