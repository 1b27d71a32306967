import { createHash } from 'node:crypto';
import type { ContainerId } from '../../domain/engine';
import { derivedLabels } from '../../domain/labels';
import { engineName, label, replacementLabel } from '../../domain/names';
import type { Target } from '../../domain/replacement';
import type { ContainerToCreate } from '../../clients/docker/docker-host';
import { permittedLabels } from '../../clients/engine/caller-options';
import { engineProcess, type Variant } from '../../clients/engine/variant';

export interface EngineOrder {
  readonly vpn: string;
  readonly instance: string;
  readonly incarnation: string;
  readonly number: number;
  readonly target: Target;
}

/**
 * Describes the container for an order. The label `portward.spec` is a hash of that description: it tells the
 * container that an earlier attempt created from another one of the same name.
 * @param callerEnv the caller's environment variables, decrypted
 */
export function engineContainer(
  order: EngineOrder,
  variant: Variant,
  callerEnv: Readonly<Record<string, string>>,
  containerLabel: string,
  vpnContainer: ContainerId,
): ContainerToCreate {
  const { role, httpPort, httpsPort, p2pPort, generation, callerOptions } = order.target;
  const ports = { vpn: order.vpn, http: httpPort, https: httpsPort, p2p: p2pPort };
  const process = engineProcess(variant, ports, callerEnv);
  const callerLabels = permittedLabels(callerOptions?.labels ?? {}, containerLabel);
  const spec = { image: variant.image, ...process, callerLabels, httpPort, httpsPort, p2pPort, vpnContainer };
  return {
    name: engineName(role, order.vpn, order.incarnation, order.number, generation),
    image: variant.image,
    ...process,
    networkOf: vpnContainer,
    labels: {
      ...callerLabels,
      ...derivedLabels(order.target, order.vpn, containerLabel),
      [label.instance]: order.instance,
      [label.replacement]: replacementLabel(order.incarnation, order.number),
      [label.spec]: createHash('sha256').update(JSON.stringify(spec)).digest('hex').slice(0, 16),
    },
  };
}
