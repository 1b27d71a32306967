import type { FastifyReply } from 'fastify';
import type { VpnStatusView } from '../../domain/vpn/status-view';
import { markStale } from '../reads/read';
import type { Reads } from '../reads/reads';

export function notConfigured(vpn: string): { readonly detail: string } {
  return { detail: `no VPN '${vpn}' is configured` };
}

/** The status of a VPN for this answer, which is marked if the status is stale. Null: there is none, and the reply has been sent with the reason. */
export async function viewFor(reply: FastifyReply, reads: Reads, vpn: string): Promise<VpnStatusView | null> {
  const status = reads.source(vpn) ? await reads.status(vpn) : null;
  if (status === null) void reply.code(404).send(notConfigured(vpn));
  else if (status.kind === 'none')
    void reply.code(503).send({ detail: `the VPN's workflow does not answer: ${status.reason}` });
  else {
    markStale(reply, status.kind === 'stale' ? status.seconds : null);
    return status.value;
  }
  return null;
}
