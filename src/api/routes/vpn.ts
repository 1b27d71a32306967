import { Type } from '@sinclair/typebox';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { vpnWorkflowId } from '../../domain/names';
import { temporalFailure } from '../../temporal/failure-words';
import { vpnStatusExample } from '../http/examples';
import { unknownVpnJson, vpnJson } from '../present/vpn';
import type { Reads } from '../reads/reads';
import { RecheckHints, type HintTaker } from '../events/recheck-hints';
import { ContainerNameSchema, ErrorSchema, VpnStatusSchema, type VpnJson } from '../schemas/engines';
import { notConfigured } from './vpn-view';

export interface VpnRoutesOptions {
  readonly reads: Reads;
  readonly instance: string;
  /** Of VPNs, in this process. */
  readonly watches?: HintTaker;
}

export const vpnRoutes: FastifyPluginAsyncTypebox<VpnRoutesOptions> = async (fastify, { reads, instance, watches }) => {
  async function status(vpn: string): Promise<VpnJson> {
    const [read, progress] = await Promise.all([reads.status(vpn), reads.progress(vpn)]);
    if (read.kind === 'none') {
      return unknownVpnJson(vpn, vpnWorkflowId(instance, vpn), `its workflow does not answer: ${read.reason}`);
    }
    return vpnJson(read.value, progress, read.kind === 'stale' ? read.seconds : null);
  }

  fastify.get(
    '/vpn/status',
    {
      schema: {
        operationId: 'getVpnStatus',
        summary: 'Every VPN; the top level repeats the first',
        response: { 200: { ...VpnStatusSchema, description: 'Every VPN.', examples: [vpnStatusExample] } },
      },
    },
    async () => {
      const vpns = await Promise.all(reads.names.map(status));
      const [first = unknownVpnJson('', '', 'no VPN is configured'), second] = vpns;
      const { enabled, container_name, container, health, connected, forwarded_port, last_check, last_check_at } =
        first;
      return {
        mode: vpns.length > 1 ? 'redundant' : 'single',
        enabled,
        status: first.status,
        container_name,
        container,
        health,
        connected,
        forwarded_port,
        last_check,
        last_check_at,
        vpn1: first,
        vpn2: second ?? null,
        vpns,
      };
    },
  );

  fastify.get(
    '/vpn/publicip',
    {
      schema: {
        operationId: 'getPublicIp',
        summary: "The first VPN's public address",
        response: {
          200: Type.Object(
            { public_ip: Type.String() },
            { description: 'The address.', examples: [{ public_ip: '203.0.113.7' }] },
          ),
          503: ErrorSchema,
        },
      },
    },
    async (_request, reply) => {
      // Of all at the same time: of those that do not answer each takes half a second.
      const all = await Promise.all(reads.names.map((vpn) => reads.progress(vpn)));
      const told = all.find((progress) => progress?.publicIp);
      if (told?.publicIp) return { public_ip: told.publicIp };
      return reply.code(503).send({ detail: 'no VPN has told its public address' });
    },
  );

  const hints = new RecheckHints((vpn, error) =>
    fastify.log.warn(`[${vpn}] A hint to look now is lost: ${temporalFailure(error)}`),
  );
  fastify.addHook('onClose', async () => hints.close());
  fastify.post(
    '/vpns/:name/recheck',
    {
      config: { limited: true },
      schema: {
        operationId: 'recheckVpn',
        summary: 'A hint that the forwarded port may have changed: look now',
        params: Type.Object({ name: ContainerNameSchema }),
        response: {
          202: Type.Object(
            { status: Type.Literal('accepted') },
            { description: 'The VPN will be looked at.', examples: [{ status: 'accepted' }] },
          ),
          404: ErrorSchema,
        },
      },
    },
    async ({ params }, reply) => {
      const source = reads.source(params.name);
      if (!source) return reply.code(404).send(notConfigured(params.name));
      // Answered at once: the up-command that sends this may be what keeps Gluetun from answering us.
      if (watches) watches.hint(source.vpn, () => hints.hint(source));
      else hints.hint(source);
      return reply.code(202).send({ status: 'accepted' as const });
    },
  );
};
