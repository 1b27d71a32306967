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
  /** The watches of VPNs in this process. */
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
        summary: 'The status of every VPN; the top level repeats the first VPN',
        response: {
          200: { ...VpnStatusSchema, description: 'The status of every VPN.', examples: [vpnStatusExample] },
        },
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
        summary: 'The public address of the first VPN that has one',
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
      // All at the same time, because each VPN whose workflow does not answer takes some time.
      const all = await Promise.all(reads.names.map((vpn) => reads.progress(vpn)));
      const withAddress = all.find((progress) => progress?.publicIp);
      if (withAddress?.publicIp) return { public_ip: withAddress.publicIp };
      return reply.code(503).send({ detail: "no VPN's public address is known" });
    },
  );

  const hints = new RecheckHints((vpn, error) =>
    fastify.log.warn(`[${vpn}] A request to check the forwarded port was lost: ${temporalFailure(error)}`),
  );
  fastify.addHook('onClose', async () => hints.close());
  fastify.post(
    '/vpns/:name/recheck',
    {
      config: { limited: true },
      schema: {
        operationId: 'recheckVpn',
        summary: 'Check now whether the forwarded port has changed',
        params: Type.Object({ name: ContainerNameSchema }),
        response: {
          202: Type.Object(
            { status: Type.Literal('accepted') },
            { description: 'Portward will read the port.', examples: [{ status: 'accepted' }] },
          ),
          404: ErrorSchema,
        },
      },
    },
    async ({ params }, reply) => {
      const source = reads.source(params.name);
      if (!source) return reply.code(404).send(notConfigured(params.name));
      // The answer comes first, because Gluetun may not answer Portward while the up-command that sent this request runs.
      if (watches) watches.hint(source.vpn, () => hints.hint(source));
      else hints.hint(source);
      return reply.code(202).send({ status: 'accepted' as const });
    },
  );
};
