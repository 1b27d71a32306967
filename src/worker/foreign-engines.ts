import type { DockerHost } from '../clients/docker/docker-host';
import type { Config } from '../config/config';
import { label } from '../domain/names';

/** Another Portward manages our VPN. Two of them would replace each other's engines without end. */
export class ForeignEngines extends Error {}

/**
 * Whether no other Portward has engines on our VPNs; false as well while Docker is unreachable.
 * @throws ForeignEngines
 */
export async function vpnsAreOurs(config: Config, docker: DockerHost): Promise<boolean> {
  for (const { name } of config.vpns) {
    let others: string[];
    try {
      const engines = await docker.list([config.containerLabel, `${label.vpn}=${name}`]);
      others = engines
        .filter((e) => ![undefined, config.instance].includes(e.labels[label.instance]))
        .map((e) => `${e.name} (instance ${e.labels[label.instance]})`);
    } catch {
      // The VPN workflows report that Docker is unreachable, and go on when it is back.
      return false;
    }
    if (others.length > 0) {
      throw new ForeignEngines(
        `VPN '${name}' already has engines of another Portward: ${others.join(', ')}. ` +
          'Give each instance VPNs of its own, or remove those engines.',
      );
    }
  }
  return true;
}
