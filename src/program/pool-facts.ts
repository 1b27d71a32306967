import type { Client } from '@temporalio/client';
import { vpnWorkflowId } from '../domain/names';
import type { PoolFacts } from '../domain/pool';
import { poolQuery } from '../workflows/messages';

/** A worker that is busy answers by then; one that stops does not wait longer for an answer. */
const ANSWER_WITHIN_MS = 1_000;

/** Asks a VPN's workflow, which leaves no history. */
export function poolFactsOf(
  { connection, workflow }: Client,
  instance: string,
): (vpn: string, signal: AbortSignal) => Promise<PoolFacts | null> {
  return (vpn, signal) =>
    connection.withAbortSignal(signal, () =>
      connection.withDeadline(Date.now() + ANSWER_WITHIN_MS, () =>
        workflow.getHandle(vpnWorkflowId(instance, vpn)).query(poolQuery),
      ),
    );
}
