import type { Client } from '@temporalio/client';
import { fleetWorkflowId } from '../domain/names';
import { scaleSignal } from '../workflows/fleet-messages';

/** What the API wants of the workflow that sets how many engines each VPN keeps. Tests put their own in its place. */
export interface FleetSource {
  /** How many engines there shall be over all VPNs; resolves once the server has written it down. @throws when it has not */
  scale(engines: number): Promise<void>;
}

const SIGNAL_DEADLINE_MS = 2_000;

export class TemporalFleetSource implements FleetSource {
  constructor(
    private readonly client: Client,
    private readonly instance: string,
  ) {}

  async scale(engines: number): Promise<void> {
    const fleet = this.client.workflow.getHandle(fleetWorkflowId(this.instance));
    await this.client.connection.withDeadline(Date.now() + SIGNAL_DEADLINE_MS, () =>
      fleet.signal(scaleSignal, engines),
    );
  }
}
